//! What it costs to record who knocks, and to tell of it: the program that does against the one that does
//! not, behind sources of which every frame has another.

use anyhow::{Result, ensure};
use port12_common::Verdict;
use serde::Serialize;

use super::{
    bare::code,
    cases,
    cpu::timed,
    statistics::{Sample, Summary},
    subject::product::Product,
    target::{self, Target},
    vary::Vary,
};

/// How many sources there are; each is a power of two.
const NUMBERS: [u32; 5] = [1, 1 << 10, 1 << 16, 1 << 20, 1 << 24];

/// A number of sources.
#[derive(Debug, Serialize)]
pub struct Row {
    /// How many.
    pub sources: u32,
    /// Nanoseconds that it adds to a SYN that is counted and dropped.
    pub cost: Summary,
    /// What they are held against.
    pub target: Option<Target>,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// The record of the sources.
    Record,
    /// Telling of first touches, beside the record.
    Events,
}

impl What {
    /// Up to a thousand sources every frame but a few touches again what its source has touched before;
    /// beyond, nearly all of them are first touches, of which the budget leaves few.
    const fn target(self, sources: u32) -> Option<Target> {
        match (self, sources <= 1 << 10) {
            (Self::Record, true) => Some(target::SOURCES),
            (Self::Record, false) => Some(target::MANY_SOURCES),
            (Self::Events, true) => Some(target::EVENTS),
            (Self::Events, false) => None,
        }
    }
}

/// A program that does it, one that does not, and what varies them in front of each.
pub struct Pair<'a> {
    what: What,
    with: (&'a Product, Vary),
    without: (&'a Product, Vary),
}

impl<'a> Pair<'a> {
    /// Both programs.
    pub fn of(what: What, with: &'a Product, without: &'a Product) -> Result<Self> {
        let vary = |product: &'a Product| -> Result<_> {
            Ok((product, Vary::before(product.program()?)?))
        };
        Ok(Self { what, with: vary(with)?, without: vary(without)? })
    }

    /// The programs that vary, to be [kept](super::dispatcher::keep).
    pub fn programs(&self) -> [&Vary; 2] {
        [&self.with.1, &self.without.1]
    }

    /// Measures every number in every round. Which sources share a slot is another matter in each
    /// round; the frames of a first measurement fill the table.
    pub fn measure(&self, rounds: u32, repeat: u32) -> Result<Vec<Row>> {
        let mut samples = NUMBERS.map(|_| Vec::new());
        for _ in 0..rounds {
            for (sources, samples) in NUMBERS.into_iter().zip(&mut samples) {
                for side in [&self.without, &self.with] {
                    side.0.forget_sources()?;
                    time(side, sources, repeat)?;
                }
                let floor = time(&self.without, sources, repeat)?;
                let cost = time(&self.with, sources, repeat)?;
                samples.push(Sample { floor, cost });
            }
        }
        let row = |(sources, samples): (u32, Vec<Sample>)| Row {
            sources,
            cost: Summary::of(&samples),
            target: self.what.target(sources),
        };
        Ok(NUMBERS.into_iter().zip(samples).map(row).collect())
    }
}

fn time((product, vary): &(&Product, Vary), sources: u32, repeat: u32) -> Result<f64> {
    let case = cases::syn_of_anybody();
    product.prepare(&case)?;
    let before = product.dropped();
    let (time, returned) = timed(|| vary.run(&case.frame, sources, repeat))?;
    ensure!(returned == code(Verdict::Drop), "{sources} sources: port12 returned {returned}");
    let dropped = product.dropped() - before;
    ensure!(dropped == u64::from(repeat), "{sources} sources: {dropped} of {repeat} were dropped");
    Ok(time / f64::from(repeat))
}
