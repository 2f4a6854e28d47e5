//! The program that a process runs, and whether it is still what lies there on disk.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use super::{OnDisk, Program};
use procfs::process::Process;

/// Suffix that the kernel appends to the path of a removed file.
const DELETED: &str = " (deleted)";

/// What a process runs, and with which directory in /proc. `None` where it cannot be read, and for the
/// kernel's threads.
pub(super) fn of(process: &Process, directory: &str) -> Option<Program> {
    let link = process.exe().ok()?.to_string_lossy().into_owned();
    let metadata = |path: &str| fs::metadata(path).map(|found| identity(&found));
    let Ok(running) = metadata(&format!("{directory}/exe")) else {
        return Some(Program { path: link, on_disk: OnDisk::Unknown });
    };
    // Paths are those of the process's mount namespace. In this one they are seen from this process's
    // root: a process may have another.
    let is_here = matches!(
        (metadata(&format!("{directory}/ns/mnt")), metadata("/proc/self/ns/mnt")),
        (Ok(one), Ok(other)) if one == other
    );
    let root = if is_here { String::new() } else { format!("{directory}/root") };
    let lies = |path: &str| {
        let found = fs::symlink_metadata(Path::new(&format!("{root}{path}")));
        found.map(|found| identity(&found))
    };
    Some(judge(link, running, lies))
}

/// A file's device and inode.
type Identity = (u64, u64);

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

fn judge(link: String, running: Identity, lies: impl Fn(&str) -> io::Result<Identity>) -> Program {
    let found = lies(&link);
    if found.as_ref().is_ok_and(|found| *found == running) {
        // Somebody may have called it "x (deleted)".
        return Program { path: link, on_disk: OnDisk::Intact };
    }
    if let Some(path) = link.strip_suffix(DELETED) {
        let on_disk = match lies(path) {
            Ok(_) => OnDisk::Replaced,
            Err(error) if error.kind() == io::ErrorKind::NotFound => OnDisk::Deleted,
            Err(_) => OnDisk::Unknown,
        };
        return Program { path: path.to_owned(), on_disk };
    }
    // It has not been removed. Without a file there, the path is of another root.
    let on_disk = if found.is_ok() { OnDisk::Replaced } else { OnDisk::Unknown };
    Program { path: link, on_disk }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: Identity = (1, 10);

    fn judged(link: &str, files: &[(&str, u64)]) -> (String, OnDisk) {
        let lies = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|&(_, inode)| (1, inode)).ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        let Program { path, on_disk } = judge(link.to_owned(), RUNNING, lies);
        (path, on_disk)
    }

    #[test]
    fn what_lies_there_is_told_from_what_runs() {
        assert_eq!(judged("/bin/nc", &[("/bin/nc", 10)]), ("/bin/nc".into(), OnDisk::Intact));
        assert_eq!(judged("/bin/nc (deleted)", &[]), ("/bin/nc".into(), OnDisk::Deleted));
        assert_eq!(
            judged("/bin/nc (deleted)", &[("/bin/nc", 11)]),
            ("/bin/nc".into(), OnDisk::Replaced)
        );
        assert_eq!(judged("/bin/nc", &[("/bin/nc", 11)]), ("/bin/nc".into(), OnDisk::Replaced));
        assert_eq!(judged("/bin/nc", &[]), ("/bin/nc".into(), OnDisk::Unknown));
    }

    #[test]
    fn a_name_that_says_deleted_deceives_nobody() {
        let files = [("/tmp/x (deleted)", 10)];
        assert_eq!(judged("/tmp/x (deleted)", &files), ("/tmp/x (deleted)".into(), OnDisk::Intact));
        assert_eq!(
            judged("/tmp/x (deleted) (deleted)", &[]),
            ("/tmp/x (deleted)".into(), OnDisk::Deleted)
        );
    }
}
