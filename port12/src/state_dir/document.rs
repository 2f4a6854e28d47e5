//! JSON documents in the state directory, each with the version of its format.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::StateDirectory;
use crate::trusted_path::PathError;

/// Bytes of a document that is read or written, at most.
const MOST: u64 = 64 << 20;

/// Reason why a document is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    /// It cannot be read, or others could have written it.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It has another format.
    #[error("it is damaged, or not port12's: {0}")]
    Format(#[from] serde_json::Error),
    /// Another version of port12 wrote it.
    #[error("it has version {found}, and this port12 reads version {read}")]
    Version {
        /// Its version.
        found: u64,
        /// The version that is read.
        read: u32,
    },
}

/// Version of a document, whatever else is in it.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// A document with its version.
pub(super) trait Document: DeserializeOwned + Serialize {
    /// Name of the file.
    const NAME: &'static str;
    /// Version of the format.
    const VERSION: u32;
    /// Consequence if it cannot be read, as in "no ban is read back".
    const WITHOUT: &'static str;
}

impl StateDirectory {
    /// Reads a document; `None` if there is none.
    fn document<D: Document>(&self) -> Result<Option<D>, DocumentError> {
        let Some(bytes) = self.read(D::NAME, MOST)? else {
            return Ok(None);
        };
        let Version { version } = serde_json::from_slice(&bytes)?;
        match version == u64::from(D::VERSION) {
            true => Ok(Some(serde_json::from_slice(&bytes)?)),
            false => Err(DocumentError::Version { found: version, read: D::VERSION }),
        }
    }

    /// Reads a document. A file that cannot be used is set aside, with a line about it.
    pub(super) fn document_or_set_aside<D: Document>(&self) -> (Option<D>, Option<String>) {
        let error = match self.document() {
            Ok(document) => return (document, None),
            Err(error) => error,
        };
        let aside = match self.set_aside(D::NAME) {
            Ok(path) => format!("the file is now {}", path.display()),
            Err(error) => format!("and the file cannot be set aside: {error}"),
        };
        let path = self.path().join(D::NAME);
        (None, Some(format!("{}: {error}; {}, {aside}", path.display(), D::WITHOUT)))
    }

    /// Writes a document.
    ///
    /// # Errors
    ///
    /// [`PathError`]; the file is as it was then.
    pub(super) fn write_document<D: Document>(&self, document: &D) -> Result<(), PathError> {
        let path = self.path().join(D::NAME);
        let bytes = serde_json::to_vec(document).map_err(|error| PathError::System {
            path: path.clone(),
            error: io::Error::from(error),
        })?;
        match bytes.len() as u64 > MOST {
            // No reader would accept it.
            true => Err(PathError::TooLarge { path, most: MOST }),
            false => self.replace(D::NAME, &bytes),
        }
    }
}
