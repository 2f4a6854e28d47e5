//! What holds of every record, whatever is in it.

mod forgery;

use std::io::Cursor;

use proptest::prelude::*;

use super::{eve::tests::schema_refuses, *};
use crate::{
    capture::{self, End},
    sink::sample::{any_alert, any_event, any_notice, any_started, any_too_deep},
    text::Printable,
};

const LINES: [&str; 4] = ["human/events:-", "eve:-", "portsentry:-", "syslog/events"];

fn form(text: &str) -> Box<dyn Format> {
    of(&text.parse().unwrap())
}

fn of_event(text: &str, event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    form(text).event(event, &mut out);
    out
}

fn of_alert(text: &str, alert: &Alert) -> Vec<u8> {
    let mut out = Vec::new();
    form(text).alert(alert, &mut out);
    out
}

fn of_notice(text: &str, notice: &Notice) -> Vec<u8> {
    let mut out = Vec::new();
    form(text).notice(notice, &mut out);
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
            let line = of_event(text, &event);
            prop_assert!(is_a_line(&line), "{}: {:?}", text, String::from_utf8_lossy(&line));
        }
        prop_assert_eq!(refused(&of_event("eve:-", &event)), None);
        let fields = journald::tests::read(&of_event("journald", &event));
        prop_assert_eq!(&fields["PORT12_INTERFACE"], &Printable(&event.interface).to_string());
        prop_assert!(is_a_line(fields["MESSAGE"].as_bytes()));
    }

    #[test]
    fn no_alert_makes_an_invalid_record(alert in any_alert()) {
        for text in LINES {
            let line = of_alert(text, &alert);
            prop_assert!(is_a_line(&line), "{}: {:?}", text, String::from_utf8_lossy(&line));
        }
        prop_assert_eq!(refused(&of_alert("eve:-", &alert)), None);
        journald::tests::read(&of_alert("journald", &alert));
        prop_assert!(of_alert("pcapng:-", &alert).is_empty());
    }

    #[test]
    fn no_notice_makes_an_invalid_record(notice in any_notice()) {
        for text in LINES {
            let line = of_notice(text, &notice);
            prop_assert!(is_a_line(&line), "{}: {:?}", text, String::from_utf8_lossy(&line));
        }
        prop_assert_eq!(refused(&of_notice("eve:-", &notice)), None);
        let fields = journald::tests::read(&of_notice("journald", &notice));
        prop_assert!(is_a_line(fields["MESSAGE"].as_bytes()));
        prop_assert!(of_notice("pcapng:-", &notice).is_empty());
        prop_assert!(of_notice("portsentry:-", &notice).is_empty());
    }

    #[test]
    fn nothing_that_this_host_starts_makes_an_invalid_record(started in any_started()) {
        let written = |text: &str| {
            let mut out = Vec::new();
            form(text).started(&started, &mut out);
            out
        };
        for text in LINES {
            let line = written(text);
            prop_assert!(is_a_line(&line), "{}: {:?}", text, String::from_utf8_lossy(&line));
        }
        prop_assert_eq!(refused(&written("eve:-")), None);
        let fields = journald::tests::read(&written("journald"));
        prop_assert!(is_a_line(fields["MESSAGE"].as_bytes()));
        prop_assert!(written("pcapng:-").is_empty() && written("portsentry:-").is_empty());
    }

    #[test]
    fn nothing_that_is_too_deep_makes_an_invalid_record(alert in any_too_deep()) {
        let written = |text: &str| {
            let mut out = Vec::new();
            form(text).too_deep(&alert, &mut out);
            out
        };
        for text in LINES {
            let line = written(text);
            prop_assert!(is_a_line(&line), "{}: {:?}", text, String::from_utf8_lossy(&line));
        }
        prop_assert_eq!(refused(&written("eve:-")), None);
        let fields = journald::tests::read(&written("journald"));
        prop_assert_eq!(&fields["PORT12_INTERFACE"], &Printable(&alert.interface).to_string());
        prop_assert!(written("pcapng:-").is_empty() && written("portsentry:-").is_empty());
    }

    #[test]
    fn no_events_make_a_capture_that_port12_refuses(events in prop::collection::vec(any_event(), 1..20)) {
        let mut pcapng = form("pcapng:-");
        let mut out = Vec::new();
        pcapng.begin(&mut out);
        for event in &events {
            pcapng.event(event, &mut out);
        }
        let frames = frames(out);
        prop_assert_eq!(frames.len(), events.len());
        for (event, (_, bytes, length)) in events.iter().zip(&frames) {
            prop_assert_eq!(&event.frame, bytes);
            prop_assert!(*length >= bytes.len());
        }
    }
}
