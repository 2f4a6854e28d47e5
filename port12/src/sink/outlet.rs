//! An open target.

mod open;

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    time::Duration,
};

pub(super) use open::open;

/// Bytes that a pipe or a socket takes without waiting once it says that it is ready: `PIPE_BUF`
/// (pipe(7)).
const READY: usize = libc::PIPE_BUF;

/// How long a reader may stall before it is asked again whether to go on.
const TURN: Duration = Duration::from_millis(50);

/// Where bytes go.
#[derive(Debug)]
pub(super) struct Outlet {
    file: File,
    way: Way,
}

/// How a target takes bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// All at once, and what was written can be taken back: a regular file.
    File,
    /// As many as there is room for: a pipe, a stream socket, a terminal.
    Stream,
    /// A record at a time.
    Datagrams,
}

/// A record that was not written whole.
#[derive(Debug)]
pub(super) struct Unwritten {
    /// Bytes of it that were.
    pub(super) written: usize,
    /// Why no more were.
    pub(super) error: io::Error,
}

impl Outlet {
    pub(super) fn new(file: File, way: Way) -> Self {
        Self { file, way }
    }

    /// What tells files from each other: device and inode. `None` where two may well write to one.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        let metadata = self.file.metadata().ok()?;
        match metadata.mode() & libc::S_IFMT {
            libc::S_IFREG | libc::S_IFIFO => Some((metadata.dev(), metadata.ino())),
            _ => None,
        }
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether it is a regular file.
    pub(super) fn is_file(&self) -> bool {
        self.way == Way::File
    }

    /// Whether it is a regular file with nothing in it.
    pub(super) fn is_empty_file(&self) -> bool {
        self.is_file() && self.file.metadata().is_ok_and(|metadata| metadata.len() == 0)
    }

    /// Writes a record. Waits for a reader that stalls, until `gives_up` says so.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        gives_up: &dyn Fn() -> bool,
    ) -> Result<(), Unwritten> {
        let mut written = 0;
        while written < bytes.len() {
            match self.write_some(&bytes[written..], gives_up) {
                Ok(0) => return Err(Unwritten { written, error: io::ErrorKind::WriteZero.into() }),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody else has filled it since it was ready.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Unwritten { written, error }),
            }
        }
        Ok(())
    }

    fn write_some(&mut self, bytes: &[u8], gives_up: &dyn Fn() -> bool) -> io::Result<usize> {
        let at_once = match self.way {
            Way::File => return self.file.write(bytes),
            Way::Stream => bytes.len().min(READY),
            Way::Datagrams => bytes.len(),
        };
        while !is_ready(&self.file)? {
            if gives_up() {
                return Err(stalled());
            }
        }
        self.file.write(&bytes[..at_once])
    }

    /// Takes back the last bytes that were written. Whether it could: not from a stream, not where
    /// somebody else has written behind them, not from a file that only grows (`chattr +a`).
    pub(super) fn take_back(&mut self, bytes: usize) -> bool {
        if self.way != Way::File {
            return bytes == 0;
        }
        self.cut(bytes as u64).is_ok()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        let end = self.file.stream_position()?;
        let start = end.checked_sub(bytes).ok_or(io::ErrorKind::InvalidInput)?;
        if self.file.metadata()?.len() != end {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        self.file.set_len(start)?;
        self.file.seek(SeekFrom::Start(start)).map(drop)
    }
}

fn stalled() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "its reader has stalled")
}

/// Whether something can be written, or an error fetched. Waits for a turn.
fn is_ready(file: &File) -> io::Result<bool> {
    let mut waited = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: `waited` is one valid pollfd, whose descriptor `file` keeps open.
    let ready = unsafe { libc::poll(&mut waited, 1, TURN.as_millis() as libc::c_int) };
    match ready {
        0 => Ok(false),
        1.. => Ok(true),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::{os::fd::OwnedFd, sync::mpsc, thread};

    use super::*;

    /// Standard output is a pipe that others share: it cannot be told not to wait.
    #[test]
    fn a_pipe_that_waits_is_never_waited_for() {
        let (reader, writer) = io::pipe().unwrap();
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut outlet = Outlet::new(File::from(OwnedFd::from(writer)), Way::Stream);
            send.send(outlet.write(&[0; 1 << 20], &|| true)).unwrap();
        });
        let unwritten = receive.recv_timeout(Duration::from_secs(60)).unwrap().unwrap_err();
        assert_eq!(unwritten.error.kind(), io::ErrorKind::TimedOut);
        assert!((1..1 << 20).contains(&unwritten.written));
        drop(reader);
    }

    #[test]
    fn only_the_end_of_a_file_is_taken_back() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::options().append(true).open(file.path()).unwrap();
        let mut outlet = Outlet::new(open(), Way::File);
        outlet.write(b"whole\ntorn", &|| true).unwrap();
        assert!(outlet.take_back(4));
        assert_eq!(std::fs::read(file.path()).unwrap(), b"whole\n");
        outlet.write(b"torn", &|| true).unwrap();
        open().write_all(b"of another").unwrap();
        assert!(!outlet.take_back(4));
        assert_eq!(std::fs::read(file.path()).unwrap(), b"whole\ntornof another");
    }
}
