//! No SYN is lost that comes to a listener as soon as that is there.

use std::{
    net::{SocketAddr, SocketAddrV4},
    sync::atomic::{AtomicU8, Ordering},
    thread,
    time::{Duration, Instant},
};

use port12::{kernel::mapped::MappedMut, mapped_part_mut};
use port12_common::{
    Transport,
    abi::{self, Sockets, State},
};
use socket2::{Domain, Socket, Type};

use super::{CGROUP2, HEARD, PORTS, UNHEARD};
use crate::support::{Bpffs, Pair, Port12, addresses::NEAR, lab, until};

/// A host in drop mode, whose state is in reach.
struct Dropping {
    pair: Pair,
    _bpffs: Bpffs,
    state: MappedMut<State>,
    port12: Port12,
}

impl Dropping {
    fn start(hears: bool) -> Self {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let before = if hears { CGROUP2 } else { "true" };
        let mut command = pair.near.command_after(before, env!("CARGO_BIN_EXE_port12"));
        command.args(["run", "--output", "json", "-v", "-i", "w0", "--mode", "drop"]);
        command.env("PORT12_PIN_DIR", bpffs.pins());
        let mut port12 = Port12::spawn(command);
        port12.wait_until_said(if hears { HEARD } else { UNHEARD });
        let state = bpffs.state("w0");
        Self { pair, _bpffs: bpffs, state, port12 }
    }

    fn mark(&self, port: u16) -> &AtomicU8 {
        let marks = mapped_part_mut!(self.state.first_mut(), host.sockets.listed).atomic_bytes();
        &marks[Transport::Tcp as usize * abi::PORTS + usize::from(port)]
    }

    /// Connects from the far host to listeners that have just come, as many times; returns how often the first SYN was
    /// lost. Before each, nothing is known of the port, as if nobody had ever bound it.
    fn lost(&self, trials: usize, pause: Duration) -> usize {
        const BATCH: usize = 100;
        let mut lost = 0;
        for start in (0..trials).step_by(BATCH) {
            let count = BATCH.min(trials - start);
            let make = || -> Vec<Socket> {
                let make = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                (0..count).map(|_| make()).collect()
            };
            let (servers, clients) = (self.pair.near.enter(make), self.pair.far.enter(make));
            for (turn, (server, client)) in servers.into_iter().zip(clients).enumerate() {
                let port = PORTS[(start + turn) % PORTS.len()];
                let at = SocketAddrV4::new(NEAR, port);
                server.set_reuse_address(true).unwrap();
                client.set_linger(Some(Duration::ZERO)).unwrap();
                self.mark(port).store(0, Ordering::SeqCst);
                // Whoever reads this process's descriptors holds a socket for a moment after it was closed.
                until("the port to be free", || server.bind(&at.into()).ok());
                thread::sleep(pause);
                server.listen(1).unwrap();
                // The second SYN comes after a second.
                let patience = Duration::from_millis(800);
                lost += usize::from(
                    client.connect_timeout(&SocketAddr::from(at).into(), patience).is_err(),
                );
            }
        }
        lost
    }
}

#[test]
fn no_first_syn_is_lost_of_twenty_thousand_to_listeners_that_have_just_come() {
    lab(|| {
        let host = Dropping::start(true);
        assert_eq!(host.lost(20_000, Duration::ZERO), 0);
        let totals = host.port12.stop();
        assert_eq!(totals.outcome("dropped"), 0, "{}", totals.0);
        assert!(totals.outcome("local_socket") >= 20_000, "{}", totals.0);
    });
}

/// What there is without: the test above has teeth.
#[test]
fn without_the_programs_first_syns_are_lost() {
    lab(|| {
        let host = Dropping::start(false);
        assert!(host.lost(10, Duration::ZERO) >= 8);
    });
}

#[test]
fn a_socket_that_listens_long_after_its_bind_loses_no_syn() {
    lab(|| {
        let host = Dropping::start(true);
        assert_eq!(host.lost(2, Duration::from_secs(1)), 0);
        // The byte of the bind is forgotten after some two seconds.
        assert_eq!(host.lost(2, Duration::from_secs(4)), 0);
    });
}

#[test]
fn the_byte_of_a_bind_is_kept_for_two_seconds_and_no_longer_than_that_after_its_end() {
    lab(|| {
        let host = Dropping::start(true);
        let socket =
            host.pair.near.enter(|| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
        socket.bind(&SocketAddrV4::new(NEAR, 12).into()).unwrap();
        assert!(host.mark(12).load(Ordering::SeqCst) >= Sockets::FRESH);
        let start = Instant::now();
        until("the byte to be forgotten", || {
            (host.mark(12).load(Ordering::SeqCst) == 0).then_some(())
        });
        assert!(start.elapsed() > Duration::from_millis(1500), "{:?}", start.elapsed());
    });
}
