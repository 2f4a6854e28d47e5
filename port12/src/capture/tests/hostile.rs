//! Captures that end early, went bad, or were never captures.

use std::io::{self, Read};

use proptest::prelude::*;

use super::{
    super::{Corruption, End, MAX_CAPTURED_LENGTH, MAX_ORIGINAL_LENGTH},
    writer::{
        Endian, MICROSECONDS, NANOSECONDS, block, enhanced, interface, obsolete, option, pcap,
        record, section, simple,
    },
    *,
};

/// Records, the file header first; and how many of them hold no frame.
fn samples() -> Vec<(Vec<Vec<u8>>, usize)> {
    let mut samples = Vec::new();
    for endian in Endian::BOTH {
        for magic in [MICROSECONDS, NANOSECONDS] {
            let records = vec![
                pcap(endian, magic, 1),
                record(endian, [1, 2], 60, b"first"),
                record(endian, [1, 2], 6, b"second"),
            ];
            samples.push((records, 1));
        }
        let blocks = vec![
            section(endian),
            interface(endian, 113, 0, &[option(endian, 2, b"any"), option(endian, 9, &[9])]),
            enhanced(endian, 0, 7, 60, b"enhanced"),
            simple(endian, 6, b"simple"),
            obsolete(endian, 0, 7, b"obsolete"),
        ];
        samples.push((blocks, 2));
    }
    samples
}

#[test]
fn a_file_cut_at_any_byte_gives_every_whole_frame_before() {
    for (records, without_frames) in samples() {
        let capture = records.concat();
        for length in 0..capture.len() {
            let mut ends = records.iter().scan(0, |end, record| {
                *end += record.len();
                Some(*end)
            });
            let cut = &capture[..length];
            if length < records[0].len() {
                let error = reader(cut).err().unwrap();
                assert!(matches!(error, CaptureError::Short { .. }), "{length}: {error}");
                continue;
            }
            let whole = ends.clone().filter(|end| *end <= length).count();
            let (frames, summary) = read_all(cut);
            assert_eq!(frames.len(), whole.saturating_sub(without_frames));
            let expected = match ends.any(|end| end == length) {
                true => End::Complete,
                false => End::Truncated { at: length as u64 },
            };
            assert_eq!(summary.end, Some(expected));
        }
    }
}

/// Reads a capture to its end, whatever that is, within the promised bounds.
fn exercise(capture: &[u8]) {
    let Ok(mut reader) = reader(capture) else { return };
    for frame in frames(&mut reader) {
        assert!(frame.bytes.len() <= MAX_CAPTURED_LENGTH + 14);
        assert!(frame.original_length <= MAX_ORIGINAL_LENGTH + 14);
        assert!(frame.bytes.len() <= frame.original_length);
    }
    assert!(reader.summary().end.is_some());
    assert!(reader.capacity() <= 2 << 20);
    assert!(reader.next_frame().is_none());
}

proptest! {
    #[test]
    fn no_flipped_bits_make_it_panic(
        sample in 0..6_usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u32), 1..6),
    ) {
        let mut capture = samples()[sample].0.concat();
        for (index, bit) in flips {
            let index = index.index(capture.len());
            capture[index] ^= 1 << bit;
        }
        exercise(&capture);
    }

    #[test]
    fn no_garbage_behind_a_header_makes_it_panic(
        sample in 0..6_usize,
        kept in 1..3_usize,
        kind in prop::sample::select(vec![0_u32, 1, 2, 3, 6, 0x0a0d_0d0a]),
        garbage in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let records = &samples()[sample].0;
        let mut capture = records[..kept].concat();
        capture.extend_from_slice(&garbage);
        exercise(&capture);
        for endian in Endian::BOTH {
            exercise(&[&records[..kept].concat(), &block(endian, kind, &garbage)[..]].concat());
        }
    }
}

fn end_of(capture: &[u8]) -> Option<End> {
    read_all(capture).1.end
}

#[test]
fn a_record_that_claims_gigabytes_is_corrupt() {
    let endian = Endian::Little;
    let header = pcap(endian, MICROSECONDS, 1);
    let mut claim = record(endian, [1, 0], 60, b"");
    claim[8..12].fill(0xff);
    assert_eq!(
        end_of(&[&header[..], &record(endian, [1, 0], 1, b"x"), &claim].concat()),
        Some(End::Corrupt { at: 41, why: Corruption::CapturedLength(u32::MAX) })
    );
    assert_eq!(
        end_of(&[header, record(endian, [1, 0], 0x0010_0001, b"x")].concat()),
        Some(End::Corrupt { at: 24, why: Corruption::OriginalLength(0x0010_0001) })
    );
}

#[test]
fn a_tail_of_zeros_is_no_frames() {
    let endian = Endian::Little;
    let start = [pcap(endian, MICROSECONDS, 1), record(endian, [1, 0], 1, b"x")].concat();
    let (frames, summary) = read_all(&[&start[..], &[0; 4096]].concat());
    assert_eq!(frames.len(), 1);
    assert_eq!(summary.end, Some(End::Corrupt { at: 41, why: Corruption::Zeros }));
}

#[test]
fn interfaces_are_kept_up_to_a_limit() {
    let endian = Endian::Little;
    let capture = [section(endian), interface(endian, 1, 0, &[]).repeat((1 << 16) + 1)].concat();
    let end = End::Corrupt { at: 28 + 20 * (1 << 16), why: Corruption::InterfaceCount(1 << 16) };
    assert_eq!(end_of(&capture), Some(end));
}

#[test]
fn a_block_that_claims_gigabytes_is_not_held() {
    let endian = Endian::Little;
    let start = [section(endian), interface(endian, 1, 0, &[])].concat();
    let at = start.len() as u64;
    for (kind, expected) in [
        (6, End::Corrupt { at, why: Corruption::BlockLength(0xffff_fffc) }),
        (1, End::Corrupt { at, why: Corruption::BlockLength(0xffff_fffc) }),
        (0x0bad, End::Truncated { at: at + 20 }),
    ] {
        let mut claim = block(endian, kind, &[0; 8]);
        claim[4..8].copy_from_slice(&0xffff_fffc_u32.to_le_bytes());
        assert_eq!(end_of(&[&start[..], &claim].concat()), Some(expected));
    }
}

#[test]
fn a_corrupt_block_is_named() {
    let endian = Endian::Big;
    let start = [section(endian), interface(endian, 1, 0, &[])].concat();
    let after = |last: Vec<u8>| match end_of(&[start.clone(), last].concat()) {
        Some(End::Corrupt { at, why }) if at == start.len() as u64 => why,
        other => panic!("{other:?}"),
    };
    let mut odd = block(endian, 4, &[]);
    odd[7] = 13;
    assert_eq!(after(odd), Corruption::BlockLength(13));
    let mut differing = block(endian, 4, &[]);
    differing[11] = 16;
    assert_eq!(after(differing), Corruption::BlockLengths { leading: 12, trailing: 16 });
    let mut order = section(endian);
    order[8] = 0;
    assert_eq!(after(order), Corruption::ByteOrder(0x4d3c_2b00));
    assert_eq!(after(enhanced(endian, 1, 0, 1, b"x")), Corruption::Interface(1));
    assert_eq!(after(simple(endian, 9, b"four")), Corruption::FrameBeyondBlock(9));
    assert_eq!(after(block(endian, 6, &[0; 4])), Corruption::Fields(6));
    let end = End::Corrupt { at: 48, why: Corruption::Interface(1) };
    assert_eq!(
        end.to_string(),
        "corrupt at byte 48: a frame of interface 1, which is not described"
    );
}

#[test]
fn what_is_no_capture_is_refused_with_what_to_do() {
    let message = |capture: &[u8]| reader(capture).err().unwrap().to_string();
    assert_eq!(
        message(b"#!/bin/sh"),
        "test.pcap: is neither pcap nor pcapng: it starts with [23, 21, 2f, 62]; \
         `editcap -F pcapng` converts other capture formats"
    );
    assert_eq!(
        message(b"\x1f\x8b\x08\x00"),
        "test.pcap: is compressed: `gzip -dc test.pcap | port12 replay -` reads it"
    );
    assert_eq!(
        message(b""),
        "test.pcap: ends after 0 bytes, within the file header: it holds no frame"
    );
    let mut order = section(Endian::Little);
    order[8] = 0;
    assert!(message(&order).starts_with("test.pcap: the file header is corrupt: a section header"));
}

#[test]
fn an_error_of_the_device_ends_the_reading_after_the_frames_before_it() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let endian = Endian::Little;
    let start = [pcap(endian, MICROSECONDS, 1), record(endian, [1, 0], 1, b"x")].concat();
    let mut reader = read(Cursor::new(start).chain(Broken), Path::new("-")).unwrap();
    assert!(reader.next_frame().is_some());
    assert!(reader.next_frame().is_none());
    let expected = End::Unreadable { at: 41, error: "the disk is gone".into() };
    assert_eq!(reader.finish().unwrap().end, Some(expected));
}
