//! Properties of every record, with any content.

mod forgery;

use std::io::Cursor;

use proptest::prelude::*;

use super::{eve::tests::schema_refuses, *};
use crate::{
    capture::{self, End},
    model::event::{Event, any_event, tests::sample::any_probe},
    sink::SinkSpec,
    text::Printable,
};

const LINES: [&str; 4] = ["human/events:-", "eve:-", "portsentry:-", "syslog/events"];

fn form(text: &str) -> Box<dyn Format> {
    of(text.parse::<SinkSpec>().unwrap().form)
}

fn written(text: &str, event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    form(text).write(&event.clone().into(), &mut out);
    out
}

fn is_a_line(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    !text.strip_suffix('\n').unwrap_or(text).contains(char::is_control)
}

fn refused(line: &[u8]) -> Option<String> {
    schema_refuses(&serde_json::from_slice(line).unwrap())
}

/// The interface and the bytes of each frame that port12 itself reads.
fn frames(bytes: Vec<u8>) -> Vec<(Option<String>, Vec<u8>, usize)> {
    let mut reader = capture::read(Cursor::new(bytes), "test".as_ref()).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame() {
        let name = frame.interface.name.map(str::to_owned);
        frames.push((name, frame.bytes.to_vec(), frame.original_length));
    }
    assert_eq!(reader.summary().end, Some(End::Complete));
    frames
}

proptest! {
    #[test]
    fn no_event_makes_an_invalid_record(event in any_event()) {
        for text in LINES {
            let line = written(text, &event);
            prop_assert!(is_a_line(&line), "{}: {:?}", text, String::from_utf8_lossy(&line));
        }
        prop_assert_eq!(refused(&written("eve:-", &event)), None);
        let fields = journald::tests::read(&written("journald", &event));
        prop_assert!(is_a_line(fields["MESSAGE"].as_bytes()));
        if let Some(probe) = event.probe() {
            prop_assert_eq!(&fields["PORT12_INTERFACE"], &Printable(&probe.interface).to_string());
        } else {
            prop_assert!(written("pcapng:-", &event).is_empty());
            prop_assert!(written("portsentry:-", &event).is_empty());
        }
    }

    #[test]
    fn no_events_make_a_capture_that_port12_refuses(events in prop::collection::vec(any_probe(), 1..20)) {
        let mut pcapng = form("pcapng:-");
        let mut out = Vec::new();
        pcapng.begin(&mut out);
        for event in &events {
            pcapng.write(&event.clone().into(), &mut out);
        }
        let frames = frames(out);
        prop_assert_eq!(frames.len(), events.len());
        for (event, (_, bytes, length)) in events.iter().zip(&frames) {
            prop_assert_eq!(&event.frame, bytes);
            prop_assert!(*length >= bytes.len());
        }
    }
}
