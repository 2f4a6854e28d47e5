//! Screens of invented facts.

use std::time::SystemTime;

use port12_common::{
    Transport,
    abi::{Action, PORTS},
};

use super::*;
use crate::{
    explain::{
        Advisor, Source, Watch,
        tests::{DROP, MONITOR, all, answer, interface, watch},
    },
    model::{DaemonId, Limit, SocketState, SourceState},
    query::who::{ProbesByPort, sockets_state},
    registry::Registry,
    who::{Answer, OnDisk},
};

/// The whole screen about port 12.
fn whole(watch: Watch, answer: &Answer) -> String {
    let advice = all(&watch, answer);
    let explanation = Explanation {
        published: published(12),
        time: SystemTime::UNIX_EPOCH,
        watch,
        configured: None,
        sockets: sockets_state(Registry::embedded(), answer, &ProbesByPort::default()),
        advice,
    };
    let mut out = Vec::new();
    write_explanation(&explanation, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// An interface with a source, both with names that a terminal would obey.
fn hostile() -> Watch {
    let mut it = interface("w\u{1b}[2J", Action::Watch, MONITOR, 3);
    it.port_sources.push(Source {
        seen: SourceState {
            source: [192, 0, 2, 7].into(),
            packets: 3,
            bytes: 180,
            first_seen: SystemTime::UNIX_EPOCH,
            last_seen: SystemTime::UNIX_EPOCH,
            port_count: 1,
            details: None,
        },
        transports: [Transport::Tcp].into(),
        banned: true,
    });
    it.more_sources = 2;
    let daemon = Some(DaemonId { pid: 99, name: Some("x\u{202e}y".into()) });
    Watch { daemon, ..watch(vec![it]) }
}

#[test]
fn every_part_is_told() {
    let mut answer = answer(Transport::Tcp, SocketState::Listen, OnDisk::Deleted);
    answer.limits.push(Limit { what: "a thing".into(), needs: vec!["CAP_X".to_owned()] });
    let text = whole(hostile(), &answer);
    for part in [
        "Watched here\n",
        "tcp: 3 probes, 0 bytes, 0 dropped; 0 flow starts left to a socket",
        "udp, udplite, sctp, dccp: nothing came",
        "192.0.2.7 (tcp): 3 probes on 1 port in all, last 1970-01-01T00:00:00Z;\n      banned\n",
        "and 2 more: `port12 sources`",
        "Who has it\n",
        "process 4711 (x)",
        "which is DELETED",
        "not seen: a thing; it takes CAP_X\n",
        "What it means, and what to do\n",
        "  high    tcp: A process has the port whose program has been deleted.",
        "`cp /proc/4711/exe port12-4711.exe`",
        "`kill -HUP 99`",
    ] {
        assert!(text.contains(part), "{part:?} is missing from:\n{text}");
    }
}

#[test]
fn of_what_is_not_counted_it_is_not_said_that_nothing_came() {
    for (action, is_counted) in [
        (Action::Assigned, false),
        (Action::Ignore, false),
        (Action::Watch, true),
        (Action::Drop { enforce: false }, true),
        (Action::Drop { enforce: true }, true),
    ] {
        let watch = watch(vec![interface("w0", action, DROP, 0)]);
        let text = whole(watch, &Answer::default());
        assert_eq!(text.contains("nothing came"), is_counted, "{action:?}: {text}");
    }
}

#[test]
fn nothing_of_others_reaches_the_terminal_as_it_is() {
    let mut answer = answer(Transport::Tcp, SocketState::Listen, OnDisk::Intact);
    for process in answer.processes.values_mut() {
        process.name = Some("\u{9b}1m".into());
        process.command = vec!["a\u{1b}]0;x\u{7}".into(), "b\nc".into()];
    }
    answer.limits.push(Limit { what: "a\u{1b}[0m".into(), needs: Vec::new() });
    let text = whole(hostile(), &answer);
    let is_odd = |it: char| it.is_control() && it != '\n' || it == '\u{202e}' || it == '\u{e000}';
    assert!(!text.contains(is_odd), "{text:?}");
    assert!(text.contains(r"w\u{1b}[2J") && text.contains(r"x\u{202e}y"), "{text}");
}

#[test]
fn all_but_the_sockets_fits_80_columns_and_commands_stay_whole() {
    for answer in [
        Answer::default(),
        answer(Transport::Tcp, SocketState::Listen, OnDisk::Deleted),
        answer(Transport::Udp, SocketState::Unconnected, OnDisk::Replaced),
    ] {
        let text = whole(hostile(), &answer);
        let (before, rest) = text.split_once("\nWho has it\n").unwrap();
        let (_, after) = rest.split_once("\nWhat it means").unwrap();
        for line in before.lines().chain(after.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
            assert_eq!(line.matches('`').count() % 2, 0, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn above_1023_it_is_told_who_has_the_port_and_no_more() {
    let answer = Answer::default();
    let registry = Registry::embedded();
    for port in [PORTS as u16, u16::MAX] {
        let watch = Watch::default();
        let advisor = Advisor { registry, port, watch: &watch, configured: None, answer: &answer };
        let explanation = Explanation {
            published: published(port),
            time: SystemTime::UNIX_EPOCH,
            advice: advisor.advise(),
            watch,
            configured: None,
            sockets: sockets_state(registry, &answer, &ProbesByPort::default()),
        };
        let mut out = Vec::new();
        write_explanation(&explanation, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(&format!("bound to port {port}\n")), "{text}");
        assert!(!text.contains("Watched here") && text.contains("Nobody listens"), "{text}");
    }
}
