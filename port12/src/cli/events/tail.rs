//! Reading a file that grows, and is moved away.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// A line at most, in bytes: what is longer is no record.
const LONGEST: usize = 1 << 20;

/// The lines of a file, as far as they are whole.
pub struct Tail {
    path: PathBuf,
    file: BufReader<File>,
    /// What has been read of a line that has no end yet.
    begun: Vec<u8>,
    /// Bytes that have been read.
    read: u64,
}

impl Tail {
    /// From the beginning of a file.
    ///
    /// # Errors
    ///
    /// What opening it says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = BufReader::new(File::open(path)?);
        Ok(Self { path: path.to_owned(), file, begun: Vec::new(), read: 0 })
    }

    /// Hands out the lines that have come since the last time, those of a file that has taken the place of
    /// this one too.
    ///
    /// # Errors
    ///
    /// What reading says. A file that has been moved away, and nothing in its place yet, is no error.
    pub fn lines(&mut self, mut take: impl FnMut(&str)) -> io::Result<()> {
        // Asked before the rest is read: what comes into the old file by then is in it.
        let is_another = self.is_another()?;
        self.rest(&mut take)?;
        if is_another {
            match Self::open(&self.path) {
                Ok(next) => *self = next,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
            self.rest(&mut take)?;
        }
        Ok(())
    }

    /// Whether the path leads to another file by now, or to one that has been cut off.
    fn is_another(&self) -> io::Result<bool> {
        let open = self.file.get_ref().metadata()?;
        match self.path.metadata() {
            Ok(named) => {
                Ok((named.dev(), named.ino()) != (open.dev(), open.ino()) || open.len() < self.read)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn rest(&mut self, take: &mut impl FnMut(&str)) -> io::Result<()> {
        loop {
            let bytes = self.file.fill_buf()?;
            if bytes.is_empty() {
                return Ok(());
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = LONGEST.saturating_sub(self.begun.len());
            self.begun.extend(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.file.consume(used);
            self.read += used as u64;
            if end.is_some() {
                take(&String::from_utf8_lossy(&std::mem::take(&mut self.begun)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    fn lines(tail: &mut Tail) -> Vec<String> {
        let mut lines = Vec::new();
        tail.lines(|line| lines.push(line.to_owned())).unwrap();
        lines
    }

    #[test]
    fn a_file_is_followed_through_half_lines_rotation_and_truncation() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("eve.json");
        fs::write(&path, "one\ntw").unwrap();
        let mut tail = Tail::open(&path).unwrap();
        assert_eq!(lines(&mut tail), ["one"]);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"o\n").unwrap();
        assert_eq!(lines(&mut tail), ["two"]);
        assert_eq!(lines(&mut tail), [] as [&str; 0]);
        // Moved away, written to still, and then another one in its place.
        fs::rename(&path, directory.path().join("eve.json.1")).unwrap();
        file.write_all(b"three\n").unwrap();
        assert_eq!(lines(&mut tail), ["three"]);
        file.write_all(b"four\n").unwrap();
        fs::write(&path, "five\n").unwrap();
        assert_eq!(lines(&mut tail), ["four", "five"]);
        // `copytruncate`.
        fs::write(&path, "6\n").unwrap();
        assert_eq!(lines(&mut tail), ["6"]);
    }
}
