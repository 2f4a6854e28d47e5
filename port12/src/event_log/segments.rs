//! Files of a ring: the one that is written to, and the one before it.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
};

use rustix::fs::AtFlags;

use super::{LONGEST, RECORDS, Ring};
use crate::trusted_path::Directory;

/// Mode of the files.
const MODE: u32 = 0o600;

/// Bytes of a file, at most. Four files are 32 MiB.
const BYTES: u64 = 8 << 20;

/// Files of a ring. The current file is appended to; a full one takes the place of the previous one.
#[derive(Debug)]
pub(super) struct Segments {
    ring: Ring,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    file: File,
    records: usize,
    bytes: u64,
}

impl Segments {
    pub(super) fn new(ring: Ring) -> Self {
        Self { ring, current: None }
    }

    /// Closes the file.
    pub(super) fn close(&mut self) {
        self.current = None;
    }

    /// Whether the open file is still the one in the directory. Without an open file there is none that could be missing.
    pub(super) fn is_in_place(&self, directory: &Directory) -> bool {
        let Some(current) = &self.current else {
            return true;
        };
        let named = rustix::fs::statat(directory, self.ring.current(), AtFlags::SYMLINK_NOFOLLOW);
        let named = named.ok().map(|it| (it.st_dev, it.st_ino));
        named.is_some() && named == current.file.metadata().ok().map(|it| (it.dev(), it.ino()))
    }

    /// Appends lines. A full disk costs the previous file: the newest records are kept.
    ///
    /// # Errors
    ///
    /// [`io::Error`]: nothing was appended.
    pub(super) fn append(
        &mut self,
        directory: &Directory,
        lines: &[u8],
        records: usize,
    ) -> io::Result<()> {
        let current = self.open(directory)?;
        let is_full =
            current.records + records > RECORDS || current.bytes + lines.len() as u64 > BYTES;
        if is_full && current.records > 0 {
            self.rotate(directory)?;
        }
        match self.open(directory)?.append(lines, records) {
            Err(error) if is_no_room(&error) && self.open(directory)?.records > 0 => {
                self.rotate(directory)?;
                self.open(directory)?.append(lines, records)
            }
            appended => appended,
        }
    }

    fn open(&mut self, directory: &Directory) -> io::Result<&mut Current> {
        let current = match self.current.take() {
            Some(current) => current,
            None => Current::open(directory, self.ring.current())?,
        };
        Ok(self.current.insert(current))
    }

    fn rotate(&mut self, directory: &Directory) -> io::Result<()> {
        self.current = None;
        let (from, to) = (self.ring.current(), self.ring.previous());
        rustix::fs::renameat(directory, from, directory, to).map_err(io::Error::from)
    }
}

impl Current {
    /// Opens a file at the end of its last whole line.
    fn open(directory: &Directory, name: &str) -> io::Result<Self> {
        let name = OsStr::new(name);
        let file = directory.append(name, MODE)?;
        let (mut records, mut bytes) = (0, 0);
        let written = directory.open_file(name)?.take(BYTES + LONGEST as u64);
        let mut written = BufReader::new(written);
        let mut line = Vec::new();
        while written.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            records += 1;
            bytes += line.len() as u64;
            line.clear();
        }
        // A process that was killed has left the beginning of a line.
        if file.metadata()?.len() > bytes {
            file.set_len(bytes)?;
        }
        Ok(Self { file, records, bytes })
    }

    fn append(&mut self, lines: &[u8], records: usize) -> io::Result<()> {
        if let Err(error) = self.file.write_all(lines) {
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        self.records += records;
        Ok(())
    }
}

fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
