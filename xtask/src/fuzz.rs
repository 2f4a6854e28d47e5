//! `cargo xtask fuzz`: parsers of hostile input under libFuzzer, with stable Rust.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{step, workspace};

/// Coverage for libFuzzer. A sanitizer would take nightly Rust; panics, overflows and hangs are found without.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "--cfg=fuzzing",
];

#[derive(Args)]
pub struct Options {
    /// The target: a file of port12/fuzz/targets [default: each]
    pub target: Option<String>,
    /// Time for each target
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "60s")]
    pub time: Duration,
}

pub fn run(options: &Options) -> Result<()> {
    let directory = workspace::root()?.join("port12/fuzz");
    let mut targets = targets(&directory)?;
    if let Some(wanted) = &options.target {
        targets.retain(|it| it == wanted);
    }
    if targets.is_empty() {
        bail!("no such target: `ls port12/fuzz/targets` lists them");
    }
    step::run(
        Command::new(workspace::cargo())
            .current_dir(&directory)
            .args(["build", "--locked", "--release", "--target", &workspace::host()?])
            .args(["--target-dir", "target"])
            .env("RUSTFLAGS", FLAGS.join(" ")),
    )?;
    let binaries = directory.join("target").join(workspace::host()?).join("release");
    for target in targets {
        println!("\n== fuzz {target}");
        fuzz(&directory, &binaries.join(&target), &target, options.time)?;
    }
    Ok(())
}

/// Names of the targets. Each has seeds.
fn targets(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory.join("targets")).context("port12/fuzz/targets")? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|it| it.to_string_lossy().into_owned()));
    }
    names.sort_unstable();
    Ok(names)
}

/// New inputs go to a directory beside the build; the seeds stay as they are.
fn fuzz(directory: &Path, binary: &Path, target: &str, time: Duration) -> Result<()> {
    let corpus = directory.join("target/corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let seeds = directory.join("seeds").join(target);
    let mut command = Command::new(binary);
    command.current_dir(directory.join("target")).arg(&corpus).arg(&seeds);
    command.arg(format!("-max_total_time={}", time.as_secs()));
    command.args([
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-max_len=65536",
        "-print_final_stats=1",
        "-verbosity=0",
    ]);
    step::run(&mut command)
}
