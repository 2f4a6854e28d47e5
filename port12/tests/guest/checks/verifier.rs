//! Whether the verifier takes a program, and what it cost.

use std::io;

use anyhow::{Context as _, Result, bail, ensure};
use aya::{VerifierLogLevel, programs::ProgramError};

use crate::object;

/// Lines at the end of a refusal's log that say why.
const LOG_TAIL: usize = 60;

/// The verifier's statistics for a program that it accepts. Kernels before 5.16 tell them in the
/// log alone, and aya keeps the log of a failed load only: without a descriptor to be had, an
/// accepted program fails in the last step.
pub fn accepts(name: &str) -> Result<String> {
    let mut object = object::open(VerifierLogLevel::STATS)?;
    let program = object::program(&mut object, name)?;
    let open_files = set_open_files(0)?;
    let loaded = program.load();
    set_open_files(open_files)?;
    let Err(ProgramError::LoadError { io_error, verifier_log }) = loaded else {
        bail!("the load that was to fail for want of a descriptor returned {loaded:?}");
    };
    if io_error.raw_os_error() == Some(libc::EMFILE) {
        return statistics(&verifier_log.to_string());
    }
    refusal(name)
}

fn statistics(log: &str) -> Result<String> {
    let kept = ["processed ", "stack depth "];
    let lines = log.lines().filter(|line| kept.iter().any(|kept| line.starts_with(kept)));
    let statistics = lines.collect::<Vec<_>>().join(", ");
    ensure!(statistics.contains("processed "), "the log has no statistics: {log:?}");
    Ok(statistics)
}

/// A program whose constants nobody patched loads too: any loader can use the file.
pub fn accepts_unpatched(name: &str) -> Result<&'static str> {
    let mut object = object::open_unpatched()?;
    object::program(&mut object, name)?.load()?;
    Ok("loaded")
}

/// The end of the log of a program that the verifier refuses.
fn refusal(name: &str) -> Result<String> {
    let log = VerifierLogLevel::DEBUG | VerifierLogLevel::STATS;
    let mut object = object::open(log)?;
    let program = object::program(&mut object, name)?;
    match program.load() {
        Ok(()) => bail!("it loads with a log and does not without"),
        Err(ProgramError::LoadError { io_error, verifier_log }) => {
            let log = verifier_log.to_string();
            let lines = log.lines().collect::<Vec<_>>();
            let tail = lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n");
            bail!("{io_error}; the log's end:\n{tail}")
        }
        Err(error) => Err(error).context("the program cannot be loaded"),
    }
}

/// Sets how many descriptors may be open, and returns how many could be.
fn set_open_files(limit: libc::rlim_t) -> Result<libc::rlim_t> {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limits outlive the calls.
    let failed = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limits) != 0 || {
            let wanted = libc::rlimit { rlim_cur: limit, ..limits };
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const wanted) != 0
        }
    };
    if failed {
        return Err(io::Error::last_os_error()).context("cannot change RLIMIT_NOFILE");
    }
    Ok(limits.rlim_cur)
}
