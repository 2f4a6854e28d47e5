//! Frames without a VID that a bridge hands to other hosts.

use std::{collections::BTreeSet, net::SocketAddr};

use port12::{host::publish::vlans::table, kernel::object::EntryPoint};
use port12_common::{
    Allowed, Layer, NoLookup, Outcome, Tables, Transport,
    abi::{HostTable, Policy},
    classify,
    parse::Tags,
};

use crate::{
    knock::{SOURCE_PORT, knock},
    namespace,
    subject::Subject,
    support::environment::{self, ADDRESS_V4, ADDRESS_V6},
};

/// A port that the policy drops, without a socket, and the VLAN of the host.
const PORT: u16 = 12;
const OWN: u16 = 10;

#[test]
fn frames_without_a_vid_are_transit_while_they_are_elsewhere() {
    namespace::alone(|| {
        for entry in [EntryPoint::Frags, EntryPoint::Linear] {
            let subject = Subject::load(entry, Layer::Ethernet);
            let state = subject.instance.state();
            let vlans = |tags: &[u64]| table(Some(&tags.iter().copied().collect::<BTreeSet<_>>()));
            let own = Tags::tag(OWN, false);
            // What a host is said to have changes both ways.
            for (tags, untagged) in [
                (&[own][..], Outcome::Transit),
                (&[0, own], Outcome::Dropped),
                (&[own], Outcome::Transit),
            ] {
                state.set_vlans(&vlans(tags));
                let mut host = environment::host();
                host.vlans = vlans(tags);
                for frame in probes() {
                    for vids in [&[][..], &[0], &[0, 0]] {
                        let frame = tagged(&frame, vids);
                        assert_eq!(subject.outcome(&frame), untagged, "{tags:?} {vids:?}");
                        assert_eq!(classified(&frame, &host, state.policy_lists()), untagged);
                    }
                    let frame = tagged(&frame, &[OWN]);
                    assert_eq!(subject.outcome(&frame), Outcome::Dropped, "{tags:?}");
                    assert_eq!(classified(&frame, &host, state.policy_lists()), Outcome::Dropped);
                }
            }
        }
    });
}

/// A SYN and a datagram, over IPv4 and IPv6.
fn probes() -> Vec<Vec<u8>> {
    let from_v4 = SocketAddr::from(([10, 12, 0, 1], SOURCE_PORT));
    let from_v6 = SocketAddr::from(([0xfd12, 0, 0, 0, 0, 0, 0, 1], SOURCE_PORT));
    let (to_v4, to_v6) = ((ADDRESS_V4, PORT).into(), (ADDRESS_V6, PORT).into());
    let of = |transport| [knock(transport, from_v4, to_v4), knock(transport, from_v6, to_v6)];
    [Transport::Tcp, Transport::Udp].into_iter().flat_map(of).collect()
}

fn tagged(frame: &[u8], vids: &[u16]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    for vid in vids {
        frame.splice(12..12, [[0x81, 0], vid.to_be_bytes()].concat());
    }
    frame
}

/// The outcome by the classifier in user space.
fn classified(frame: &[u8], host: &HostTable, lists: u64) -> Outcome {
    let policy = Policy { lists, ..*environment::policy() };
    let tables = Tables {
        policy: &policy,
        host,
        allowed: Allowed::default(),
        banned: &[],
        shuts_out: false,
        now: 0,
        lookup: NoLookup,
    };
    classify(&frame, Layer::Ethernet, &tables).outcome
}
