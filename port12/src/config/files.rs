//! The policy file and its drop-ins.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use super::{ConfigError, DEFAULT_PATH, Fault, File, Layer, PortRule, Refusal, TABLE, Valued};
use crate::trusted_path::{Directory, PathError};

/// Drop-ins of [`DEFAULT_PATH`].
const DEFAULT_DROP_INS: &str = "/etc/port12/conf.d";

/// The policy file and its drop-ins, in the order in which they apply.
#[derive(Debug, Default)]
pub struct Files {
    /// The policy file, if there is one.
    pub main: Option<File>,
    /// Drop-ins, by name.
    pub drop_ins: Vec<File>,
    /// Entries of the drop-in directory that are not read: their names end in something else than `.toml`, or begin
    /// with a dot.
    pub unread: Vec<PathBuf>,
}

/// Directory of the drop-ins of a policy file: `/etc/port12/conf.d` for [`DEFAULT_PATH`], `FILE.d` for any other FILE.
pub fn drop_in_directory(main: &Path) -> PathBuf {
    if main == Path::new(DEFAULT_PATH) {
        return DEFAULT_DROP_INS.into();
    }
    let mut directory = main.as_os_str().to_owned();
    directory.push(".d");
    directory.into()
}

/// Whether the name is that of a drop-in.
pub fn is_drop_in(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.ends_with(b".toml") && !name.starts_with(b".")
}

impl Files {
    /// Reads a policy file and its drop-ins; without a path, [`DEFAULT_PATH`] if it exists.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: a file is not accepted, or a named policy file does not exist.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let main = match path {
            Some(path) => Some(File::read(path)?),
            None => match File::read(Path::new(DEFAULT_PATH)) {
                Err(ConfigError::Read { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                    None
                }
                file => Some(file?),
            },
        };
        if let Some((key, line)) = main.as_ref().and_then(|main| main.reset.first()) {
            let path = path.unwrap_or(Path::new(DEFAULT_PATH)).to_owned();
            let refusal =
                Refusal { line: *line, key: "reset".to_owned(), fault: Fault::ResetInMain(key) };
            return Err(ConfigError::Refused { path, refusal });
        }
        let directory = drop_in_directory(path.unwrap_or(Path::new(DEFAULT_PATH)));
        let failed = |error: PathError| ConfigError::DropIns {
            path: directory.clone(),
            cause: error.into(),
        };
        let opened = match Directory::open(&directory) {
            Err(error) if error.is_missing() => return Ok(Self { main, ..Self::default() }),
            opened => opened.map_err(failed)?,
        };
        let mut names = opened.names().map_err(failed)?;
        names.sort_unstable();
        let (drop_ins, others): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| is_drop_in(name));
        let read = |name: &OsString| File::read_in(&opened, &directory, name);
        Ok(Self {
            main,
            drop_ins: drop_ins.iter().map(read).collect::<Result<_, _>>()?,
            unread: others.into_iter().map(|name| directory.join(name)).collect(),
        })
    }

    /// Values and rules of all files: a drop-in adds to the lists and rules of the files before it, and replaces their other
    /// values.
    pub(super) fn merged(
        main: Option<File>,
        drop_ins: Vec<File>,
    ) -> (Layer, Vec<Valued<PortRule>>) {
        let mut merged = (Layer::default(), Vec::new());
        for file in main.into_iter().chain(drop_ins) {
            for (name, _) in &file.reset {
                match TABLE.iter().find(|key| key.name == *name) {
                    Some(key) => (key.reset)(&mut merged.0),
                    None => merged.1.clear(),
                }
            }
            merged.0 = merged.0.merge(file.layer);
            merged.1.extend(file.rules);
        }
        merged
    }
}
