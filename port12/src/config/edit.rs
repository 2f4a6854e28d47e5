//! Writing to the policy file, which keeps its comments and its order.

use std::{
    io,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use thiserror::Error;
use toml_edit::{Array, DocumentMut, Item, Value};

use super::{
    ConfigError, File, Files, Origin,
    file::MAX_BYTES,
    prefix::{prefix, shown},
};
use crate::{text::Printable, trusted_path};

/// The mode of a policy file that has gone since it was read.
const MODE: u32 = 0o644;

/// Change of the sources in the file.
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
    /// A drop-in has it.
    #[error(
        "{} is in the drop-in {}, line {line}: remove it there; the policy file is as it was",
        shown(prefix), Printable(path.display())
    )]
    DropIn {
        /// The source.
        prefix: IpNet,
        /// The drop-in.
        path: PathBuf,
        /// Line of its `allow`, from 1.
        line: usize,
    },
    /// A drop-in cancels what the policy file says.
    #[error(
        "the drop-in {}, line {line}, resets `allow`, so that the policy file adds nothing to it: add the source there; \
         the policy file is as it was", Printable(path.display())
    )]
    Reset {
        /// The drop-in.
        path: PathBuf,
        /// Line of its `reset`, from 1.
        line: usize,
    },
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

/// Adds sources to `allow` in a policy file, or removes them. The file is replaced as a whole, and only by one that is
/// accepted. Returns the sources that are not added because a drop-in has them, and the place there.
///
/// # Errors
///
/// [`EditError`]; the file is as it was then.
pub fn allow(
    path: &Path,
    edit: Edit,
    prefixes: &[IpNet],
) -> Result<Vec<(IpNet, Origin)>, EditError> {
    let failed = |cause| EditError::Write { path: path.to_owned(), cause };
    let drop_ins = DropIns::of(&Files::read(Some(path))?);
    let kept = drop_ins.check(edit, prefixes)?;
    if edit == Edit::Add && kept.len() == prefixes.len() {
        return Ok(kept);
    }
    let bytes = trusted_path::read(path, MAX_BYTES).map_err(|error| failed(error.into()))?;
    let mut document: DocumentMut =
        String::from_utf8_lossy(&bytes).parse().map_err(|error| failed(io::Error::other(error)))?;
    let list = document.entry("allow").or_insert_with(|| Item::Value(Array::new().into()));
    let Some(list) = list.as_array_mut() else {
        return Err(failed(io::Error::other("`allow` is not a list")));
    };
    let of = |value: &Value| value.as_str().and_then(|text| prefix(text).ok());
    for net in prefixes.iter().filter(|net| !kept.iter().any(|(kept, _)| kept == *net)) {
        match edit {
            Edit::Add if list.iter().any(|value| of(value) == Some(*net)) => {}
            Edit::Add => list.push(shown(net)),
            Edit::Remove => list.retain(|value| of(value) != Some(*net)),
        }
    }
    let text = document.to_string();
    File::parse(path, text.as_bytes())?;
    trusted_path::replace(path, text.as_bytes(), MODE).map_err(|error| failed(error.into()))?;
    Ok(kept)
}

/// `allow` in the drop-ins.
#[derive(Default)]
struct DropIns {
    /// The last reset.
    reset: Option<(PathBuf, usize)>,
    /// Sources since then.
    allow: Vec<(IpNet, Origin)>,
}

impl DropIns {
    fn of(files: &Files) -> Self {
        let mut found = Self::default();
        for file in &files.drop_ins {
            if let Some((_, line)) = file.reset.iter().find(|(key, _)| *key == "allow") {
                found = Self { reset: Some((file.path.to_path_buf(), *line)), allow: Vec::new() };
            }
            if let Some(allow) = &file.layer.allow {
                found.allow.extend(allow.value.iter().map(|net| (*net, allow.origin.clone())));
            }
        }
        found
    }

    /// The sources that a drop-in has, unless the edit would be without effect.
    fn check(&self, edit: Edit, prefixes: &[IpNet]) -> Result<Vec<(IpNet, Origin)>, EditError> {
        let of = |net: &IpNet| self.allow.iter().find(|(known, _)| known == net).cloned();
        let known: Vec<_> = prefixes.iter().filter_map(of).collect();
        match (edit, &self.reset, known.first()) {
            (Edit::Remove, _, Some((prefix, Origin::File { path, line }))) => {
                let path = path.to_path_buf();
                Err(EditError::DropIn { prefix: *prefix, path, line: *line })
            }
            (Edit::Add, Some((path, line)), _) if known.len() < prefixes.len() => {
                Err(EditError::Reset { path: path.clone(), line: *line })
            }
            (Edit::Add | Edit::Remove, _, _) => Ok(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn edited(text: &str, edit: Edit, nets: &[&str]) -> Result<String, EditError> {
        edited_beside(&[], text, edit, nets).map(|(text, _)| text)
    }

    fn edited_beside(
        others: &[(&str, &str)],
        text: &str,
        edit: Edit,
        nets: &[&str],
    ) -> Result<(String, usize), EditError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port12.toml");
        fs::write(&path, text).unwrap();
        let drop_ins = directory.path().join("port12.toml.d");
        fs::create_dir(&drop_ins).unwrap();
        for (name, text) in others {
            fs::write(drop_ins.join(name), text).unwrap();
        }
        let nets: Vec<IpNet> = nets.iter().map(|net| prefix(net).unwrap()).collect();
        let kept = allow(&path, edit, &nets)?;
        Ok((fs::read_to_string(path).unwrap(), kept.len()))
    }

    #[test]
    fn a_source_that_a_drop_in_has_is_not_written_again() {
        let others = [("10.toml", "\nallow = [\"192.0.2.7\"]")];
        let nets = ["192.0.2.7", "192.0.2.8"];
        let (text, kept) = edited_beside(&others, "", Edit::Add, &nets).unwrap();
        assert_eq!((text.trim(), kept), ("allow = [\"192.0.2.8\"]", 1));
    }

    #[test]
    fn an_edit_without_effect_names_the_drop_in() {
        let reset = [("10.toml", "allow = []\nreset = [\"allow\"]")];
        let error = edited_beside(&reset, "", Edit::Add, &["192.0.2.7"]).unwrap_err().to_string();
        assert!(error.contains("10.toml, line 2, resets `allow`"), "{error}");
        let has = [("10.toml", "\nallow = [\"192.0.2.7\"]")];
        let text = "allow = [\"192.0.2.7\"]";
        let error = edited_beside(&has, text, Edit::Remove, &["192.0.2.7"]).unwrap_err();
        assert!(error.to_string().contains("10.toml, line 2: remove it there"), "{error}");
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
