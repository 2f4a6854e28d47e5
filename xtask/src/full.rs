//! `cargo xtask full`: checks that take too long for continuous integration.

use std::time::Duration;

use anyhow::Result;

use crate::{bench, fuzz, test};

/// Time for each fuzz target.
const FUZZ: Duration = Duration::from_secs(600);

/// Runs every test, each fuzz target for ten minutes, and the whole benchmark: two hours.
pub fn run() -> Result<()> {
    test::run(&test::Options::WHOLE)?;
    fuzz::run(&fuzz::Options { target: None, time: FUZZ })?;
    bench::run(&bench::BenchArgs::WHOLE)
}
