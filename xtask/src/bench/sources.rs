//! What it costs to record who knocks: the program that does against the one that does not, behind
//! sources of which every frame has another.

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
    /// Nanoseconds that the record adds to a SYN that is counted and dropped.
    pub cost: Summary,
    /// What they are held against.
    pub target: Target,
}

/// A program that records sources, one that does not, and what varies them in front of each.
pub struct Pair<'a> {
    with: (&'a Product, Vary),
    without: (&'a Product, Vary),
}

impl<'a> Pair<'a> {
    /// Both programs.
    pub fn of(with: &'a Product, without: &'a Product) -> Result<Self> {
        let vary = |product: &'a Product| -> Result<_> {
            Ok((product, Vary::before(product.program()?)?))
        };
        Ok(Self { with: vary(with)?, without: vary(without)? })
    }

    /// The programs that vary, to be [kept](super::dispatcher::keep).
    pub fn programs(&self) -> [&Vary; 2] {
        [&self.with.1, &self.without.1]
    }

    /// Measures every number in every round; the frames of the first round fill the table.
    pub fn measure(&self, rounds: u32, repeat: u32) -> Result<Vec<Row>> {
        let mut samples = NUMBERS.map(|_| Vec::new());
        // A flood leaves a full table behind: the numbers one after the other, each with its own.
        for (sources, samples) in NUMBERS.into_iter().zip(&mut samples) {
            self.with.0.forget_sources();
            for round in 0..=rounds {
                let floor = time(&self.without, sources, repeat)?;
                let cost = time(&self.with, sources, repeat)?;
                if round > 0 {
                    samples.push(Sample { floor, cost });
                }
            }
        }
        let row = |(sources, samples): (u32, Vec<Sample>)| Row {
            sources,
            cost: Summary::of(&samples),
            target: if sources <= 1 << 10 { target::SOURCES } else { target::MANY_SOURCES },
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
