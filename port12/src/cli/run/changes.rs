//! Detection of changes of the policy file and its drop-ins.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::config::files::{drop_in_directory, is_drop_in};

/// Identity of a state of a file: its device, inode, size, and times.
type Mark = (u64, u64, u64, [i64; 4]);

/// Policy file and drop-ins that exist.
type Marks = BTreeMap<PathBuf, Mark>;

/// The policy file and its drop-ins, as they were when they were looked at last.
pub struct Changes {
    path: PathBuf,
    /// As they were when they were read last.
    marks: Marks,
    /// As they were at the last look.
    seen: Marks,
}

impl Changes {
    /// Looks at a policy file and its drop-ins.
    pub fn of(path: &Path) -> Self {
        let marks = marks(path);
        Self { path: path.to_owned(), seen: marks.clone(), marks }
    }

    /// Whether the files have changed, and have not changed again for two looks: one may be in the middle of being saved.
    /// A policy file that is empty, or disappeared, is waited for.
    pub fn are_there(&mut self) -> bool {
        let seen = marks(&self.path);
        let is_still = self.seen == seen;
        self.seen = seen;
        let is_saved = match self.seen.get(&self.path) {
            Some(&(_, _, size, _)) => size > 0,
            None => !self.marks.contains_key(&self.path),
        };
        let is_news = is_still && is_saved && self.seen != self.marks;
        if is_news {
            self.marks.clone_from(&self.seen);
        }
        is_news
    }
}

fn marks(path: &Path) -> Marks {
    let directory = fs::read_dir(drop_in_directory(path)).into_iter().flatten().flatten();
    let drop_ins = directory.filter(|it| is_drop_in(&it.file_name())).map(|it| it.path());
    let paths = std::iter::once(path.to_owned()).chain(drop_ins);
    paths.filter_map(|path| mark(&path).map(|mark| (path, mark))).collect()
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

    #[test]
    fn a_drop_in_that_appears_changes_or_disappears_is_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port12.toml");
        let mut changes = Changes::of(&path);
        let drop_in = directory.path().join("port12.toml.d/10-more.toml");
        fs::create_dir(drop_in.parent().unwrap()).unwrap();
        fs::write(drop_in.with_extension("bak"), "a").unwrap();
        assert!((0..3).all(|_| !changes.are_there()), "it is no drop-in");
        fs::write(&drop_in, "a").unwrap();
        assert!(!changes.are_there() && changes.are_there() && !changes.are_there());
        fs::write(&drop_in, "ab").unwrap();
        assert!(!changes.are_there() && changes.are_there());
        fs::remove_file(&drop_in).unwrap();
        assert!(!changes.are_there() && changes.are_there() && !changes.are_there());
    }
}
