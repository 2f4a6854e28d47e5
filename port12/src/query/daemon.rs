//! State that the daemon writes for other processes.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    kernel::pin,
    model::DaemonState,
    trusted_path::{Directory, PathError},
};

/// Default directory for state that ends with the daemon (`--runtime-dir`).
pub const RUNTIME_DIR: &str = "/run/port12";

/// Age at which a state file counts as left behind. The daemon renews it once a second.
const FRESH: Duration = Duration::from_secs(10);

/// Bytes of a state file that are read, at most.
const MOST: u64 = 64 << 20;

/// Reason why the state file of a daemon cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// It cannot be read, or others can write to it.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// It has another format: the daemon has another version.
    #[error("{}: written by another version of port12, or damaged: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: serde_json::Error,
    },
}

/// Directory of the daemon that holds a pin directory; `None` if there is no pin directory.
///
/// Its name is made from the device and inode of the pin directory: a container can have another bpffs at the same
/// path.
pub fn runtime_directory(runtime_dir: &Path, pin_dir: &Path) -> Option<PathBuf> {
    Some(runtime_dir.join(pin::id(pin_dir)?))
}

/// State of the daemon with a runtime directory; `None` if none keeps it fresh.
///
/// # Errors
///
/// [`DaemonError`].
pub fn daemon_state(directory: &Path) -> Result<Option<DaemonState>, DaemonError> {
    let file = Directory::open(directory).and_then(|it| it.open_file(OsStr::new("state")));
    let file = match file {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let path = directory.join("state");
    let failed = |source| DaemonError::Read { path: path.clone(), source };
    let written = file.metadata().and_then(|it| it.modified()).map_err(failed)?;
    let now = SystemTime::now();
    let age = now.duration_since(written).or_else(|_| written.duration_since(now));
    if age.is_ok_and(|age| age > FRESH) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(failed)?;
    let state = serde_json::from_slice(&bytes);
    state.map(Some).map_err(|source| DaemonError::Format { path, source })
}
