//! port12's build, test and lab commands: `cargo xtask --help`.

mod apt_lock;
mod bench;
mod build_ebpf;
mod ci;
mod clippy_ebpf;
mod demo;
mod full;
mod fuzz;
mod language;
mod licences;
mod policy_docs;
mod privilege;
mod programs;
mod registry;
mod run;
mod setup;
mod step;
mod test;
mod vm_test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "port12's build, test and lab commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure what the program costs per packet
    Bench(bench::BenchArgs),
    /// Build the kernel object, or check the committed one
    BuildEbpf(build_ebpf::Options),
    /// Show port12 at work, in network namespaces of its own
    Demo(demo::DemoArgs),
    /// Run the steps of continuous integration
    Ci(ci::Options),
    /// Fuzz the parsers of hostile input
    Fuzz(fuzz::Options),
    /// Run all checks that take too long for continuous integration, one hour or more
    Full,
    /// Lint the kernel program, warnings denied
    ClippyEbpf,
    /// Make the embedded registry from IANA's official CSV or XML
    Registry {
        /// The official file
        file: std::path::PathBuf,
    },
    /// Write the annotated policy file and its reference page from the table of keys
    PolicyDocs,
    /// Build port12 and run it as root
    Run(run::Options),
    /// Install what the build of the kernel object and the tests use (Debian, Ubuntu)
    Setup,
    /// Run every test
    Test(test::Options),
    /// Run the kernel checks on Debian's other kernels, in QEMU
    VmTest(vm_test::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::BuildEbpf(options) => build_ebpf::run(&options),
        Command::Ci(options) => ci::run(&options),
        Command::ClippyEbpf => clippy_ebpf::run(),
        Command::Full => full::run(),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Demo(args) => demo::run(&args),
        Command::PolicyDocs => policy_docs::run(),
        Command::Registry { file } => registry::run(&file),
        Command::Run(options) => run::run(&options),
        Command::Setup => setup::run(),
        Command::Test(options) => test::run(&options),
        Command::VmTest(options) => vm_test::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
