//! Being root, or becoming it.

use std::{env, ffi::OsStr, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{programs, step};

/// Whether this process may do what root may.
pub fn is_root() -> bool {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// The program that makes a command root's: sudo, or doas.
pub fn elevator() -> Option<PathBuf> {
    programs::find("sudo").or_else(|| programs::find("doas"))
}

/// The command as root: itself when this process is, through sudo or doas otherwise; nothing
/// where there is neither.
pub fn as_root(program: impl Into<PathBuf>) -> Option<Command> {
    let program = program.into();
    if is_root() {
        return Some(Command::new(program));
    }
    let mut command = Command::new(elevator()?);
    command.arg(program);
    Some(command)
}

/// Runs this very command as root, with more arguments; `what` names it.
pub fn again(what: &str, more: &[&OsStr]) -> Result<()> {
    let this = env::current_exe().context("the path of this program")?;
    let mut command = as_root(this)
        .with_context(|| format!("{what} takes root, and neither sudo nor doas is installed"))?;
    step::run(command.args(env::args_os().skip(1)).args(more))
}
