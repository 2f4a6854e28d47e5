//! `REPLAY`: the capture's time instead of the kernel's, and none of the host's sockets.

use std::net::{SocketAddr, UdpSocket};

use port12::{
    kernel::{instance::LoadOptions, object::EntryPoint},
    snapshot::Snapshot,
};
use port12_common::{
    Outcome,
    Transport::{self, Tcp, Udp},
    Verdict,
    abi::{Action, Gate, HostTable, Policy},
};

use crate::{
    knock::{SOURCE_PORT, knock},
    namespace,
    subject::Subject,
};

const PORT: u16 = 717;

#[test]
fn a_replayed_program_goes_by_the_captures_clock() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let subject = load(entry, true, 5000);
            subject.instance.set_replayed_jiffies(5000);
            assert_eq!(send(&subject, Tcp), Verdict::Drop, "the heartbeat's last jiffy");
            assert_eq!(last_seen(&subject, Tcp), 5000);
            subject.instance.set_replayed_jiffies(5001);
            assert_eq!(send(&subject, Tcp), Verdict::Pass, "the heartbeat is stale");
            assert_eq!(last_seen(&subject, Tcp), 5001);
        }
    });
}

#[test]
fn a_replayed_program_looks_no_socket_up() {
    namespace::alone(|| {
        let _socket = UdpSocket::bind(("127.0.0.1", PORT)).expect("a port to bind to");
        for entry in EntryPoint::ALL {
            let live = load(entry, false, u64::MAX);
            assert_eq!(send(&live, Udp), Verdict::Pass);
            assert_eq!(outcome(&live, Outcome::LocalSocket), 1);
            let replayed = load(entry, true, u64::MAX);
            // The policy does not say that a look-up proves anything, so the probe is passed.
            assert_eq!(send(&replayed, Udp), Verdict::Pass);
            assert_eq!(outcome(&replayed, Outcome::Probe), 1);
        }
    });
}

#[test]
fn a_live_program_goes_by_the_kernels_clock() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let subject = load(entry, false, 0);
            subject.instance.set_replayed_jiffies(77);
            let before = subject.instance.now().expect("the clock program runs");
            set_heartbeat(&subject, before.jiffies + 60 * before.hz);
            assert_eq!(send(&subject, Tcp), Verdict::Drop, "the heartbeat is fresh");
            set_heartbeat(&subject, before.jiffies - 1);
            assert_eq!(send(&subject, Tcp), Verdict::Pass, "the heartbeat is stale");
            let after = subject.instance.now().expect("the clock program runs");
            let seen = last_seen(&subject, Tcp);
            assert!(
                (before.jiffies..=after.jiffies).contains(&seen),
                "{before:?} {seen} {after:?}"
            );
        }
    });
}

fn load(entry: EntryPoint, replay: bool, valid_until: u64) -> Subject {
    let subject = Subject::bare(&LoadOptions { replay, ..LoadOptions::live(entry) });
    set_heartbeat(&subject, valid_until);
    subject
}

fn set_heartbeat(subject: &Subject, valid_until: u64) {
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::OPEN;
    policy.set(Tcp, PORT, Action::Drop { enforce: false }.into());
    policy.set(Udp, PORT, Action::Drop { enforce: false }.into());
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = valid_until;
    subject.set(&policy, &host);
}

fn send(subject: &Subject, transport: Transport) -> Verdict {
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let frame = knock(transport, address(SOURCE_PORT), address(PORT));
    subject.run(&frame).expect("test-run takes the frame")
}

fn last_seen(subject: &Subject, transport: Transport) -> u64 {
    Snapshot::read(subject.instance.counters()).port(transport, PORT).last_seen
}

fn outcome(subject: &Subject, outcome: Outcome) -> u64 {
    Snapshot::read(subject.instance.counters()).outcome(outcome).packets
}
