//! Screen of `port12 explain`: no colours, and nothing that a terminal obeys.

mod advice;
mod registry;
#[cfg(test)]
mod tests;
mod watch;

use std::io::{self, Write};

use super::who;
use crate::{
    explain::Explanation,
    text::{Printable, wrap::hang},
};

/// Writes everything that is known about a port.
///
/// # Errors
///
/// The error of the writer.
pub fn write_explanation(it: &Explanation, out: &mut impl Write) -> io::Result<()> {
    out.write_all(registry::render(&it.published).as_bytes())?;
    if it.published.well_known {
        out.write_all(watch::render(it).as_bytes())?;
    }
    writeln!(out, "\nWho has it")?;
    if it.sockets.sockets.is_empty() {
        writeln!(out, "  no socket that can be seen is bound to port {}", it.published.port)?;
    }
    who::write_sockets(&it.sockets, out)?;
    if !it.sockets.limits.is_empty() {
        writeln!(out)?;
    }
    for limit in &it.sockets.limits {
        out.write_all(hang("not seen: ", &Printable(limit).to_string()).as_bytes())?;
    }
    out.write_all(advice::render(&it.advice).as_bytes())
}
