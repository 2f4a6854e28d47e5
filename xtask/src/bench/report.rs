//! What was measured, ready to print.

pub mod table;

use port12::kernel::object::EntryPoint;
use port12_common::Verdict;
use serde::Serialize;

use super::{
    BenchArgs,
    case::Case,
    egress,
    life::Step,
    machine::Machine,
    memory::MapMemory,
    rounds::{Column, Lane},
    sources,
    statistics::{Summary, median_and_least},
    target::{RATIO, Target},
};

/// Everything.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The entry point that this kernel gets.
    entry: &'static str,
    rounds: u32,
    /// Frames in each measurement.
    repeat: u32,
    /// The bare programs, in absolute nanoseconds.
    floors: Vec<Floor>,
    rows: Vec<Row>,
    xdp_filter: Comparison,
    sources: Vec<sources::Row>,
    events: Vec<sources::Row>,
    leaving: Vec<egress::Row>,
    steps: Vec<Step>,
    maps: Vec<MapMemory>,
    maps_bytes: u64,
    machine: Machine,
}

/// A bare program.
#[derive(Debug, Serialize)]
struct Floor {
    verdict: &'static str,
    median: f64,
    quiet: f64,
}

/// One row of the table; nanoseconds are added ones.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    outcome: &'static str,
    /// Bytes of the frame.
    length: usize,
    /// Whether port12 looks a socket up.
    looks_up: bool,
    port12: Option<Summary>,
    port12_linear: Option<Summary>,
    xdp_filter: Option<Summary>,
    target: Option<Target>,
    met: Option<bool>,
}

/// port12 against xdp-filter's full build, over the frames that both do the same with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Comparison {
    /// Why there is none.
    NotMeasured(String),
    /// The sums over rows.
    Measured {
        /// Rows in which port12 looks no socket up.
        without_look_up: Sums,
        /// Rows in which it does, which xdp-filter never does.
        with_look_up: Sums,
        target: f64,
        /// Whether the first is met, by the medians and by the quiet machine's values.
        met: bool,
    },
}

/// Added nanoseconds, summed over the same rows.
#[derive(Debug, Default, Serialize)]
struct Sums {
    rows: usize,
    port12: f64,
    xdp_filter: f64,
    ratio: f64,
    quiet_ratio: f64,
    /// The row with the lowest ratio of medians.
    least: f64,
}

/// What is measured beside the rows.
type Parts = (Vec<sources::Row>, Vec<sources::Row>, Vec<egress::Row>, Vec<Step>);

impl Report {
    /// Sums the lanes up.
    pub fn new(
        entry: EntryPoint,
        args: &BenchArgs,
        (cases, lanes): (&[Case], &[Lane<'_>]),
        xdp_filter_error: Option<String>,
        (sources, events, leaving, steps): Parts,
        maps: Vec<MapMemory>,
        machine: Machine,
    ) -> Self {
        let rows: Vec<Row> =
            cases.iter().enumerate().map(|(row, case)| Row::new(row, case, lanes)).collect();
        Self {
            entry: entry.name(),
            rounds: args.rounds(),
            repeat: args.repeat(),
            floors: [Verdict::Pass, Verdict::Drop].map(|it| Floor::of(it, cases, lanes)).into(),
            xdp_filter: match xdp_filter_error {
                Some(error) => Comparison::NotMeasured(error),
                None => Comparison::of(&rows),
            },
            rows,
            sources,
            events,
            leaving,
            steps,
            maps_bytes: maps.iter().map(|map| map.bytes).sum(),
            maps,
            machine,
        }
    }
}

impl Floor {
    fn of(verdict: Verdict, cases: &[Case], lanes: &[Lane<'_>]) -> Self {
        let floors = lanes
            .iter()
            .filter(|lane| cases[lane.row].outcome.verdict() == verdict)
            .flat_map(|lane| lane.samples.iter().map(|sample| sample.floor));
        let (median, quiet) = median_and_least(floors);
        Self { verdict: verdict.as_str(), median, quiet }
    }
}

impl Row {
    fn new(row: usize, case: &Case, lanes: &[Lane<'_>]) -> Self {
        let summary = |column| {
            let lane = lanes.iter().find(|lane| lane.row == row && lane.column == column)?;
            Some(Summary::of(&lane.samples))
        };
        let port12 = summary(Column::Chosen);
        Self {
            name: case.name.clone(),
            outcome: case.outcome.as_str(),
            length: case.frame.len(),
            looks_up: case.looks_up,
            port12,
            port12_linear: summary(Column::Linear),
            xdp_filter: summary(Column::XdpFilter),
            target: case.target,
            met: case.target.zip(port12).map(|(target, summary)| target.is_met(&summary)),
        }
    }

    /// How many times cheaper than xdp-filter.
    fn ratio(&self) -> Option<f64> {
        Some(self.xdp_filter?.median / self.port12?.median)
    }
}

impl Comparison {
    fn of(rows: &[Row]) -> Self {
        let sums = |looks_up| Sums::of(rows.iter().filter(|row| row.looks_up == looks_up));
        let without_look_up = sums(false);
        Self::Measured {
            met: without_look_up.ratio >= RATIO && without_look_up.quiet_ratio >= RATIO,
            without_look_up,
            with_look_up: sums(true),
            target: RATIO,
        }
    }
}

impl Sums {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut sums = Self { least: f64::INFINITY, ..Self::default() };
        let (mut quiet, mut quiet_xdp_filter) = (0.0, 0.0);
        for row in rows {
            let (Some(port12), Some(xdp_filter)) = (row.port12, row.xdp_filter) else {
                continue;
            };
            sums.rows += 1;
            sums.port12 += port12.median;
            sums.xdp_filter += xdp_filter.median;
            quiet += port12.quiet;
            quiet_xdp_filter += xdp_filter.quiet;
            sums.least = sums.least.min(xdp_filter.median / port12.median);
        }
        sums.ratio = sums.xdp_filter / sums.port12;
        sums.quiet_ratio = quiet_xdp_filter / quiet;
        sums
    }
}
