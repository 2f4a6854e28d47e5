//! Knocks that have reached a socket.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use port12_common::Transport;

use super::PER_MINUTE;
use crate::scan::UserBudgets;

/// A port is told of once in this time.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// When to tell of knocks that reached a socket.
#[derive(Debug)]
pub struct Reached {
    ports: BTreeMap<(Transport, u16), Waiting>,
    budgets: UserBudgets,
}

/// Facts about one port.
#[derive(Debug)]
struct Waiting {
    interface: Arc<str>,
    packets: u64,
    /// Whether they came after the look at the sockets that may be at hand.
    is_fresh: bool,
    told: Option<Duration>,
}

/// Knocks to tell of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Knock {
    /// The transport.
    pub transport: Transport,
    /// The port.
    pub port: u16,
    /// Where the last of them came in.
    pub interface: Arc<str>,
    /// How many there were since it was told last.
    pub packets: u64,
}

impl Default for Reached {
    fn default() -> Self {
        Self { ports: BTreeMap::new(), budgets: UserBudgets::new(PER_MINUTE) }
    }
}

impl Reached {
    /// Takes note of knocks on a port.
    pub fn note(&mut self, interface: &Arc<str>, transport: Transport, port: u16, packets: u64) {
        let place = self.ports.entry((transport, port));
        let waiting = place.or_insert_with(|| Waiting {
            interface: Arc::clone(interface),
            packets: 0,
            is_fresh: true,
            told: None,
        });
        waiting.interface = Arc::clone(interface);
        // Those that wait already, wait no longer for these.
        waiting.is_fresh |= waiting.packets == 0;
        waiting.packets += packets;
    }

    /// What is to be told after a look at the sockets; at the end, all that waits. The time is running time.
    /// Knocks at a port of which it `is_unasked` who has it wait until that is known. The budget is that of the
    /// `user` who has the port.
    pub fn due(
        &mut self,
        now: Duration,
        is_end: bool,
        is_unasked: impl Fn(Transport, u16) -> bool,
        user: impl Fn(Transport, u16) -> Option<u32>,
    ) -> Vec<Knock> {
        let mut ready = Vec::new();
        for (&(transport, port), waiting) in &mut self.ports {
            let is_fresh = std::mem::replace(&mut waiting.is_fresh, false);
            let is_early = waiting.told.is_some_and(|told| now < told + AGAIN_AFTER);
            let waits = is_fresh || is_early || is_unasked(transport, port);
            if waiting.packets > 0 && (is_end || !waits) {
                ready.push((transport, port, waiting));
            }
        }
        // Those that were never told come first, and then those that have waited longest.
        ready.sort_by_key(|(_, _, waiting)| waiting.told);
        let mut due = Vec::new();
        for (transport, port, waiting) in ready {
            if !self.budgets.take(user(transport, port), now) {
                continue;
            }
            waiting.told = Some(now);
            let packets = std::mem::take(&mut waiting.packets);
            due.push(Knock { transport, port, interface: Arc::clone(&waiting.interface), packets });
        }
        self.ports.retain(|_, it| it.packets > 0 || it.told.is_some_and(|t| now < t + AGAIN_AFTER));
        due
    }

    /// What is to be told of a port whose listener has closed: no later look shows more of it.
    pub fn due_at(
        &mut self,
        (transport, port): (Transport, u16),
        now: Duration,
        user: Option<u32>,
    ) -> Option<Knock> {
        let waiting = self.ports.get_mut(&(transport, port))?;
        let is_early = waiting.told.is_some_and(|told| now < told + AGAIN_AFTER);
        if waiting.packets == 0 || is_early || !self.budgets.take(user, now) {
            return None;
        }
        waiting.told = Some(now);
        let packets = std::mem::take(&mut waiting.packets);
        Some(Knock { transport, port, interface: Arc::clone(&waiting.interface), packets })
    }

    /// Ports with knocks that wait. At the end they were too many.
    pub fn waiting(&self) -> usize {
        self.ports.values().filter(|waiting| waiting.packets > 0).count()
    }
}
