//! Writing to the policy file, which keeps its comments and its order.

use std::{
    io,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use thiserror::Error;
use toml_edit::{Array, DocumentMut, Item, Value};

use super::{
    ConfigError, File,
    file::MAX_BYTES,
    prefix::{prefix, shown},
};
use crate::trusted_path;

/// The mode of a policy file that has gone since it was read.
const MODE: u32 = 0o644;

/// What to do with the sources in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edit {
    /// Put them there.
    Add,
    /// Take them out.
    Remove,
}

/// Why the file is as it was.
#[derive(Debug, Error)]
pub enum EditError {
    /// It is not accepted as it is.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot be changed.
    #[error("{}: cannot be changed: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// Adds sources to `allow` in a policy file, or takes them out. The file is replaced as a whole,
/// and only by one that is accepted.
///
/// # Errors
///
/// [`EditError`]; the file is as it was then.
pub fn allow(path: &Path, edit: Edit, prefixes: &[IpNet]) -> Result<(), EditError> {
    let failed = |cause| EditError::Write { path: path.to_owned(), cause };
    File::read(path)?;
    let bytes = trusted_path::read(path, MAX_BYTES).map_err(|error| failed(error.into()))?;
    let mut document: DocumentMut =
        String::from_utf8_lossy(&bytes).parse().map_err(|error| failed(io::Error::other(error)))?;
    let list = document.entry("allow").or_insert_with(|| Item::Value(Array::new().into()));
    let Some(list) = list.as_array_mut() else {
        return Err(failed(io::Error::other("`allow` is not a list")));
    };
    let of = |value: &Value| value.as_str().and_then(|text| prefix(text).ok());
    for net in prefixes {
        match edit {
            Edit::Add if list.iter().any(|value| of(value) == Some(*net)) => {}
            Edit::Add => list.push(shown(net)),
            Edit::Remove => list.retain(|value| of(value) != Some(*net)),
        }
    }
    let text = document.to_string();
    File::parse(path, text.as_bytes())?;
    trusted_path::replace(path, text.as_bytes(), MODE).map_err(|error| failed(error.into()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn edited(text: &str, edit: Edit, nets: &[&str]) -> Result<String, EditError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port12.toml");
        fs::write(&path, text).unwrap();
        let nets: Vec<IpNet> = nets.iter().map(|net| prefix(net).unwrap()).collect();
        allow(&path, edit, &nets)?;
        Ok(fs::read_to_string(path).unwrap())
    }

    #[test]
    fn comments_and_order_stay() {
        let text = "# mine\nmode = \"drop\" # careful\nallow = [\"192.0.2.7\"]\n";
        let text = edited(text, Edit::Add, &["2001:db8::/32", "192.0.2.7/32"]).unwrap();
        assert_eq!(
            text,
            "# mine\nmode = \"drop\" # careful\nallow = [\"192.0.2.7\", \"2001:db8::/32\"]\n"
        );
        let text = edited(&text, Edit::Remove, &["192.0.2.7"]).unwrap();
        assert!(text.contains("# careful") && !text.contains("192.0.2.7"), "{text}");
    }

    #[test]
    fn a_file_without_a_list_gets_one_before_its_tables() {
        let text = "mode = \"drop\"\n[[port]]\nports = \"12\"\naction = \"watch\"\n";
        let text = edited(text, Edit::Add, &["192.0.2.0/24"]).unwrap();
        let (list, table) = (text.find("allow").unwrap(), text.find("[[port]]").unwrap());
        assert!(list < table, "{text}");
    }

    #[test]
    fn a_file_that_is_not_accepted_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port12.toml");
        fs::write(&path, "mode = \"dorp\"\n").unwrap();
        let nets = [prefix("192.0.2.7").unwrap()];
        allow(&path, Edit::Add, &nets).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mode = \"dorp\"\n");
    }
}
