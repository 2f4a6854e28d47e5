//! `cargo xtask ci`: what a change has to pass, step by step. `.ci/run` calls it.

use std::{path::Path, process::Command, time::Instant};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::{bench, build_ebpf, clippy_ebpf, demo, language, licences, step, test, workspace};

#[derive(Args)]
pub struct Options {
    /// The steps to run, in this order [default: all]
    steps: Vec<Step>,
}

/// A step, in the order of a whole run.
#[derive(Clone, Copy, ValueEnum)]
enum Step {
    /// Formatting
    Fmt,
    /// Lints of what stable Rust builds
    Clippy,
    /// Lints of the kernel program
    ClippyEbpf,
    /// Documentation of the library, warnings denied
    Doc,
    /// Licences of all dependencies
    Licences,
    /// Plainness of the documentation, help and comments
    Language,
    /// The committed kernel object against its sources
    Object,
    /// Every test
    Test,
    /// The build that logs
    Trace,
    /// The demonstration
    Demo,
    /// A short benchmark
    Bench,
}

pub fn run(options: &Options) -> Result<()> {
    let root = workspace::root()?;
    let all = Step::value_variants();
    for step in if options.steps.is_empty() { all } else { &options.steps } {
        step.run_timed(&root)?;
    }
    Ok(())
}

impl Step {
    fn run_timed(self, root: &Path) -> Result<()> {
        let name = self.to_possible_value().map(|value| value.get_name().to_owned());
        let name = name.unwrap_or_default();
        println!("\n== {name}");
        let start = Instant::now();
        self.run(root).with_context(|| format!("step {name}"))?;
        println!("== {name}: passed in {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }

    fn run(self, root: &Path) -> Result<()> {
        match self {
            Self::Fmt => step::run(cargo(root).args(["fmt", "--all", "--check"])),
            Self::Clippy => step::run(cargo(root).args([
                "clippy",
                "--locked",
                "--all-targets",
                "--",
                "--deny=warnings",
            ])),
            Self::ClippyEbpf => clippy_ebpf::run(),
            Self::Doc => doc(root),
            Self::Licences => licences::run(root),
            Self::Language => language::run(root),
            Self::Object => build_ebpf::run(&build_ebpf::Options::CHECK),
            Self::Test => test::run(&test::Options::ALL),
            Self::Trace => trace(root),
            Self::Demo => demo::run(&demo::DemoArgs::default()),
            Self::Bench => bench::run(&bench::BenchArgs::SHORT),
        }
    }
}

/// The kernel crate is built for another target.
fn doc(root: &Path) -> Result<()> {
    let mut command = cargo(root);
    command.args(["doc", "--locked", "--no-deps", "--workspace", "--exclude", "port12-ebpf"]);
    step::run(command.env("RUSTDOCFLAGS", "--deny=warnings"))
}

/// Builds the tracing object, and what takes it in; the log is read from the kernel.
fn trace(root: &Path) -> Result<()> {
    build_ebpf::run(&build_ebpf::Options::TRACE)?;
    let feature = ["--locked", "--package", "port12", "--features", "trace"];
    step::run(cargo(root).arg("clippy").args(feature).args(["--", "--deny=warnings"]))?;
    step::run(cargo(root).arg("test").args(feature).args(["--test", "lab", "trace"]))
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(root);
    command
}
