//! Conversation starts that a socket has taken since they were asked for last.

use port12_common::{
    Outcome, Transport,
    abi::{CpuCounters, PORTS},
};

use crate::kernel::mapped::Mapped;

/// What was there at the last look, by transport and port.
pub(super) struct Taken {
    all: u64,
    ports: Box<[[u64; PORTS]; Transport::ALL.len()]>,
}

impl Taken {
    /// What is there from before is nobody's news.
    pub(super) fn of(counters: &Mapped<CpuCounters>) -> Self {
        Self { all: all(counters), ports: ports(counters) }
    }

    /// What has come, by port. Where nothing has, that takes a look at one number of each CPU.
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
    let cpus = (0..counters.len()).filter_map(|index| counters.pointer(index));
    // SAFETY: the pointer is to a mapped element, which the kernel may be writing: it is only copied
    // from; the index is within the array.
    cpus.map(|cpu| unsafe {
        (&raw const (*cpu).outcomes[Outcome::LocalSocket as usize]).read_volatile().packets
    })
    .sum()
}

fn ports(counters: &Mapped<CpuCounters>) -> Box<[[u64; PORTS]; Transport::ALL.len()]> {
    let mut ports = Box::new([[0; PORTS]; Transport::ALL.len()]);
    for cpu in (0..counters.len()).filter_map(|index| counters.pointer(index)) {
        for (transport, sums) in ports.iter_mut().enumerate() {
            for (port, sum) in sums.iter_mut().enumerate() {
                // SAFETY: as above; both indexes are within the arrays.
                *sum += unsafe {
                    (&raw const (*cpu).ports[transport][port].local_socket).read_volatile()
                };
            }
        }
    }
    ports
}
