//! The host that a capture is replayed to.

use std::time::Duration;

use crate::{
    file::{ETHERNET, Pcap, datagram, file, syn},
    program::{outcome, port, user},
};

fn knocks() -> tempfile::NamedTempFile {
    let at = Duration::from_secs(1_700_000_000);
    let knocks = [syn(12), syn(81), datagram(717), datagram(53), syn(22)];
    let pcap = knocks.iter().fold(Pcap::new(ETHERNET), |pcap, frame| pcap.frame(at, frame));
    file(&pcap.0)
}

#[test]
fn every_knock_is_a_probe_by_default() {
    let totals = user(knocks(), &[]).totals();
    assert_eq!(outcome(&totals, "probe"), 3);
    assert_eq!(outcome(&totals, "assigned"), 2);
}

#[test]
fn a_knock_at_a_supplied_socket_is_for_that() {
    let totals = user(knocks(), &["--sockets", "tcp/81,udp/717"]).totals();
    assert_eq!(outcome(&totals, "local_socket"), 2);
    assert_eq!(outcome(&totals, "probe"), 1);
    assert_eq!(port(&totals, "tcp", 81).unwrap()["local_socket"], 1);
    assert_eq!(port(&totals, "tcp", 81).unwrap()["packets"], 0);
    assert_eq!(port(&totals, "udp", 717).unwrap()["local_socket"], 1);
}

#[test]
fn a_socket_of_the_other_transport_takes_nothing() {
    let totals = user(knocks(), &["--sockets", "udp/81"]).totals();
    assert_eq!(outcome(&totals, "local_socket"), 0);
}

#[test]
fn what_is_for_another_address_is_transit() {
    let totals = user(knocks(), &["--local", "10.12.0.2"]).totals();
    assert_eq!(outcome(&totals, "probe"), 3);
    let totals = user(knocks(), &["--local", "10.12.0.3", "--local", "fd12::2"]).totals();
    assert_eq!(outcome(&totals, "transit"), 3);
    assert_eq!(outcome(&totals, "probe"), 0);
}

#[test]
fn transit_is_watched_or_dropped_where_that_is_asked_for() {
    let elsewhere = ["--local", "10.12.0.3", "--mode", "drop", "--transit"];
    let totals = user(knocks(), &[&elsewhere[..], &["watch"]].concat()).totals();
    assert_eq!((outcome(&totals, "probe"), outcome(&totals, "dropped")), (3, 0));
    let totals = user(knocks(), &[&elsewhere[..], &["drop"]].concat()).totals();
    assert_eq!((outcome(&totals, "probe"), outcome(&totals, "dropped")), (0, 3));
}

#[test]
fn drop_mode_says_what_it_would_have_dropped() {
    let totals = user(knocks(), &["--mode", "drop", "--sockets", "tcp/81"]).totals();
    assert_eq!(totals["interfaces"][0]["mode"]["effective"], "drop");
    assert_eq!(outcome(&totals, "dropped"), 2);
    assert_eq!(outcome(&totals, "local_socket"), 1);
    assert_eq!(port(&totals, "tcp", 12).unwrap()["dropped"], 1);
    assert_eq!(port(&totals, "tcp", 81).unwrap()["dropped"], 0);
}

#[test]
fn a_wrong_option_is_a_usage_error() {
    for (option, wrong) in [
        ("--sockets", "tcp/1024"),
        ("--sockets", "81"),
        ("--local", "10.12.0"),
        ("--transit", "both"),
        ("--interval", "0s"),
    ] {
        let ended = user(knocks(), &[option, wrong]);
        assert_eq!(ended.code, Some(2), "{option} {wrong}: {ended:?}");
        assert!(ended.err.contains(wrong), "{}", ended.err);
    }
}
