//! Documentation of the policy, made from the table of keys: the annotated file `dist/port12.toml` and the page
//! `docs/POLICY.md`. `cargo xtask policy-docs` writes both.

mod file;
mod page;

pub use self::{file::annotated_file, page::page};
use super::{Key, TABLE, part::Part};

/// The keys by section, in the order of the table.
fn sections() -> impl Iterator<Item = (&'static str, &'static [Key])> {
    TABLE.chunk_by(|one, next| one.about.section == next.about.section).filter_map(|keys| {
        let first = keys.first()?;
        Some((first.about.section, keys))
    })
}

/// Lines of a key's documentation.
fn lines(key: &Key) -> impl Iterator<Item = &'static str> {
    key.text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line))
}

/// Width of the longest name.
fn width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(str::len).max().unwrap_or_default()
}

/// Name and text of a key of a table, aligned; continued lines are set in.
fn aligned(part: &Part, width: usize) -> impl Iterator<Item = String> {
    let Part { name, text } = part;
    text.lines().enumerate().map(move |(index, line)| {
        let name = if index == 0 { *name } else { "" };
        format!("{name:width$}  {line}")
    })
}
