//! Text: escaping, wrapping, numbers, words and times. Imports no other module of the crate.

pub(crate) mod escape;
pub(crate) mod json;
pub(crate) mod shorten;
pub(crate) mod time;
pub(crate) mod units;
pub(crate) mod words;
pub(crate) mod wrap;

pub(crate) use escape::Printable;
