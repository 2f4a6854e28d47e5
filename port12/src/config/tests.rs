mod compiled;
mod default_file;
mod drop_ins;
mod hostile;
mod precedence;
mod reference;
mod refusals;
mod rules;
mod written;

use std::path::Path;

use super::{Config, ConfigError, File, Layer, Origin};

/// A file that uses every key.
const RICH: &str = include_str!("tests/rich.toml");

fn file(text: &str) -> Result<File, ConfigError> {
    File::parse(Path::new("/p/port12.toml"), text.as_bytes())
}

fn config(text: &str) -> Config {
    Config::of(Some(file(text).unwrap()), Layer::default())
}

/// A value of the file of [`file`] has this origin.
fn line(line: usize) -> Origin {
    Origin::File { path: Path::new("/p/port12.toml").into(), line }
}

/// Why a file is refused: one line that names it.
fn refusal(text: &str) -> String {
    let said = file(text).unwrap_err().to_string();
    assert!(said.starts_with("/p/port12.toml: line "), "{said}");
    assert!(!said.contains(char::is_control), "{said:?}");
    said
}
