//! A line for people, with the time in front.

use super::{Format, encode};
use crate::{model::event::Record, text::time};

pub(super) struct Human;

impl Format for Human {
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        let description = record.event.describe();
        let time = time::rfc3339_millis(description.time);
        encode::line(&format!("{time} {}", record.event.line()), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{Behind, Owner, What, tests::sample};

    fn written(record: impl Into<Record>) -> String {
        let mut out = Vec::new();
        Human.write(&record.into(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_a_line() {
        assert_eq!(
            written(sample::event()),
            "2026-03-01T12:34:56.789Z eth0 dropped tcp/12 of 198.51.100.7, SYN from 192.0.2.1 port \
             40000, TTL 54\n"
        );
        let mut event = sample::sctp();
        event.headers.vlans = vec![100, 7];
        event.is_first = false;
        assert_eq!(
            written(event.clone()),
            "2026-03-01T12:34:56.789Z eth0 passed sctp/12 of 2001:db8::7, INIT from 2001:db8::1 port \
             40000, TTL 54, VLAN 100.7, again\n"
        );
    }

    #[test]
    fn what_was_not_captured_is_not_said() {
        let mut event = sample::event();
        event.headers = crate::model::event::Headers::default();
        let line = written(event.clone());
        assert!(line.ends_with(" eth0 dropped tcp/12, SYN from 192.0.2.1 port 40000\n"), "{line}");
    }

    #[test]
    fn an_alert_is_a_line() {
        assert_eq!(
            written(sample::alert()),
            "2026-03-01T12:34:56.789Z eth0 TCP SYN scan from 192.0.2.1: 4 ports of 1 address in 12s \
             500ms, 5 events, 5 dropped: tcp/2,12-14\n"
        );
        let mut end = sample::alert();
        (end.is_end, end.is_slow) = (true, true);
        let line = written(end.clone());
        assert!(line.contains("eth0 end of a slow TCP SYN scan from"), "{line}");
    }

    #[test]
    fn a_listener_is_a_line_with_its_process() {
        assert_eq!(
            written(sample::notice()),
            "2026-03-01T12:34:56.789Z tcp/12 of 0.0.0.0 has a listener: process 4711 (nc), user id 0, \
             runs /usr/bin/nc, which is DELETED, in x.service\n"
        );
        let line = written(sample::reached());
        assert!(
            line.contains(
                "Z eth0 tcp/12: 3 conversation starts reached a listener, from whom is not known: \
                 process 4711 (nc), "
            ),
            "{line}"
        );
    }

    #[test]
    fn a_listener_that_was_not_seen_is_a_line_with_who_bound_it() {
        let mut passed = sample::notice();
        passed.what = What::Passed;
        let mut listener = (**passed.listener.as_ref().unwrap()).clone();
        (listener.owner, listener.inode) = (Owner::Unseen, 0);
        let process = std::mem::take(&mut listener.processes);
        passed.listener = Some(listener.clone().into());
        let line = written(passed.clone());
        let place = "Z tcp/12 of 0.0.0.0 had a listener, which had gone when it was looked for: ";
        assert!(line.contains(&format!("{place}which process it is was not seen (user id 0)\n")));
        listener.processes = process;
        passed.listener = Some(listener.into());
        let line = written(passed.clone());
        assert!(line.contains(&format!("{place}bound by process 4711 (nc), ")), "{line}");
    }

    #[test]
    fn what_this_host_starts_is_a_line_with_its_process() {
        let line = |behind| {
            let mut started = sample::started();
            started.sender.behind = behind;
            written(started.clone())
        };
        assert_eq!(
            line(Behind::Holders),
            "2026-03-01T12:34:56.789Z eth0 tcp/12 of 198.51.100.7: this host has started a conversation: \
             process 4711 (nc), user id 0, runs /usr/bin/nc, which is DELETED, in x.service\n"
        );
        assert!(
            line(Behind::Running)
                .contains(": it was running when the packet left: process 4711 (nc), user")
        );
        assert!(
            line(Behind::Ended)
                .contains(": it was running when the packet left, and has ended: process 4711")
        );
        let unseen = written(sample::started_unseen());
        assert!(
            unseen.ends_with(": which process it was was not seen, user id 1000\n"),
            "{unseen}"
        );
    }

    #[test]
    fn names_move_no_cursor() {
        let mut event = sample::event();
        event.interface = "a\u{1b}[2J\n\u{9b}".into();
        let line = written(event.clone());
        assert!(!line.trim_end_matches('\n').contains(char::is_control), "{line:?}");
    }
}
