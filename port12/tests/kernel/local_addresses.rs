//! Which destinations are this host's, by the table that user space publishes, and what becomes
//! of the others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use port12::kernel::{instance::LoadOptions, object::EntryPoint};
use port12_common::{
    Outcome, Shape, Transport,
    abi::{Action, Gate, HostTable, Policy, Prefix4, Prefix6, Rule, TransitPolicy},
};

use crate::{
    counts::Counts,
    knock::{SOURCE_PORT, knock},
    namespace,
    subject::Subject,
    support::{
        answer::{Answer, Segment},
        environment::{is_group, words},
    },
};

const PORT: u16 = 12;

/// The host's own, and whether they are.
const DESTINATIONS: &[(&str, bool)] = &[
    ("10.12.0.2", true),
    ("10.12.0.3", true),
    ("10.12.0.4", false),
    ("192.0.2.0", true),
    ("192.0.2.255", true),
    ("192.0.1.255", false),
    ("192.0.3.0", false),
    ("0.0.0.0", true),
    ("126.255.255.255", false),
    ("127.0.0.1", true),
    ("127.255.255.255", true),
    ("128.0.0.0", false),
    ("223.255.255.255", false),
    ("224.0.0.1", true),
    ("239.255.255.255", true),
    ("240.0.0.0", false),
    ("255.255.255.254", false),
    ("255.255.255.255", true),
    ("fd12::2", true),
    ("fd12::3", true),
    ("fd12::4", false),
    ("fd12::2:0:0:2", false),
    ("2001:db8:12::", true),
    ("2001:db8:12:ffff:ffff:ffff:ffff:ffff", true),
    ("2001:db8:11:ffff::", false),
    ("2001:db8:13::", false),
    ("::", false),
    ("::1", true),
    ("fe80::1", false),
    ("feff::1", false),
    ("ff02::1", true),
];

#[test]
fn a_knock_on_another_host_goes_by_the_transit_policy() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let subject = Subject::bare(&LoadOptions::live(entry));
            for (transit, elsewhere) in [
                (TransitPolicy::Pass, Outcome::Transit),
                (TransitPolicy::Watch, Outcome::Probe),
                (TransitPolicy::Drop, Outcome::Dropped),
            ] {
                subject.set(&policy(transit), &host());
                for (destination, is_local) in DESTINATIONS {
                    let outcome = if *is_local { Outcome::Dropped } else { elsewhere };
                    expect(&subject, destination, outcome);
                }
            }
        }
    });
}

#[test]
fn every_destination_is_local_while_the_addresses_are_unknown() {
    namespace::alone(|| {
        let subject = Subject::bare(&LoadOptions::live(EntryPoint::Frags));
        let mut unknown = host();
        unknown.local[1].known = 0;
        subject.set(&policy(TransitPolicy::Pass), &unknown);
        for (destination, _) in DESTINATIONS {
            expect(&subject, destination, Outcome::Dropped);
        }
    });
}

fn expect(subject: &Subject, destination: &str, outcome: Outcome) {
    let destination: IpAddr = destination.parse().expect("an address");
    // What goes to a group may be for others, and is never dropped.
    let is_group = is_group(destination);
    let outcome = match outcome {
        Outcome::Dropped if is_group => Outcome::Probe,
        outcome => outcome,
    };
    let source: IpAddr = match destination {
        IpAddr::V4(_) => Ipv4Addr::new(198, 51, 100, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1).into(),
    };
    let (from, to) = (SocketAddr::new(source, SOURCE_PORT), SocketAddr::new(destination, PORT));
    let frame = knock(Transport::Tcp, from, to);
    let segment = Segment {
        transport: Transport::Tcp,
        source_port: SOURCE_PORT,
        port: PORT,
        shape: Some(Shape::TcpSyn),
    };
    let answer = Answer::about(segment, outcome);
    let before = subject.glance(&answer);
    let verdict = subject.run(&frame);
    let counted = subject.glance(&answer).since(&before);
    assert_eq!(counted, Counts::of(&answer, frame.len()), "{destination}");
    assert_eq!(verdict, Ok(outcome.verdict()), "{destination}");
}

fn policy(transit: TransitPolicy) -> Box<Policy> {
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::OPEN;
    policy.set(Transport::Tcp, PORT, Rule::new(Action::Drop { enforce: false }, transit));
    policy
}

/// The second set of addresses is in force; the first one is wrong. Addresses are in the last way
/// of their bucket, prefixes in the last element.
fn host() -> Box<HostTable> {
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    host.active = 1;
    host.local[0].known = 1;
    let local = &mut host.local[1];
    (local.known, local.seed_v4, local.seed_v6) = (1, 0x9e37_79b9_7f4a_7c15, 0x9e37_79b9_7f4a_7c15);
    for last in [2, 3] {
        let v4 = u32::from_ne_bytes([10, 12, 0, last]);
        local.v4_be[local.bucket_v4(v4)][3] = v4;
        let v6 = words(Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, last.into()));
        local.v6_be[local.bucket_v6(v6)][3] = v6;
    }
    let loopback = words(Ipv6Addr::LOCALHOST);
    local.v6_be[local.bucket_v6(loopback)][2] = loopback;
    // The first element tells whether there are any.
    local.prefixes_v4[0] = Prefix4 { network_be: u32::MAX - 1, mask_be: u32::MAX };
    local.prefixes_v6[0] = Prefix6 { network_be: [1; 4], mask_be: [u32::MAX; 4] };
    local.prefixes_v4[7] = Prefix4 {
        network_be: u32::from_ne_bytes([192, 0, 2, 0]),
        mask_be: u32::from_ne_bytes([255, 255, 255, 0]),
    };
    local.prefixes_v6[7] = Prefix6 {
        network_be: words(Ipv6Addr::new(0x2001, 0xdb8, 0x12, 0, 0, 0, 0, 0)),
        mask_be: words(Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0, 0, 0, 0, 0)),
    };
    host
}
