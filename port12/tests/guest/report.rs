//! What the host reads on the serial line.

use std::fmt::Display;

/// Counts checks and prints one line for each.
#[derive(Default)]
pub struct Report {
    passed: usize,
    failed: usize,
}

impl Report {
    /// Runs a check; what it returns is printed beside its name.
    pub fn check<D: Display>(&mut self, name: &str, check: impl FnOnce() -> anyhow::Result<D>) {
        match check() {
            Ok(detail) => {
                self.passed += 1;
                println!("guest: ok {name}: {detail}");
            }
            Err(error) => {
                self.failed += 1;
                println!("guest: FAILED {name}: {error:#}");
            }
        }
    }

    /// Says that a check does not run on this kernel, and why.
    pub fn skip(&self, name: &str, why: &str) {
        println!("guest: skipped {name}: {why}");
    }

    /// Prints the closing line, and says whether every check passed.
    pub fn close(self) -> bool {
        let Self { passed, failed } = self;
        println!("guest: done, {passed} passed, {failed} failed");
        failed == 0 && passed > 0
    }
}
