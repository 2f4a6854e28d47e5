//! Finding programs. Debian keeps the administrator's out of an ordinary user's PATH.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

const ADMINISTRATORS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The folders that programs are looked for in: PATH, then the administrator's.
pub fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    for folder in ADMINISTRATORS.map(PathBuf::from) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// PATH with the administrator's folders, for a child that needs them.
pub fn path() -> Result<OsString> {
    env::join_paths(folders()).context("PATH has a folder that cannot be in it")
}

/// The program of that name.
pub fn find(name: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(name)).find(|program| is_executable(program))
}

/// Whether the file exists and somebody may execute it.
pub fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    program.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_and_a_missing_one_is_not() {
        assert!(find("sh").is_some_and(|sh| sh.is_absolute()));
        assert_eq!(find("no-such-program-of-port12"), None);
    }

    #[test]
    fn a_folder_is_not_a_program() {
        assert!(!is_executable(Path::new("/usr")));
    }
}
