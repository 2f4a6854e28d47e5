//! Conversation starts that a socket has taken since they were asked for last.

use port12_common::{
    Outcome, Transport,
    abi::{CpuCounters, PORTS},
};

use crate::{kernel::mapped::Mapped, mapped_read};

/// Counters of the last look, by transport and port.
pub(super) struct Taken {
    all: u64,
    ports: Box<[[u64; PORTS]; Transport::ALL.len()]>,
}

impl Taken {
    /// Counters from before are no news.
    pub(super) fn of(counters: &Mapped<CpuCounters>) -> Self {
        Self { all: all(counters), ports: ports(counters) }
    }

    /// Received flow starts, by port. Without any, this costs one number of each CPU.
    pub(super) fn news(&mut self, counters: &Mapped<CpuCounters>) -> Vec<(Transport, u16, u64)> {
        let all = all(counters);
        if all == self.all {
            return Vec::new();
        }
        let before = std::mem::replace(self, Self { all, ports: ports(counters) });
        let mut news = Vec::new();
        for transport in Transport::ALL {
            let of = |taken: &Self| taken.ports[transport as usize];
            for (port, (new, old)) in (0..).zip(of(self).into_iter().zip(of(&before))) {
                if new > old {
                    news.push((transport, port, new - old));
                }
            }
        }
        news
    }
}

fn all(counters: &Mapped<CpuCounters>) -> u64 {
    let cpus = counters.elements();
    cpus.map(|cpu| mapped_read!(cpu, outcomes[Outcome::LocalSocket as usize].packets)).sum()
}

fn ports(counters: &Mapped<CpuCounters>) -> Box<[[u64; PORTS]; Transport::ALL.len()]> {
    let mut ports = Box::new([[0; PORTS]; Transport::ALL.len()]);
    for cpu in counters.elements() {
        for (transport, sums) in ports.iter_mut().enumerate() {
            for (port, sum) in sums.iter_mut().enumerate() {
                *sum += mapped_read!(cpu, ports[transport][port].local_socket);
            }
        }
    }
    ports
}
