//! `cargo xtask bench`: what port12 adds to a frame, in nanoseconds, with everything in place.
//!
//! Never a test: a machine that is shared or slow misses a target and nothing fails. What fails is
//! a program that did not do what its row says.

mod bare;
mod case;
mod cases;
mod cpu;
mod dispatcher;
mod egress;
mod frames;
mod life;
mod machine;
mod memory;
mod private;
mod report;
mod rounds;
mod sources;
mod statistics;
mod subject;
mod syscall;
mod target;
mod vary;

use std::{net::UdpSocket, os::fd::AsFd as _, thread};

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, ValueEnum};
use port12::kernel::{instance::entry_point, object::EntryPoint};

use self::{
    bare::Bare,
    case::Case,
    machine::Machine,
    report::Report,
    rounds::{Column, Lane},
    sources::What,
    subject::{product::Product, xdp_filter::XdpFilter},
};
use crate::privilege;

/// How to measure.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// Measure only the rows whose name holds this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Measure every row this often (25, or 11 with --short)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Frames in each measurement (100000, or 20000 with --short)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    repeat: Option<u32>,
    /// The whole table in a few seconds, with more noise
    #[arg(long)]
    short: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl BenchArgs {
    /// The whole table in a few seconds.
    pub const SHORT: Self = Self { short: true, ..Self::WHOLE };

    /// Every row, with all rounds.
    pub const WHOLE: Self =
        Self { only: None, rounds: None, repeat: None, short: false, output: Output::Table };
}

/// A format.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// A table for people.
    #[default]
    Table,
    /// One JSON object.
    Json,
}

impl BenchArgs {
    fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.short { 11 } else { 25 })
    }

    fn repeat(&self) -> u32 {
        self.repeat.unwrap_or(if self.short { 20_000 } else { 100_000 })
    }
}

/// Measures and prints, as root: through sudo where this process is not.
///
/// # Errors
///
/// Where the kernel refuses a program, or a program did not do what its row says. A target that
/// is not met is no error.
pub fn run(args: &BenchArgs) -> Result<()> {
    if !privilege::is_root() {
        return privilege::again("the benchmark", &[]);
    }
    let (args, output) = (args.clone(), args.output);
    // The thread ends with its namespaces and its place on one CPU.
    let report = thread::Builder::new()
        .name("bench".into())
        .stack_size(16 << 20)
        .spawn(move || measure(&args))?
        .join()
        .map_err(|_| anyhow!("the measuring thread panicked"))??;
    match output {
        Output::Table => print!("{}", report::table::text(&report)),
        Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    Ok(())
}

fn measure(args: &BenchArgs) -> Result<Report> {
    let mut machine = Machine::ask();
    machine.pinned_to = cpu::pin()?;
    private::enter_mounts()?;
    let entry = entry_point()?;
    let bare = Bare::load()?;
    let mut chosen = Product::load(entry)?;
    let memory = memory::of(&chosen.maps()?)?;
    let mut linear = match entry {
        EntryPoint::Frags => Some(Product::load(EntryPoint::Linear)?),
        EntryPoint::Linear => None,
    };
    let mut without_sources = Product::load_without_sources(entry)?;
    let mut without_events = Product::load_without_events(entry)?;
    let xdp_filter = XdpFilter::load();

    let mut kept = Vec::new();
    for program in bare.programs() {
        kept.push(dispatcher::keep(program)?);
    }
    kept.push(chosen.keep()?);
    kept.push(without_sources.keep()?);
    kept.push(without_events.keep()?);
    kept.extend(linear.as_mut().map(Product::keep).transpose()?);
    kept.extend(xdp_filter.as_ref().ok().map(XdpFilter::keep).transpose()?);

    let record = sources::Pair::of(What::Record, &without_events, &without_sources)?;
    let events = sources::Pair::of(What::Events, &chosen, &without_events)?;
    for vary in record.programs().into_iter().chain(events.programs()) {
        kept.push(dispatcher::keep(vary.program().as_fd())?);
    }

    private::enter_network()?;
    let _socket = UdpSocket::bind(("0.0.0.0", cases::PORT_WITH_SOCKET))
        .context("the socket that rows look up")?;
    let mut cases = cases::all();
    if let Some(text) = &args.only {
        cases.retain(|case| case.name.contains(text));
    }
    let products =
        Products { chosen: &chosen, without_sources: &without_sources, linear: linear.as_ref() };
    let mut lanes = lanes(&cases, &products, xdp_filter.as_ref().ok());
    rounds::run(&mut lanes, &bare, args.rounds(), args.repeat())?;
    let sources = record.measure(args.rounds(), args.repeat())?;
    let events = events.measure(args.rounds(), args.repeat())?;
    let leaving = egress::measure(args.rounds(), args.repeat())?;
    let steps = life::measure(args.rounds())?;
    machine.ask_again();
    let xdp_filter_error = xdp_filter.as_ref().err().map(|error| format!("{error:#}"));
    Ok(Report::new(
        entry,
        args,
        (&cases, &lanes),
        xdp_filter_error,
        (sources, events, leaving, steps),
        memory,
        machine,
    ))
}

/// port12's programs.
struct Products<'a> {
    /// Behind the entry point that this kernel gets.
    chosen: &'a Product,
    /// The same, with no record of who sends.
    without_sources: &'a Product,
    /// Behind the one for older kernels.
    linear: Option<&'a Product>,
}

fn lanes<'a>(
    cases: &'a [Case],
    products: &Products<'a>,
    xdp_filter: Option<&'a XdpFilter>,
) -> Vec<Lane<'a>> {
    let mut lanes = Vec::new();
    for (row, case) in cases.iter().enumerate() {
        if !case.setting.sources {
            lanes.push(Lane::new(row, Column::Chosen, case, products.without_sources));
            continue;
        }
        if products.chosen.takes(&case.frame) {
            lanes.push(Lane::new(row, Column::Chosen, case, products.chosen));
        }
        if let Some(linear) = products.linear.filter(|linear| linear.takes(&case.frame)) {
            lanes.push(Lane::new(row, Column::Linear, case, linear));
        }
        if let Some(xdp_filter) = xdp_filter.filter(|_| case.xdp_filter.is_some()) {
            lanes.push(Lane::new(row, Column::XdpFilter, case, xdp_filter));
        }
    }
    lanes
}
