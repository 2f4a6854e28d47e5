//! Whether the policy file has changed.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// What tells one state of a file from another: its device, inode, size, and times.
type Mark = (u64, u64, u64, [i64; 4]);

/// A file, as it was when it was looked at last.
pub struct Changes {
    path: PathBuf,
    /// As it was when it was read last; `None` where it was not there.
    mark: Option<Mark>,
    /// As it was at the last look.
    seen: Option<Mark>,
}

impl Changes {
    /// Looks at it.
    pub fn of(path: &Path) -> Self {
        let mark = mark(path);
        Self { path: path.to_owned(), mark, seen: mark }
    }

    /// Whether it is another one than it was, and has been for two looks: it may be in the middle
    /// of being saved. One that is empty, or away, is waited for.
    pub fn are_there(&mut self) -> bool {
        let seen = mark(&self.path);
        let is_still = self.seen == seen;
        self.seen = seen;
        let is_news = seen != self.mark && seen.is_some_and(|(_, _, size, _)| size > 0);
        if is_still && is_news {
            self.mark = seen;
        }
        is_still && is_news
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let it = fs::metadata(path).ok()?;
    let times = [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
    Some((it.dev(), it.ino(), it.size(), times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_once_when_it_stands_still() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port12.toml");
        fs::write(&path, "a").unwrap();
        let mut changes = Changes::of(&path);
        assert!(!changes.are_there());
        fs::write(&path, "ab").unwrap();
        assert!(!changes.are_there(), "it may go on");
        assert!(changes.are_there() && !changes.are_there());
    }

    #[test]
    fn a_file_that_is_away_or_empty_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port12.toml");
        fs::write(&path, "a").unwrap();
        let mut changes = Changes::of(&path);
        fs::write(&path, "").unwrap();
        assert!((0..3).all(|_| !changes.are_there()));
        fs::remove_file(&path).unwrap();
        assert!((0..3).all(|_| !changes.are_there()));
        fs::write(&path, "abc").unwrap();
        assert!(!changes.are_there() && changes.are_there());
    }
}
