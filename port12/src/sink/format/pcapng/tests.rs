use std::{collections::HashMap, io::Cursor, time::Duration};

use super::{block::fitting, *};
use crate::{
    capture::{self, LinkType},
    model::event::{Headers, tests::sample},
};

fn section(events: &[Probe]) -> Vec<u8> {
    let mut pcapng = Pcapng::default();
    let mut out = Vec::new();
    pcapng.begin(&mut out);
    for event in events {
        pcapng.write(&event.clone().into(), &mut out);
    }
    out
}

/// The blocks: their type, and what is between the lengths.
fn blocks(mut bytes: &[u8]) -> Vec<(u32, &[u8])> {
    let number = |at: &[u8]| u32::from_le_bytes(*at.first_chunk().unwrap());
    let mut blocks = Vec::new();
    while !bytes.is_empty() {
        let length = number(&bytes[4..]) as usize;
        assert_eq!(number(&bytes[length - 4..]) as usize, length);
        blocks.push((number(bytes), &bytes[8..length - 4]));
        bytes = &bytes[length..];
    }
    blocks
}

fn options(mut bytes: &[u8]) -> HashMap<u16, &[u8]> {
    let mut options = HashMap::new();
    loop {
        let [code, length] =
            [0, 2].map(|at| u16::from_le_bytes(*bytes[at..].first_chunk().unwrap()));
        if code == 0 {
            assert_eq!(bytes.len(), 4);
            return options;
        }
        let length = usize::from(length);
        options.insert(code, &bytes[4..4 + length]);
        bytes = &bytes[4 + length.next_multiple_of(4)..];
    }
}

#[test]
fn frames_come_back_with_interface_link_layer_length_and_time() {
    let bytes = section(&[sample::event(), sample::datagram(), sample::sctp()]);
    let mut reader = capture::read(Cursor::new(bytes), "test".as_ref()).unwrap();
    for (event, name, number, link) in [
        (sample::event(), "eth0", 0, 1),
        (sample::datagram(), "tun0", 1, 101),
        (sample::sctp(), "eth0", 0, 1),
    ] {
        let frame = reader.next_frame().unwrap();
        assert_eq!(frame.bytes, event.frame);
        assert_eq!(frame.original_length, event.length as usize);
        assert_eq!(frame.timestamp, Some(Duration::new(1_772_368_496, 789_012_345)));
        assert_eq!(frame.layer, event.layer);
        let interface = frame.interface;
        assert_eq!((interface.name, interface.number), (Some(name), number));
        assert_eq!(interface.link, LinkType(link));
        let headers = Headers::of(frame.bytes, frame.original_length, frame.layer, event.transport);
        assert_eq!(headers, event.headers);
    }
    assert!(reader.next_frame().is_none());
    assert_eq!(reader.summary().end, Some(capture::End::Complete));
}

#[test]
fn a_frame_says_what_became_of_it() {
    let bytes = section(&[sample::event(), sample::datagram()]);
    let frames: Vec<_> = blocks(&bytes).into_iter().filter(|it| it.0 == ENHANCED_PACKET).collect();
    let of = |index: usize, captured: usize| {
        let (_, body): (u32, &[u8]) = frames[index];
        options(&body[20 + captured.next_multiple_of(4)..])
    };
    let dropped = of(0, 54);
    assert_eq!(
        std::str::from_utf8(dropped[&OPT_COMMENT]).unwrap(),
        "port12: dropped tcp/12 first touch, tcp_syn, from 192.0.2.1, on eth0"
    );
    assert_eq!(dropped[&EPB_FLAGS], [1, 0, 0, 0]);
    assert_eq!(dropped[&EPB_VERDICT], [2, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(of(1, 128)[&EPB_VERDICT], [2, 2, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_section_behind_another_describes_its_interfaces_again() {
    let mut bytes = section(&[sample::event()]);
    bytes.extend(section(&[sample::datagram(), sample::event()]));
    let kinds: Vec<_> = blocks(&bytes).iter().map(|it| it.0).collect();
    let [s, i, p] = [SECTION, INTERFACE, ENHANCED_PACKET];
    assert_eq!(kinds, [s, i, p, s, i, p, i, p]);
    let mut reader = capture::read(Cursor::new(bytes), "test".as_ref()).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = reader.next_frame() {
        seen.push((frame.interface.section, frame.interface.number));
    }
    assert_eq!(seen, [(0, 0), (1, 0), (1, 1)]);
}

#[test]
fn interfaces_that_come_and_go_begin_a_section_in_the_end() {
    let event = |number| Probe { interface: format!("v{number}").into(), ..sample::event() };
    let events: Vec<_> = (0..=INTERFACES).map(event).collect();
    let bytes = section(&events);
    let sections = blocks(&bytes).iter().filter(|it| it.0 == SECTION).count();
    assert_eq!(sections, 2);
    let mut reader = capture::read(Cursor::new(bytes), "test".as_ref()).unwrap();
    let mut names = Vec::new();
    while let Some(frame) = reader.next_frame() {
        names.push(frame.interface.name.unwrap().to_owned());
    }
    assert!(names.iter().zip(&events).all(|(name, event)| **name == *event.interface));
}

#[test]
fn texts_are_cut_between_characters() {
    assert_eq!(fitting("é".repeat(9).as_str()), "é".repeat(9).as_bytes());
    assert_eq!(fitting(&format!("a{}", "é".repeat(400))).len(), 511);
}
