use port12_common::{
    Allowed, Layer, Malformed, NoLookup, Outcome, Transport,
    abi::{Action, HostTable, Policy},
};
use proptest::prelude::*;

use super::{
    super::{Interface, LinkType},
    *,
};

/// A TCP SYN to port 666 with 20 bytes of options.
fn syn() -> Vec<u8> {
    let ethernet = [&[2; 12][..], &[0x08, 0]].concat();
    let mut ip = [0; 20];
    ip[..4].copy_from_slice(&[0x45, 0, 0, 60]);
    ip[9] = 6;
    ip[16] = 10;
    let mut tcp = [0; 40];
    tcp[..4].copy_from_slice(&[0x9c, 0x40, 0x02, 0x9a]);
    tcp[12..14].copy_from_slice(&[0xa0, 0x02]);
    [&ethernet[..], &ip, &tcp].concat()
}

fn captured(bytes: &[u8], original_length: usize) -> CapturedFrame<'_> {
    let interface = Interface { section: 0, number: 0, name: None, link: LinkType(1) };
    CapturedFrame { timestamp: None, layer: Layer::Ethernet, bytes, original_length, interface }
}

fn with_tables<T>(check: impl FnOnce(&Tables<'_, NoLookup>) -> T) -> T {
    let mut policy = Box::new(Policy::EMPTY);
    policy.set(Transport::Tcp, 666, Action::Watch.into());
    let host = Box::new(HostTable::UNKNOWN);
    check(&Tables {
        policy: &policy,
        host: &host,
        allowed: Allowed::default(),
        banned: &[],
        shuts_out: false,
        now: 0,
        lookup: NoLookup,
    })
}

#[test]
fn a_frame_cut_behind_its_headers_is_found_as_the_whole_one_is() {
    let whole = syn();
    with_tables(|tables| {
        let expected = classify(&&whole[..], Layer::Ethernet, tables);
        assert_eq!(expected.outcome, Outcome::Probe);
        for kept in 54..=whole.len() {
            let frame = captured(&whole[..kept], whole.len());
            assert_eq!(finding(&frame, tables), Some(expected), "{kept} bytes kept");
        }
    });
}

#[test]
fn a_frame_cut_within_its_headers_is_cut() {
    let whole = syn();
    with_tables(|tables| {
        for kept in 0..54 {
            let frame = captured(&whole[..kept], whole.len());
            assert_eq!(finding(&frame, tables), None, "{kept} bytes kept");
        }
    });
}

#[test]
fn a_frame_that_was_short_on_the_wire_is_malformed_and_not_cut() {
    let whole = syn();
    with_tables(|tables| {
        let runt = finding(&captured(&whole[..10], 10), tables).unwrap();
        assert_eq!(runt.reason, Some(Malformed::EthernetTruncated));
        // 4 of 12 bytes were captured, and 14 are asked for: not even the wire had them.
        let runt = finding(&captured(&whole[..4], 12), tables).unwrap();
        assert_eq!(runt.reason, Some(Malformed::EthernetTruncated));
    });
}

#[test]
fn what_needs_no_further_header_is_found_in_little() {
    let arp = [&[0xff; 12][..], &[0x08, 0x06]].concat();
    with_tables(|tables| {
        let found = finding(&captured(&arp, 60), tables).unwrap();
        assert_eq!(found.outcome, Outcome::NotIp);
    });
}

#[test]
fn padding_restores_the_length_and_nothing_else() {
    let mut scratch = vec![9; 100];
    let cut = captured(b"abc", 5);
    assert!(cut.is_snapped());
    assert_eq!(cut.padded(&mut scratch), b"abc\0\0");
    let whole = captured(b"abc", 3);
    assert!(!whole.is_snapped());
    assert_eq!(whole.padded(&mut scratch), b"abc");
}

proptest! {
    /// The reason why a padded frame may be fed on: no byte of the padding decides anything.
    #[test]
    fn a_finding_holds_for_whatever_was_not_captured(
        mut bytes in prop::collection::vec(any::<u8>(), 0..90),
        kept in any::<prop::sample::Index>(),
        shape in 0..4_u8,
    ) {
        let kept = kept.index(bytes.len() + 1);
        if shape > 0 && bytes.len() > 24 {
            let header: &[u8] = match shape {
                1 => &[0x08, 0x00, 0x45],
                2 => &[0x86, 0xdd, 0x60],
                _ => &[0x81, 0x00, 0x00, 0x01, 0x08, 0x00, 0x45],
            };
            bytes[12..12 + header.len()].copy_from_slice(header);
        }
        with_tables(|tables| {
            let frame = captured(&bytes[..kept], bytes.len());
            let mut scratch = Vec::new();
            if let Some(found) = finding(&frame, tables) {
                assert_eq!(classify(&&bytes[..], Layer::Ethernet, tables), found);
                assert_eq!(classify(&frame.padded(&mut scratch), Layer::Ethernet, tables), found);
            }
        });
    }
}
