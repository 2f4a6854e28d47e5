//! One kind of traffic, and how port12 has to count it.

use std::{fmt, io, thread, time::Duration};

use anyhow::{Result, bail, ensure};
use port12::report::{Report, write_table};

use super::{lab::Lab, watcher::Watcher};

/// Something that port12 counts.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    /// Frames of an outcome.
    Outcome(&'static str),
    /// Probes of a port, dropped ones included.
    Port(&'static str, u16),
    /// Probes of a shape.
    Shape(&'static str),
}

impl Count {
    /// How many there are in a report.
    pub fn of(self, report: &Report) -> u64 {
        match self {
            Self::Outcome(name) => {
                let interfaces = report.state.interfaces.iter();
                let outcomes = interfaces.flat_map(|each| &each.counts.outcomes);
                let named = outcomes.filter(|(outcome, _)| outcome.as_str() == name);
                named.map(|(_, counts)| counts.packets).sum()
            }
            Self::Port(transport, number) => {
                let ports = report.state.interfaces.iter().flat_map(|each| &each.ports);
                ports
                    .filter(|port| (port.transport.as_str(), port.port) == (transport, number))
                    .map(|port| port.packets)
                    .sum()
            }
            Self::Shape(name) => {
                let interfaces = report.state.interfaces.iter();
                let types = interfaces.flat_map(|each| &each.counts.probe_types);
                types.filter(|(it, _)| it.as_str() == name).map(|(_, count)| count).sum()
            }
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome(name) | Self::Shape(name) => formatter.write_str(name),
            Self::Port(transport, port) => write!(formatter, "{transport}/{port}"),
        }
    }
}

/// How many frames a scene adds to a count.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Exactly(u64),
    /// For conversations, whose acknowledgements the kernel groups as it likes.
    AtLeast(u64),
}

impl Number {
    fn is(self, count: u64) -> bool {
        match self {
            Self::Exactly(number) => count == number,
            Self::AtLeast(number) => count >= number,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(number) => write!(formatter, "{number}"),
            Self::AtLeast(number) => write!(formatter, "at least {number}"),
        }
    }
}

/// One kind of traffic.
pub struct Scene {
    /// What is sent, in a sentence.
    pub sent: &'static str,
    /// Sends it.
    pub send: fn(&Lab) -> Result<()>,
    /// What it adds to the counts.
    pub adds: &'static [(Count, Number)],
}

impl Scene {
    /// Sends the traffic, and says how it was counted.
    pub fn play(&self, lab: &Lab, watcher: &mut Watcher) -> Result<()> {
        println!("{}", self.sent);
        let before: Vec<u64> =
            self.adds.iter().map(|(count, _)| count.of(watcher.last())).collect();
        (self.send)(lab)?;
        let mut added = Vec::new();
        // A frame may wait for a busy CPU.
        for _ in 0..10 {
            let report = watcher.report()?;
            let after = self.adds.iter().map(|(count, _)| count.of(report));
            added =
                after.zip(&before).map(|(after, before)| after.saturating_sub(*before)).collect();
            if self.adds.iter().zip(&added).all(|((_, number), &added)| number.is(added)) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let counted = self.adds.iter().zip(&added);
        let words: Vec<_> = counted.map(|((count, _), added)| format!("{count} {added}")).collect();
        println!("    port12 counted: {}", words.join(", "));
        for ((count, number), &added) in self.adds.iter().zip(&added) {
            if !number.is(added) {
                write_table(watcher.last(), None, &mut io::stdout())?;
                bail!("port12 counted {count} {added}, and {number} were sent");
            }
        }
        Ok(())
    }
}

/// Checks that the scenes account for every probe, and the outcomes for every frame.
pub fn check_probes(scenes: &[Scene], totals: &Report) -> Result<()> {
    for name in ["probe", "dropped"] {
        let expected: u64 = scenes
            .iter()
            .flat_map(|scene| scene.adds)
            .map(|add| match add {
                (Count::Outcome(outcome), Number::Exactly(number)) if *outcome == name => *number,
                (Count::Outcome(_) | Count::Port(..) | Count::Shape(_), _) => 0,
            })
            .sum();
        let counted = Count::Outcome(name).of(totals);
        ensure!(counted == expected, "port12 counted {name} {counted}, and {expected} were sent");
    }
    for interface in &totals.state.interfaces {
        let sum: u64 = interface.counts.outcomes.values().map(|tally| tally.packets).sum();
        let frames = interface.counts.frames.packets;
        ensure!(sum == frames, "the outcomes add up to {sum}, of {frames} frames");
    }
    Ok(())
}
