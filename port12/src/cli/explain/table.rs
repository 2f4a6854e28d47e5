//! A port's story for people: no colours, and nothing that a terminal obeys.

mod advice;
mod registry;
mod watch;

use std::io::{self, Write};

#[cfg(test)]
pub(super) use registry::render as published;

use super::story::Story;
use crate::{
    cli::who,
    text::{Printable, wrap::hang},
};

pub(super) fn write(story: &Story<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(registry::render(&story.published).as_bytes())?;
    if story.published.well_known {
        out.write_all(watch::render(story).as_bytes())?;
    }
    writeln!(out, "\nWho has it")?;
    if story.found.sockets.is_empty() {
        writeln!(out, "  no socket that can be seen is bound to port {}", story.published.port)?;
    }
    who::table::sockets(&story.found, out)?;
    if !story.found.limits.is_empty() {
        writeln!(out)?;
    }
    for limit in story.found.limits {
        out.write_all(hang("not seen: ", &Printable(limit).to_string()).as_bytes())?;
    }
    out.write_all(advice::render(&story.advice).as_bytes())
}
