//! Reading a file that grows, and is moved away.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A line at most, in bytes: what is longer is no record.
const LONGEST: usize = 1 << 20;

/// How long a file that was moved away is read on: whoever writes to it opens the new one at a signal.
const AFTERLIFE: Duration = Duration::from_secs(60);

/// The lines of a file, as far as they are whole.
pub struct Tail {
    path: PathBuf,
    file: Reader,
    /// The file that was in its place before, and since when it has been quiet.
    moved: Option<(Reader, Instant)>,
}

/// An open file.
struct Reader {
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
        Ok(Self { path: path.to_owned(), file: Reader::open(path)?, moved: None })
    }

    /// Hands out the lines that have come since the last time, those of a file that has taken the place of
    /// this one too.
    ///
    /// # Errors
    ///
    /// What reading says. A file that has been moved away, and nothing in its place yet, is no error.
    pub fn lines(&mut self, mut take: impl FnMut(&str)) -> io::Result<()> {
        if let Some((moved, since)) = &mut self.moved {
            if moved.rest(&mut take)? {
                *since = Instant::now();
            }
            if since.elapsed() > AFTERLIFE {
                self.moved = None;
            }
        }
        // Asked before the rest is read: what comes into the old file by then is in it.
        let change = self.file.change(&self.path)?;
        self.file.rest(&mut take)?;
        let Some(change) = change else {
            return Ok(());
        };
        let next = match Reader::open(&self.path) {
            Ok(next) => next,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let before = std::mem::replace(&mut self.file, next);
        if change == Change::Moved {
            self.moved = Some((before, Instant::now()));
        }
        self.file.rest(&mut take)?;
        Ok(())
    }
}

/// What became of a file since it was opened.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Change {
    /// Another one is in its place.
    Moved,
    /// It is shorter than what was read of it.
    CutOff,
}

impl Reader {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufReader::new(File::open(path)?), begun: Vec::new(), read: 0 })
    }

    /// What became of the file that was opened at a path.
    fn change(&self, path: &Path) -> io::Result<Option<Change>> {
        let open = self.file.get_ref().metadata()?;
        match path.metadata() {
            Ok(named) if (named.dev(), named.ino()) != (open.dev(), open.ino()) => {
                Ok(Some(Change::Moved))
            }
            Ok(_) => Ok((open.len() < self.read).then_some(Change::CutOff)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hands out the lines that are there. Whether there were any bytes.
    fn rest(&mut self, take: &mut impl FnMut(&str)) -> io::Result<bool> {
        let mut any = false;
        loop {
            let bytes = self.file.fill_buf()?;
            if bytes.is_empty() {
                return Ok(any);
            }
            any = true;
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
        // Whoever writes has not opened the new one yet.
        file.write_all(b"six\n").unwrap();
        assert_eq!(lines(&mut tail), ["six"]);
        // `copytruncate`.
        fs::write(&path, "7\n").unwrap();
        assert_eq!(lines(&mut tail), ["7"]);
    }
}
