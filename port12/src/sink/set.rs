//! The sinks of a run.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Counts, Record, Sink, SinkError, SinkSpec};
use crate::{privileges, text::Printable};

/// All sinks, each of which writes for itself.
#[derive(Debug, Default)]
pub struct Sinks {
    sinks: Vec<Sink>,
}

impl Sinks {
    /// Starts all sinks, or none.
    ///
    /// # Errors
    ///
    /// [`SinkError`] names the sink that cannot be had.
    pub fn start(specs: &[SinkSpec]) -> Result<Self, SinkError> {
        let mut sinks = Self::default();
        sinks.replace(specs, Duration::ZERO)?;
        Ok(sinks)
    }

    /// Has these sinks from now on: those that are there stay as they are, with what they have in
    /// their queues; others are started; the rest write what they have for `patience` at most, while
    /// nobody waits for them.
    ///
    /// # Errors
    ///
    /// [`SinkError`]; nothing has changed.
    pub fn replace(&mut self, specs: &[SinkSpec], patience: Duration) -> Result<(), SinkError> {
        unlike(specs)?;
        let mut started = Vec::new();
        for spec in specs.iter().filter(|spec| self.find(spec).is_none()) {
            let sink = Sink::start(spec.clone())?;
            let staying = self.sinks.iter().filter(|sink| specs.contains(sink.spec()));
            if let Some(same) = staying.chain(&started).find(|other| is_one_file(other, &sink)) {
                let (first, second) = (same.spec().clone(), spec.clone());
                return Err(SinkError::Same { first, second });
            }
            started.push(sink);
        }
        let (kept, gone) =
            mem::take(&mut self.sinks).into_iter().partition(|sink| specs.contains(sink.spec()));
        self.sinks = kept;
        self.sinks.append(&mut started);
        let place = |sink: &Sink| specs.iter().position(|spec| spec == sink.spec());
        self.sinks.sort_by_key(place);
        for sink in gone {
            retire(sink, patience);
        }
        Ok(())
    }

    fn find(&self, spec: &SinkSpec) -> Option<&Sink> {
        self.sinks.iter().find(|sink| sink.spec() == spec)
    }

    /// Offers a record to every sink that takes it, and waits for none.
    pub fn offer(&self, record: &Arc<Record>) {
        for sink in &self.sinks {
            sink.offer(record);
        }
    }

    /// Offers a record to every sink that takes it, and waits until each has room for it: of a capture, which
    /// waits for whoever reads it. One that writes nothing for `patience` is waited for no longer.
    pub fn offer_patiently(&self, record: &Arc<Record>, patience: Duration) {
        for sink in &self.sinks {
            sink.offer_patiently(record, patience);
        }
    }

    /// Whether there is no sink.
    pub fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Whether a sink's reader has gone for good: standard output was closed.
    pub fn is_closed(&self) -> bool {
        self.sinks.iter().any(Sink::is_closed)
    }

    /// Whether somebody is told of alerts: captures and portsentry's lines have none.
    pub fn take_alerts(&self) -> bool {
        self.sinks.iter().any(|sink| sink.spec().form.has_alerts())
    }

    /// Opens all targets anew: files have been moved away.
    pub fn reopen(&self) {
        for sink in &self.sinks {
            sink.reopen();
        }
    }

    /// What became of the records of each sink, in the order in which the sinks were asked for.
    pub fn counts(&self) -> impl Iterator<Item = (&SinkSpec, Counts)> {
        self.sinks.iter().map(|sink| (sink.spec(), sink.counts()))
    }

    /// Ends all sinks: waits for `patience`, in all, until everything is written.
    pub fn finish(self, patience: Duration) -> Vec<(SinkSpec, Counts)> {
        let deadline = Instant::now() + patience;
        let closed: Vec<_> =
            self.sinks.into_iter().map(|sink| (sink.spec().clone(), sink.close())).collect();
        closed.into_iter().map(|(spec, sink)| (spec, sink.finish(deadline))).collect()
    }
}

/// Lets a sink write what it has while nobody waits.
fn retire(sink: Sink, patience: Duration) {
    let spec = sink.spec().clone();
    let closed = sink.close();
    let deadline = Instant::now() + patience;
    let wait = move || {
        let Counts { lost, .. } = closed.finish(deadline);
        if lost > 0 {
            log::warn!("the sink {} has ended; {lost} records were lost", Printable(&spec));
        }
    };
    // Without a thread nobody waits: the worker ends when its queue is empty.
    let _ = privileges::spawn("retired sink", wait);
}

/// No two sinks have one target.
fn unlike(specs: &[SinkSpec]) -> Result<(), SinkError> {
    for (index, second) in specs.iter().enumerate() {
        if let Some(first) = specs[..index].iter().find(|first| first.target == second.target) {
            let (first, second) = (first.clone(), second.clone());
            return Err(SinkError::Same { first, second });
        }
    }
    Ok(())
}

/// Two names may lead to one file.
fn is_one_file(one: &Sink, other: &Sink) -> bool {
    one.identity().is_some_and(|identity| other.identity() == Some(identity))
}

#[cfg(test)]
mod tests;
