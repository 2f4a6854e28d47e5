//! Every flavour of the two formats.

use super::{
    super::{End, Format},
    writer::{
        Endian, MICROSECONDS, NANOSECONDS, enhanced, interface, obsolete, option, pcap, record,
        section, simple,
    },
    *,
};

const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

#[test]
fn a_pcap_file_is_read_in_both_byte_orders_and_resolutions() {
    for endian in Endian::BOTH {
        for (magic, nanoseconds) in [(MICROSECONDS, 5000), (NANOSECONDS, 5)] {
            let capture = [
                pcap(endian, magic, 1),
                record(endian, [10, 5], 100, b"first"),
                record(endian, [9, 0], 6, b"second"),
            ];
            let (frames, summary) = read_all(&capture.concat());
            assert_eq!(
                frames[0],
                Owned {
                    timestamp: Some(Duration::new(10, nanoseconds)),
                    layer: Layer::Ethernet,
                    bytes: b"first".to_vec(),
                    original_length: 100,
                    interface: (0, 0, None, LinkType(1)),
                }
            );
            assert_eq!(frames[1].bytes, b"second");
            assert_eq!(summary.format, Format::Pcap);
            assert_eq!(summary.frames(), 2);
            assert_eq!(summary.earliest, Some(Duration::from_secs(9)));
            assert_eq!(summary.latest, Some(Duration::new(10, nanoseconds)));
            assert_eq!(summary.end, Some(End::Complete));
        }
    }
}

#[test]
fn the_modified_format_has_longer_record_headers() {
    let mut first = record(Endian::Little, [1, 0], 4, b"");
    first[8] = 4;
    let capture =
        [pcap(Endian::Little, 0xa1b2_cd34, 1), first, vec![0; 8], b"four".to_vec()].concat();
    let (frames, summary) = read_all(&capture);
    assert_eq!(frames[0].bytes, b"four");
    assert_eq!(summary.end, Some(End::Complete));
}

#[test]
fn microseconds_beyond_a_second_carry_over() {
    let endian = Endian::Little;
    let capture = [pcap(endian, MICROSECONDS, 1), record(endian, [1, u32::MAX], 1, b"x")].concat();
    assert_eq!(read_all(&capture).0[0].timestamp, Some(Duration::new(4295, 967_295_000)));
}

#[test]
fn an_original_length_below_the_captured_one_is_raised_to_it() {
    let endian = Endian::Little;
    let capture = [pcap(endian, MICROSECONDS, 1), record(endian, [1, 0], 0, b"four")].concat();
    assert_eq!(read_all(&capture).0[0].original_length, 4);
}

#[test]
fn a_frame_check_sequence_flag_leaves_the_link_type_alone() {
    let capture = pcap(Endian::Big, MICROSECONDS, 0x2400_0001);
    assert_eq!(read_all(&capture).1.end, Some(End::Complete));
}

#[test]
fn pcapng_interfaces_have_clocks_and_names_of_their_own() {
    for endian in Endian::BOTH {
        let offset = match endian {
            Endian::Little => 100_i64.to_le_bytes(),
            Endian::Big => 100_i64.to_be_bytes(),
        };
        let capture = [
            section(endian),
            interface(endian, 1, 0, &[option(endian, IF_NAME, b"eth0")]),
            interface(
                endian,
                101,
                0,
                &[
                    option(endian, IF_TSRESOL, &[0x80 | 1]),
                    option(endian, IF_TSOFFSET, &offset),
                    option(endian, IF_NAME, b"tun0"),
                    option(endian, 0, b""),
                    option(endian, IF_NAME, b"after the end"),
                ],
            ),
            enhanced(endian, 1, 3, 60, b"tunnel"),
            enhanced(endian, 0, 3 << 32, 5, b"frame"),
        ];
        let (frames, summary) = read_all(&capture.concat());
        assert_eq!(
            frames[0],
            Owned {
                timestamp: Some(Duration::from_millis(101_500)),
                layer: Layer::Ip,
                bytes: b"tunnel".to_vec(),
                original_length: 60,
                interface: (0, 1, Some("tun0".into()), LinkType(101)),
            }
        );
        assert_eq!(frames[1].timestamp, Some(Duration::from_micros(3 << 32)));
        assert_eq!(frames[1].interface, (0, 0, Some("eth0".into()), LinkType(1)));
        assert_eq!(summary.format, Format::Pcapng);
        assert_eq!(
            summary.links.into_iter().collect::<Vec<_>>(),
            [(LinkType(1), 1), (LinkType(101), 1)]
        );
    }
}

#[test]
fn simple_and_obsolete_packets_are_read() {
    for endian in Endian::BOTH {
        let capture = [
            section(endian),
            interface(endian, 1, 6, &[]),
            simple(endian, 5, b"whole"),
            simple(endian, 9, b"snappe"),
            obsolete(endian, 0, 1_000_000, b"obsolete"),
        ];
        let (frames, summary) = read_all(&capture.concat());
        let read: Vec<_> =
            frames.iter().map(|frame| (&frame.bytes[..], frame.original_length)).collect();
        assert_eq!(read, [(&b"whole"[..], 5), (b"snappe", 9), (b"obsolete", 8)]);
        assert_eq!(frames[0].timestamp, None);
        assert_eq!(frames[2].timestamp, Some(Duration::from_secs(1)));
        assert_eq!(summary.end, Some(End::Complete));
    }
}

#[test]
fn a_section_starts_anew_in_its_own_byte_order() {
    let part = |endian, link, name: &[u8]| {
        [
            section(endian),
            interface(endian, link, 0, &[option(endian, IF_NAME, name)]),
            enhanced(endian, 0, 0, 1, b"x"),
        ]
        .concat()
    };
    let capture = [
        part(Endian::Little, 1, b"one"),
        part(Endian::Big, 228, b"two"),
        part(Endian::Little, 1, b"three"),
    ];
    let interfaces: Vec<_> =
        read_all(&capture.concat()).0.into_iter().map(|frame| frame.interface).collect();
    assert_eq!(
        interfaces,
        [
            (0, 0, Some("one".into()), LinkType(1)),
            (1, 0, Some("two".into()), LinkType(228)),
            (2, 0, Some("three".into()), LinkType(1)),
        ]
    );
}

#[test]
fn frames_of_refused_interfaces_are_counted_and_the_others_read() {
    let endian = Endian::Little;
    let capture = [
        section(endian),
        interface(endian, 105, 0, &[]),
        interface(endian, 1, 0, &[]),
        enhanced(endian, 0, 0, 2_000_000, &vec![0; 2_000_000]),
        enhanced(endian, 1, 0, 1, b"x"),
        enhanced(endian, 0, 0, 1, b"y"),
    ];
    let (frames, summary) = read_all(&capture.concat());
    assert_eq!(frames.len(), 1);
    assert_eq!(summary.frames(), 1);
    assert_eq!(summary.refused().collect::<Vec<_>>(), [(LinkType(105), 2)]);
    assert_eq!(summary.end, Some(End::Complete));
}

#[test]
fn a_capture_of_refused_link_types_alone_is_an_error_that_names_them() {
    let endian = Endian::Little;
    let message = "test.pcap: link type 105 (IEEE802_11): port12 reads Ethernet (1), raw IP (12, \
                   14, 101, 228, 229), BSD loopback (0, 108), Linux cooked (113, 276)";
    let error = reader(&pcap(endian, MICROSECONDS, 105)).err().unwrap();
    assert_eq!(error.to_string(), message);

    let capture =
        [section(endian), interface(endian, 105, 0, &[]), enhanced(endian, 0, 0, 1, b"y")];
    let mut reader = reader(&capture.concat()).unwrap();
    assert!(reader.next_frame().is_none());
    assert_eq!(reader.finish().unwrap_err().to_string(), message);
}

#[test]
fn a_capture_without_frames_is_complete() {
    let (frames, summary) = read_all(&section(Endian::Little));
    assert!(frames.is_empty());
    assert_eq!(summary.end, Some(End::Complete));
}

#[test]
fn blocks_without_frames_are_passed_over() {
    let endian = Endian::Big;
    let capture = [
        section(endian),
        writer::block(endian, 0x0bad, &vec![7; 3 << 20]),
        interface(endian, 1, 0, &[]),
        writer::block(endian, 5, b"statistics"),
        enhanced(endian, 0, 0, 1, b"x"),
        writer::block(endian, 4, b""),
    ];
    let (frames, summary) = read_all(&capture.concat());
    assert_eq!(frames.len(), 1);
    assert_eq!(summary.end, Some(End::Complete));
}
