//! Whether a machine's checks passed: by what it said and by how it ended, both.

use anyhow::{Context as _, Result, bail};

use super::boot::Boot;

/// QEMU's exit code when the guest wrote 0x10 to its debug port. QEMU exits 0 after a panic.
const PASSED: i32 = 33;

/// Lines of the log that a failure shows.
const TAIL: usize = 30;

/// How many checks passed.
///
/// # Errors
///
/// Another exit code, a failed check, or no closing line.
pub fn passed(boot: &Boot) -> Result<usize> {
    let Some(closing) = lines(&boot.log).find_map(|line| line.strip_prefix("done, ")) else {
        bail!("the machine ended with {} before its checks did:\n{}", boot.status, tail(&boot.log));
    };
    let counts = closing.strip_suffix(" failed").and_then(|counts| counts.split_once(" passed, "));
    let (passed, failed) =
        counts.with_context(|| format!("the closing line is broken: {closing:?}"))?;
    let passed: usize = passed.parse().with_context(|| format!("the closing line: {closing:?}"))?;
    if failed != "0" || passed == 0 {
        let lines = lines(&boot.log).filter(|line| line.starts_with("FAILED"));
        bail!("{closing}:\n{}", lines.collect::<Vec<_>>().join("\n"));
    }
    if boot.status.code() != Some(PASSED) {
        bail!("every check passed, and yet QEMU ended with {}, not {PASSED}", boot.status);
    }
    Ok(passed)
}

/// What the guest itself said.
fn lines(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter_map(|line| line.trim_end().strip_prefix("guest: "))
}

fn tail(log: &str) -> String {
    let lines = log.lines().collect::<Vec<_>>();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus};

    use super::*;

    fn boot(code: i32, log: &str) -> Boot {
        Boot { status: ExitStatus::from_raw(code << 8), log: log.to_owned() }
    }

    const LOG: &str = "SeaBIOS\r\nguest: ok boot: 6.1\r\nguest: done, 1 passed, 0 failed\r\n";

    #[test]
    fn checks_pass_with_the_closing_line_and_the_exit_code() -> Result<()> {
        assert_eq!(passed(&boot(33, LOG))?, 1);
        Ok(())
    }

    #[test]
    fn the_exit_code_alone_is_not_enough() {
        let error = passed(&boot(33, "guest: ok boot: 6.1\n")).unwrap_err().to_string();
        assert!(error.contains("before its checks did"), "{error}");
        assert!(passed(&boot(33, "guest: done, 0 passed, 0 failed\n")).is_err());
    }

    #[test]
    fn the_closing_line_alone_is_not_enough() {
        for code in [0, 1, 35] {
            assert!(passed(&boot(code, LOG)).is_err(), "{code}");
        }
    }

    #[test]
    fn a_failed_check_is_shown() {
        let log = "guest: ok a: b\nguest: FAILED c: d\nguest: done, 1 passed, 1 failed\n";
        let error = passed(&boot(35, log)).unwrap_err().to_string();
        assert!(error.ends_with("FAILED c: d"), "{error}");
    }
}
