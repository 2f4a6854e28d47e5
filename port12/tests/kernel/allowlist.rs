//! The allowlists: what the tries say, what the program makes of it, who may write them.

use std::{collections::BTreeSet, net::SocketAddr};

use ipnet::IpNet;
use port12::kernel::{instance::LoadOptions, object::EntryPoint};
use port12_common::{
    Outcome, Transport,
    abi::{Action, Gate, HostTable, Policy, origin},
};

use crate::{knock::knock, namespace, subject::Subject};

const PORT: u16 = 12;

fn nets(texts: &[&str]) -> BTreeSet<IpNet> {
    texts.iter().map(|text| text.parse().expect("a prefix")).collect()
}

/// A program that drops what comes for port 12, on a host that takes everything in.
fn subject(entry: EntryPoint) -> Subject {
    let subject = Subject::bare(&LoadOptions::live(entry));
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::OPEN;
    policy.set(Transport::Tcp, PORT, Action::Drop { enforce: true }.into());
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    subject.set(&policy, &host);
    subject
}

fn from(subject: &Subject, source: &str) -> Outcome {
    let source: std::net::IpAddr = source.parse().expect("an address");
    let destination = if source.is_ipv4() { "192.0.2.1" } else { "2001:db8::1" };
    let destination = destination.parse().expect("an address");
    subject.outcome(&knock(
        Transport::Tcp,
        SocketAddr::new(source, 40000),
        SocketAddr::new(destination, PORT),
    ))
}

#[test]
fn a_source_within_a_prefix_passes_and_one_beside_it_is_dropped() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let subject = subject(entry);
            let mut list = subject.instance.allowlist(None).expect("the maps are tries");
            assert_eq!(from(&subject, "198.51.100.7"), Outcome::Dropped);
            let prefixes = nets(&["198.51.100.0/25", "203.0.113.9/32", "2001:db8:12:8000::/49"]);
            assert_eq!(list.add(&prefixes).expect("added").len(), 3);
            for (source, outcome) in [
                ("198.51.100.0", Outcome::Allowed),
                ("198.51.100.127", Outcome::Allowed),
                ("198.51.100.128", Outcome::Dropped),
                ("198.51.99.255", Outcome::Dropped),
                ("203.0.113.9", Outcome::Allowed),
                ("203.0.113.8", Outcome::Dropped),
                ("2001:db8:12:8000::", Outcome::Allowed),
                ("2001:db8:12:ffff:ffff:ffff:ffff:ffff", Outcome::Allowed),
                ("2001:db8:12:7fff::", Outcome::Dropped),
                ("2001:db8:13::", Outcome::Dropped),
            ] {
                assert_eq!(from(&subject, source), outcome, "{source}");
            }
            list.remove(&prefixes).expect("removed");
            assert_eq!(from(&subject, "198.51.100.7"), Outcome::Dropped);
            assert_eq!(list.list().expect("listed").len(), 0);
        }
    });
}

#[test]
fn every_source_can_be_allowed() {
    namespace::alone(|| {
        let subject = subject(EntryPoint::Frags);
        let mut list = subject.instance.allowlist(None).expect("the maps are tries");
        list.add(&nets(&["0.0.0.0/0"])).expect("added");
        assert_eq!(from(&subject, "8.8.8.8"), Outcome::Allowed);
        assert_eq!(from(&subject, "2001:db8::8"), Outcome::Dropped);
        list.add(&nets(&["::/0"])).expect("added");
        assert_eq!(from(&subject, "2001:db8::8"), Outcome::Allowed);
        list.remove(&nets(&["0.0.0.0/0"])).expect("removed");
        assert_eq!(from(&subject, "8.8.8.8"), Outcome::Dropped);
        assert_eq!(from(&subject, "2001:db8::8"), Outcome::Allowed);
    });
}

#[test]
fn a_reload_takes_back_what_the_policy_listed_and_leaves_what_the_operator_added() {
    namespace::alone(|| {
        let subject = subject(EntryPoint::Linear);
        let mut list = subject.instance.allowlist(None).expect("the maps are tries");
        list.set_policy(&nets(&["192.0.2.0/24", "198.51.100.0/24"])).expect("set");
        list.add(&nets(&["198.51.100.0/24", "203.0.113.0/24"])).expect("added");
        list.set_policy(&nets(&["192.0.2.0/25"])).expect("set");
        let present: Vec<(String, u8)> = list
            .list()
            .expect("listed")
            .into_iter()
            .map(|(net, origin)| (net.to_string(), origin))
            .collect();
        let expected = [
            ("192.0.2.0/25".to_owned(), origin::POLICY),
            ("198.51.100.0/24".to_owned(), origin::OPERATOR),
            ("203.0.113.0/24".to_owned(), origin::OPERATOR),
        ];
        assert_eq!(present, expected);
        list.set_policy(&BTreeSet::new()).expect("set");
        let rest = list.remove(&nets(&["198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8"]));
        assert_eq!(rest.expect("removed").len(), 2);
        assert_eq!(from(&subject, "203.0.113.1"), Outcome::Dropped);
        assert_eq!(from(&subject, "192.0.2.1"), Outcome::Dropped);
    });
}

/// Prefixes within prefixes: the kernel's trie then has nodes that hold none.
#[test]
fn a_large_list_is_listed_as_it_was_set() {
    namespace::alone(|| {
        let subject = subject(EntryPoint::Linear);
        let mut list = subject.instance.allowlist(None).expect("the maps are tries");
        let mut prefixes = nets(&["10.0.0.0/8", "2001:db8::/32"]);
        for index in 0..20_000_u32 {
            let [_, a, b, c] = index.wrapping_mul(2_654_435_761).to_be_bytes();
            let length = 9 + u8::try_from(index % 24).expect("small");
            let net = ipnet::Ipv4Net::new([10, a, b, c].into(), length).expect("a length");
            prefixes.insert(net.trunc().into());
        }
        list.set_policy(&prefixes).expect("set");
        let listed: BTreeSet<IpNet> = list.list().expect("listed").into_keys().collect();
        assert_eq!(listed, prefixes);
        assert_eq!(from(&subject, "10.255.255.254"), Outcome::Allowed);
        assert_eq!(from(&subject, "11.0.0.1"), Outcome::Dropped);
        list.set_policy(&nets(&["11.0.0.0/8"])).expect("set");
        assert_eq!(list.list().expect("listed").len(), 1);
        assert_eq!(from(&subject, "10.255.255.254"), Outcome::Dropped);
    });
}
