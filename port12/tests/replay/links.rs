//! Link types.

use std::time::Duration;

use crate::{
    file::{ETHERNET, Pcap, Pcapng, RAW, file, syn},
    program::{outcome, port, user},
};

const AT: Duration = Duration::from_secs(1_700_000_000);

/// A SYN to tcp/12 behind the header of a link type.
fn behind(header: &[u8]) -> Vec<u8> {
    [header, &syn(12)[14..]].concat()
}

#[test]
fn the_header_of_each_link_type_is_taken_off() {
    let cooked = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
    let cooked_2 = [8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    for (link, frame) in [
        (ETHERNET, syn(12)),
        (12, behind(&[])),
        (14, behind(&[])),
        (RAW, behind(&[])),
        (228, behind(&[])),
        (0, behind(&[2, 0, 0, 0])),
        (0, behind(&[0, 0, 0, 2])),
        (108, behind(&[0, 0, 0, 2])),
        (113, behind(&cooked)),
        (276, behind(&cooked_2)),
    ] {
        let totals = user(file(&Pcap::new(link).frame(AT, &frame).0), &[]).totals();
        assert_eq!(outcome(&totals, "probe"), 1, "link type {link}");
        assert_eq!(port(&totals, "tcp", 12).unwrap()["packets"], 1, "link type {link}");
    }
}

#[test]
fn other_link_types_are_refused_by_name() {
    for (link, name) in [(105, "IEEE802_11"), (127, "IEEE802_11_RADIOTAP"), (249, "USBPCAP")] {
        for bytes in
            [Pcap::new(link).frame(AT, &[0; 64]).0, Pcapng::new(&[link]).frame(0, AT, &[0; 64]).0]
        {
            let ended = user(file(&bytes), &[]);
            assert_eq!(ended.code, Some(1), "{ended:?}");
            let message = ended.message();
            assert!(message.contains(&format!("{link} ({name})")), "{message}");
            assert!(message.contains("Ethernet"), "{message}");
        }
    }
}

#[test]
fn a_link_type_without_a_name_is_refused_by_number() {
    let ended = user(file(&Pcap::new(9999).0), &[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.message().contains("9999"), "{}", ended.message());
}

#[test]
fn frames_of_a_refused_link_type_among_others_are_counted_and_named() {
    let pcapng = Pcapng::new(&[127, ETHERNET]).frame(0, AT, &[0; 64]).frame(1, AT, &syn(12));
    let ended = user(file(&pcapng.0), &[]);
    let totals = ended.totals();
    assert_eq!(totals["capture"]["refused"]["127 (IEEE802_11_RADIOTAP)"], 1);
    assert_eq!(totals["capture"]["frames"], 1);
    assert_eq!(outcome(&totals, "probe"), 1);
    assert!(ended.message().contains("IEEE802_11_RADIOTAP"), "{}", ended.message());
}
