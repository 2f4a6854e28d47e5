//! Rates between two states. Each reader keeps a baseline of its own, so readers do not disturb each other.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use port12_common::Transport;

use super::{InterfaceState, PortRates, Rates, State};

/// Counts per second over a period.
struct Period {
    seconds: f64,
}

impl Period {
    /// A counter that is smaller than before has begun anew.
    fn rate(&self, now: u64, before: u64) -> f64 {
        let counted = now.checked_sub(before).unwrap_or(now);
        if self.seconds > 0.0 { counted as f64 / self.seconds } else { 0.0 }
    }

    fn port(&self, now: (u64, u64), before: (u64, u64)) -> PortRates {
        PortRates {
            packets_per_second: self.rate(now.0, before.0),
            bits_per_second: self.rate(now.1, before.1) * 8.0,
        }
    }
}

/// Counters that a rate starts from.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// Moment of the counters, in nanoseconds of [`State::clock_ns`].
    clock_ns: u64,
    /// Time of day of the counters.
    time: SystemTime,
    interfaces: HashMap<String, (u64, u64)>,
    ports: HashMap<(String, Transport, u16), (u64, u64)>,
    outbound: HashMap<(String, Transport, u16), (u64, u64)>,
}

impl Baseline {
    /// Counters of zero at a moment: all packets came after it.
    pub fn zero(clock_ns: u64) -> Self {
        Self {
            clock_ns,
            time: SystemTime::UNIX_EPOCH,
            interfaces: HashMap::new(),
            ports: HashMap::new(),
            outbound: HashMap::new(),
        }
    }

    /// Seconds from the baseline to a state, by a clock that is never set.
    pub fn seconds_until(&self, state: &State) -> f64 {
        state.clock_ns.saturating_sub(self.clock_ns) as f64 / 1e9
    }

    /// Adds the rates since the baseline to a state.
    pub fn fill(&self, state: &mut State) {
        let period = Period { seconds: self.seconds_until(state) };
        for it in &mut state.interfaces {
            self.fill_interface(it, &period);
        }
        for it in state.outbound.iter_mut().flat_map(|outbound| &mut outbound.ports) {
            let key = (it.interface.clone(), it.transport, it.port);
            let before = self.outbound.get(&key).copied().unwrap_or_default();
            it.rates = Some(period.port((it.packets, it.bytes), before));
        }
    }

    fn fill_interface(&self, it: &mut InterfaceState, period: &Period) {
        // Counters of an interface that was attached before the baseline may be old. Its time is in whole seconds.
        let attached_at = it.attached_at.map(|at| at + Duration::from_secs(1));
        let is_new = attached_at.is_none_or(|at| at >= self.time);
        let before = match self.interfaces.get(&it.interface) {
            Some(before) => *before,
            None if is_new => (0, 0),
            None => return,
        };
        let frames = it.counts.frames;
        let bits_per_second = period.rate(frames.bytes, before.1) * 8.0;
        let speed = it.speed_bits_per_second.filter(|&speed| speed > 0);
        it.rates = Some(Rates {
            frames_per_second: period.rate(frames.packets, before.0),
            bits_per_second,
            utilization: speed.map(|speed| bits_per_second / speed as f64),
        });
        for port in &mut it.ports {
            let key = (it.interface.clone(), port.transport, port.port);
            let before = self.ports.get(&key).copied().unwrap_or_default();
            port.rates = Some(period.port((port.packets, port.bytes), before));
        }
    }
}

impl From<&State> for Baseline {
    fn from(state: &State) -> Self {
        let mut baseline = Self { time: state.time, ..Self::zero(state.clock_ns) };
        for it in &state.interfaces {
            let frames = (it.counts.frames.packets, it.counts.frames.bytes);
            baseline.interfaces.insert(it.interface.clone(), frames);
            for port in &it.ports {
                let key = (it.interface.clone(), port.transport, port.port);
                baseline.ports.insert(key, (port.packets, port.bytes));
            }
        }
        for it in state.outbound.iter().flat_map(|outbound| &outbound.ports) {
            let key = (it.interface.clone(), it.transport, it.port);
            baseline.outbound.insert(key, (it.packets, it.bytes));
        }
        baseline
    }
}
