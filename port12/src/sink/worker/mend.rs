//! A file that ends in the middle of a record: whoever wrote it before was killed, or its disk was
//! full.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Seek, Write},
    os::{
        fd::AsRawFd as _,
        unix::fs::{FileExt, OpenOptionsExt},
    },
};

use super::super::{Form, SinkSpec, Target, outlet::Outlet};

/// The type of a section header block, in either byte order (draft-ietf-opsawg-pcapng section 4.1).
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Makes the file one that a record can be written behind. What cannot be read is left as it is.
///
/// # Errors
///
/// Where the file is no capture, and a capture is to be written; or what writing says.
pub(in super::super) fn mend(spec: &SinkSpec, outlet: &Outlet) -> io::Result<()> {
    let Target::File(_) = &spec.target else {
        return Ok(());
    };
    let length = outlet.file().metadata()?.len();
    if !outlet.is_file() || length == 0 {
        return Ok(());
    }
    let Ok(file) = readable(outlet.file()) else {
        return Ok(());
    };
    match spec.form {
        Form::Pcapng => mend_blocks(file, outlet.file(), length),
        Form::Human | Form::Eve | Form::Portsentry => mend_line(&file, outlet.file(), length),
        Form::Syslog | Form::Journald => Ok(()),
    }
}

/// The same file, whatever its path leads to by now.
fn readable(file: &File) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// Ends the last line.
fn mend_line(file: &File, mut out: &File, length: u64) -> io::Result<()> {
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1)?;
    match last {
        [b'\n'] => Ok(()),
        _ => out.write_all(b"\n"),
    }
}

/// Cuts off a block that is not whole: nothing behind it could be read.
fn mend_blocks(file: File, out: &File, length: u64) -> io::Result<()> {
    let whole = whole_blocks(BufReader::new(file), length)?;
    match whole {
        whole if whole == length => Ok(()),
        0 => Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a pcapng file")),
        whole => out.set_len(whole),
    }
}

/// Bytes of the whole blocks that a file begins with; 0 where it is something else.
fn whole_blocks(mut file: impl Read + Seek, length: u64) -> io::Result<u64> {
    let mut at = 0;
    let mut is_little = true;
    while length - at >= 12 {
        let mut head = [0; 12];
        file.read_exact(&mut head)?;
        let [kind, block, magic] = [0, 4, 8].map(|at| [0, 1, 2, 3].map(|byte| head[at + byte]));
        if kind == SECTION {
            is_little = magic == [0x4d, 0x3c, 0x2b, 0x1a];
        } else if at == 0 {
            return Ok(0);
        }
        let block = match is_little {
            true => u32::from_le_bytes(block),
            false => u32::from_be_bytes(block),
        };
        let block = u64::from(block);
        if block < 12 || !block.is_multiple_of(4) || at + block > length {
            break;
        }
        at += block;
        file.seek_relative(block as i64 - 12)?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests;
