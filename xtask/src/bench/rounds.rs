//! The measurement: every row in every round, each beside the bare program.

use anyhow::Result;

use super::{bare::Bare, case::Case, statistics::Sample, subject::Subject};

/// A case for one program, and what was measured of it.
pub struct Lane<'a> {
    /// Which of the table's rows it belongs to.
    pub row: usize,
    /// The column.
    pub column: Column,
    case: &'a Case,
    subject: &'a dyn Subject,
    /// By round.
    pub samples: Vec<Sample>,
}

/// The programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Column {
    /// port12's entry point for this kernel.
    Chosen,
    /// port12's entry point for older kernels.
    Linear,
    /// xdp-filter's full build.
    XdpFilter,
}

impl<'a> Lane<'a> {
    /// Not measured yet.
    pub fn new(row: usize, column: Column, case: &'a Case, subject: &'a dyn Subject) -> Self {
        Self { row, column, case, subject, samples: Vec::new() }
    }

    fn measure(&mut self, bare: &Bare, repeat: u32) -> Result<()> {
        let verdict = self.case.outcome.verdict();
        let floor = bare.time(verdict, &self.case.frame, repeat)?;
        let cost = self.subject.time(self.case, repeat)?;
        self.samples.push(Sample { floor, cost });
        Ok(())
    }
}

/// Runs the rounds, and one before them that warms the caches and is thrown away. The bare program
/// runs just before each measurement, so that both see the same clock speed and the same
/// neighbours.
pub fn run(lanes: &mut [Lane<'_>], bare: &Bare, rounds: u32, repeat: u32) -> Result<()> {
    for round in 0..=rounds {
        for lane in &mut *lanes {
            lane.measure(bare, repeat)?;
        }
        if round == 0 {
            lanes.iter_mut().for_each(|lane| lane.samples.clear());
        }
    }
    Ok(())
}
