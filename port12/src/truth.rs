//! Keeps what the kernel program knows of the host true: its sockets, and its addresses.

mod marks;

use std::{
    sync::atomic::{Ordering, fence},
    time::{Duration, Instant},
};

use aya::programs::ProgramError;
use port12_common::{SocketProof, Transport, abi::Action};
use thiserror::Error;

use crate::{
    host::{
        HostError,
        addresses::{self, LocalAddresses},
        news::{News, Subject},
        programs,
        publish::publish,
        sockets::{self, OpenSockets},
    },
    kernel::instance::Instance,
};

/// How often the truth is renewed. A TCP listener that is younger loses its first SYN in drop mode where no program
/// hears of its bind, and the client's next one comes after a second.
pub const PERIOD: Duration = Duration::from_millis(250);

/// How long the program trusts it without renewal, by running time.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long a datagram to a UDP port may be a late answer after a socket had the port, by running time.
const LATE: Duration = Duration::from_secs(60);

/// Listing the addresses takes no more than one part in so many of the time.
const SHARE: u32 = 50;

/// Why the kernel program is left with what it knew.
#[derive(Debug, Error)]
pub enum TruthError {
    /// The host cannot be asked.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The kernel's clock cannot be read.
    #[error("cannot read the kernel's clock: {0}")]
    Clock(#[from] ProgramError),
}

/// Last published tables.
#[derive(Default)]
pub struct Truth {
    /// The sockets of the last look.
    open: Option<OpenSockets>,
    addresses: Option<LocalAddresses>,
    /// When to list the addresses again: the kernel walks all its routes for them, so that a
    /// router's table takes its time.
    due: Option<Instant>,
    /// Tells of addresses that come and go, so that they need not wait for their turn.
    news: Option<News>,
}

impl Truth {
    /// One that hears of the addresses of the calling thread's network namespace.
    pub fn listening() -> Self {
        let news = News::open(Subject::Addresses);
        if let Err(error) = &news {
            log::info!("no word of addresses that come and go ({error}): they are listed in turn");
        }
        Self { news: news.ok(), ..Self::default() }
    }

    /// Publishes the sockets and addresses of the calling thread's network namespace, and renews
    /// the heartbeat. Returns the addresses that the tables do not hold, once for each change:
    /// what comes for them passes as transit.
    ///
    /// # Errors
    ///
    /// [`TruthError`]; the heartbeat is not renewed then.
    pub fn publish(&mut self, instances: &[&Instance]) -> Result<LocalAddresses, TruthError> {
        // The sockets first: they are worth most, and stand without the addresses.
        if !instances.is_empty() {
            self.open = Some(publish_sockets(instances)?);
        }
        let news = self.news.as_ref().is_some_and(News::have_come);
        if !news && self.due.is_some_and(|due| Instant::now() < due) {
            return Ok(LocalAddresses::default());
        }
        self.publish_addresses(instances)
    }

    /// The sockets that would take the start of a conversation, as they were published last; once.
    pub fn take_sockets(&mut self) -> Option<OpenSockets> {
        self.open.take()
    }

    fn publish_addresses(&mut self, instances: &[&Instance]) -> Result<LocalAddresses, TruthError> {
        let mut left_out = LocalAddresses::default();
        let began = Instant::now();
        let addresses = addresses::local()?;
        self.due = Some(Instant::now() + began.elapsed() * SHARE);
        if self.addresses.as_ref() != Some(&addresses) {
            let published = publish(&addresses);
            for instance in instances {
                instance.state().set_addresses(&published.local);
            }
            left_out = published.left_out;
            self.addresses = Some(addresses);
        }
        Ok(left_out)
    }
}

/// Lists the sockets once, and publishes them to all programs.
fn publish_sockets(instances: &[&Instance]) -> Result<OpenSockets, TruthError> {
    // The heartbeat counts from before the listing: a socket may open while it goes on. The programs have one clock.
    let Some(first) = instances.first() else {
        return Ok(OpenSockets::default());
    };
    let now = first.now()?;
    let open = sockets::scan();
    let listed = open.bitmap().listed;
    let sees_udp = !open.unseen.contains_key(&Transport::Udp);
    // A program that chooses sockets may choose one of another port; the look-ups run it.
    let may_be_elsewhere = programs::chooses_sockets().unwrap_or(true);
    for instance in instances {
        let is_proof = proves_none(&open, |it| drops(instance, it)) && !may_be_elsewhere;
        let valid_until = if is_proof { now.after(HEARTBEAT) } else { 0 };
        let state = instance.state();
        marks::renew(state.marks(), &listed);
        fence(Ordering::SeqCst);
        state.set_valid_until(valid_until);
        state.expect_late_answers(now.after(LATE), sees_udp);
    }
    Ok(open)
}

/// Whether the policy of a program drops probes of a transport.
fn drops(instance: &Instance, transport: Transport) -> bool {
    let rules = instance.state().rules();
    rules[transport as usize].iter().any(|rule| matches!(rule.action(), Action::Drop { .. }))
}

/// Whether a clear bit says that there is no listener: not where TCP's cannot be listed, nor those of
/// a transport of which something `drops`, though nothing else knows of its sockets. UDP's are looked
/// up all the same.
fn proves_none(open: &OpenSockets, drops: impl Fn(Transport) -> bool) -> bool {
    let needs = |transport: Transport| match transport.info().proof {
        SocketProof::Listing => true,
        SocketProof::Lookup => false,
        SocketProof::ListingAlone => drops(transport),
    };
    !open.unseen.keys().any(|&transport| needs(transport))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_that_cannot_be_listed_are_not_taken_for_none() {
        let unseen = |transport| OpenSockets {
            unseen: [(transport, String::new())].into(),
            ..OpenSockets::default()
        };
        let all_drop = |_| true;
        let only_tcp = |transport| transport == Transport::Tcp;
        assert!(proves_none(&OpenSockets::default(), all_drop));
        assert!(!proves_none(&unseen(Transport::Tcp), only_tcp));
        assert!(proves_none(&unseen(Transport::Udp), all_drop));
        for transport in [Transport::UdpLite, Transport::Sctp, Transport::Dccp] {
            assert!(proves_none(&unseen(transport), only_tcp), "{transport}");
            assert!(!proves_none(&unseen(transport), all_drop), "{transport}");
        }
    }
}
