//! Reader of a file that grows, and that others take the place of.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader},
    os::unix::fs::MetadataExt as _,
    time::{Duration, Instant},
};

use super::place::Place;
use crate::event_log::LONGEST;

/// Time for which a file that was moved away is read on: its writer opens the new file at a signal.
const AFTERLIFE: Duration = Duration::from_secs(60);

/// Attempts to open two files of which a rotation makes the first one the second.
const ATTEMPTS: usize = 16;

/// Lines of a file, as far as they are whole.
pub(super) struct Tail {
    place: Place,
    /// Place of the file that was written to before, if the reader can know it.
    previous: Option<Place>,
    file: Option<Reader>,
    /// The file that was in its place before, and the time since which it has been quiet.
    moved: Option<(Reader, Instant)>,
    /// True if a file has come and gone between two looks.
    pub(super) has_missed: bool,
}

/// Device and inode.
type Id = (u64, u64);

/// An open file.
struct Reader {
    file: BufReader<File>,
    id: Id,
    /// Beginning of a line that has no end yet.
    begun: Vec<u8>,
    /// Bytes that have been read.
    read: u64,
}

impl Tail {
    /// Lines from the beginning of a file, or of the previous one if its place is given. A file that does not exist
    /// can come later.
    pub(super) fn new(place: Place, previous: Option<Place>) -> Self {
        Self { place, previous, file: None, moved: None, has_missed: false }
    }

    /// Hands out the lines that have come since the last time, including those of files that have taken the place of
    /// this one.
    ///
    /// # Errors
    ///
    /// [`io::Error`]: a file cannot be read. A missing file is no error.
    pub(super) fn lines(&mut self, take: &mut dyn FnMut(&str)) -> io::Result<()> {
        if let Some((moved, since)) = &mut self.moved {
            if moved.rest(take)? {
                *since = Instant::now();
            }
            if since.elapsed() > AFTERLIFE {
                self.moved = None;
            }
        }
        // Opened before the rest is read: lines that are written into the old file by then are in it.
        let (named, before) = self.open()?;
        let Some(file) = &mut self.file else {
            return self.go_on([before, named], take);
        };
        file.rest(take)?;
        let (known, read) = (file.id, file.read);
        match named {
            Some(named) if named.id == known => match named.length()? < read {
                // It was cut off.
                true => self.go_on([Some(named), None], take),
                false => Ok(()),
            },
            Some(named)
                if self.previous.is_none() || before.as_ref().is_some_and(|it| it.id == known) =>
            {
                self.go_on([Some(named), None], take)
            }
            Some(named) => {
                self.has_missed = true;
                self.go_on([before, Some(named)], take)
            }
            None => Ok(()),
        }
    }

    /// The file, and the one before it. A rotation between the two is none.
    fn open(&self) -> io::Result<(Option<Reader>, Option<Reader>)> {
        let open = |place: &Place| place.open()?.map(Reader::new).transpose();
        for _ in 0..ATTEMPTS {
            let named = open(&self.place)?;
            let before = self.previous.as_ref().map(open).transpose()?.flatten();
            match (&named, &before) {
                (Some(named), Some(before)) if named.id == before.id => {}
                (None, Some(_)) if open(&self.place)?.is_some() => {}
                _ => return Ok((named, before)),
            }
        }
        Err(io::Error::other("its files change too fast"))
    }

    /// Reads files one after the other, and stays at the last one.
    fn go_on(&mut self, files: [Option<Reader>; 2], take: &mut dyn FnMut(&str)) -> io::Result<()> {
        for mut file in files.into_iter().flatten() {
            file.rest(take)?;
            let id = file.id;
            if let Some(old) = self.file.replace(file)
                && old.id != id
            {
                self.moved = Some((old, Instant::now()));
            }
        }
        Ok(())
    }
}

impl Reader {
    fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let id = (metadata.dev(), metadata.ino());
        Ok(Self { file: BufReader::new(file), id, begun: Vec::new(), read: 0 })
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.get_ref().metadata()?.len())
    }

    /// Hands out the lines that are there. Returns whether there were any bytes.
    fn rest(&mut self, take: &mut dyn FnMut(&str)) -> io::Result<bool> {
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
        tail.lines(&mut |line| lines.push(line.to_owned())).unwrap();
        lines
    }

    #[test]
    fn a_file_is_followed_through_half_lines_rotation_and_truncation() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("eve.json");
        let mut tail = Tail::new(Place::Named(path.clone()), None);
        assert_eq!(lines(&mut tail), [] as [&str; 0]);
        fs::write(&path, "one\ntw").unwrap();
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
        // The writer has not opened the new one yet.
        file.write_all(b"six\n").unwrap();
        assert_eq!(lines(&mut tail), ["six"]);
        // `copytruncate`.
        fs::write(&path, "7\n").unwrap();
        assert_eq!(lines(&mut tail), ["7"]);
    }

    #[test]
    fn a_previous_file_is_read_first_and_a_gap_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let [current, previous] = ["a", "b"].map(|name| directory.path().join(name));
        let rotate = |text: &str| {
            fs::rename(&current, &previous).unwrap();
            fs::write(&current, text).unwrap();
        };
        fs::write(&previous, "1\n").unwrap();
        let places = [&current, &previous].map(|it| Place::Named(it.clone()));
        let [place, before] = places;
        let mut tail = Tail::new(place, Some(before));
        // A rotation removes the file that is written to for a moment.
        assert_eq!(lines(&mut tail), ["1"]);
        fs::write(&current, "2\n").unwrap();
        assert_eq!(lines(&mut tail), ["2"]);
        rotate("3\n");
        assert_eq!(lines(&mut tail), ["3"]);
        assert!(!tail.has_missed);
        rotate("4\n");
        rotate("5\n");
        assert_eq!(lines(&mut tail), ["4", "5"]);
        assert!(tail.has_missed, "there may have been others between them");
    }
}
