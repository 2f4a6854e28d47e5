//! Files of `/proc/net`, which may be absent.

use std::{fs, io, path::Path};

use crate::host::HostError;

/// The calling thread's: `/proc/net` shows the main thread's network namespace.
const DIRECTORY: &str = "/proc/thread-self/net";

/// A file's text, or nothing where the subsystem that makes it is not there.
pub(super) fn read(name: &str) -> Result<Option<String>, HostError> {
    // Without this, a host without /proc would look like one without the subsystem.
    let failed = |path: &Path, source| HostError::File { path: path.to_owned(), source };
    let directory = Path::new(DIRECTORY);
    fs::metadata(directory).map_err(|source| failed(directory, source))?;
    let path = directory.join(name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(&path, source)),
    }
}
