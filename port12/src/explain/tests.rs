//! Findings, and the advice from them.

use std::net::IpAddr;

use port12_common::abi::Action;

use super::*;
use crate::{
    model::{InterfaceState, Limit, Mode, ModeReason, ModeState, Place, PortState, SocketState},
    registry::Registry,
    who::{Answer, Entry, Holder, OnDisk, Owner, Process, Program, Through},
};
use port12_common::Transport;

/// A socket on port 12 that a process has, which runs what is still on disk or not.
pub(crate) fn answer(transport: Transport, state: SocketState, on_disk: OnDisk) -> Answer {
    let holder = Holder { pid: 4711, through: Through::Descriptor };
    let program = Some(Program { path: "/tmp/x".into(), on_disk });
    let process = Process { pid: 4711, name: Some("x".into()), program, ..Process::default() };
    let entry = Entry {
        namespace: 1,
        transport,
        port: 12,
        state,
        address: IpAddr::from([0, 0, 0, 0]),
        dual_stack: false,
        device: None,
        uid: 0,
        cgroup: None,
        owner: Owner::Process,
        holders: vec![holder],
        more_holders: 0,
        sockets: 1,
        inodes: vec![7],
        peers: Vec::new(),
    };
    Answer { entries: vec![entry], processes: [(holder, process)].into(), ..Answer::default() }
}

/// An interface with probes to 12/tcp.
pub(crate) fn interface(
    name: &str,
    action: Action,
    (effective, reason): (Mode, Option<ModeReason>),
    probes: u64,
) -> Interface {
    let port = |transport| PortState {
        transport,
        port: 12,
        packets: if transport == Transport::Tcp { probes } else { 0 },
        bytes: 0,
        dropped: 0,
        local_socket: 0,
        last_seen: None,
        description: "unassigned".to_owned(),
        expected: false,
        rates: None,
    };
    let mut state = InterfaceState::monitored(name);
    state.mode = ModeState { effective, reason, ..ModeState::plain(effective) };
    state.ports = Transport::ALL.map(port).into();
    Interface {
        state,
        unknown_source: Vec::new(),
        port_sources: Vec::new(),
        more_sources: 0,
        actions: Transport::ALL.map(|transport| (transport, action)).into(),
    }
}

pub(crate) const MONITOR: (Mode, Option<ModeReason>) = (Mode::Monitor, None);
pub(crate) const DROP: (Mode, Option<ModeReason>) = (Mode::Drop, None);

pub(crate) fn watch(interfaces: Vec<Interface>) -> Watch {
    Watch { interfaces: Some(interfaces), ..Watch::default() }
}

/// The advice about 12, shortly: its severity, what was found, the transports.
fn advise(watch: &Watch, answer: &Answer) -> Vec<(u8, String, Vec<&'static str>)> {
    all(watch, answer)
        .into_iter()
        .map(|it| (it.severity, it.finding.clone(), transports(&it)))
        .collect()
}

fn transports(advice: &Advice) -> Vec<&'static str> {
    advice.ports.iter().map(|port| port.transport.as_str()).collect()
}

pub(crate) fn all(watch: &Watch, answer: &Answer) -> Vec<Advice> {
    let registry = Registry::embedded();
    Advisor { registry, port: 12, watch, configured: None, answer }.advise()
}

const EVERY: [&str; 5] = ["tcp", "udp", "udplite", "sctp", "dccp"];

fn has(
    advice: &[(u8, String, Vec<&str>)],
    severity: u8,
    finding: &str,
    transports: &[&str],
) -> bool {
    advice.iter().any(|it| (it.0, &*it.1, it.2.as_slice()) == (severity, finding, transports))
}

#[test]
fn what_is_the_same_for_several_transports_is_said_once() {
    let advice = advise(&Watch::default(), &Answer::default());
    assert!(has(&advice, 3, "nobody_listens", &EVERY), "{advice:?}");
    assert!(has(&advice, 3, "nothing_watches", &EVERY), "{advice:?}");
    assert_eq!(advice.len(), 2);
}

#[test]
fn a_deleted_program_is_the_first_thing_said_and_named() {
    let answer = answer(Transport::Udp, SocketState::Unconnected, OnDisk::Deleted);
    let watch = watch(vec![interface("w0", Action::Watch, MONITOR, 0)]);
    let advice = all(&watch, &answer);
    assert_eq!((advice[0].severity, &*advice[0].finding), (1, "deleted_program"));
    assert_eq!(transports(&advice[0]), ["udp"]);
    assert!(advice[0].steps[0].contains("/proc/4711/exe"), "{advice:?}");
}

#[test]
fn a_connection_is_no_listener_unless_its_program_is_deleted() {
    let watch = watch(vec![interface("w0", Action::Watch, MONITOR, 0)]);
    for (on_disk, severity, finding) in [
        (OnDisk::Intact, 3, "connection_only"),
        (OnDisk::Replaced, 3, "connection_only"),
        (OnDisk::Deleted, 1, "deleted_program"),
    ] {
        let answer = answer(Transport::Tcp, SocketState::Connected, on_disk);
        assert!(has(&advise(&watch, &answer), severity, finding, &["tcp"]), "{on_disk:?}");
    }
}

#[test]
fn of_several_interfaces_the_one_that_protects_least_counts() {
    let drop = Action::Drop { enforce: false };
    let dropping = || interface("w0", drop, DROP, 1);
    let monitoring = interface("w1", Action::Watch, MONITOR, 0);
    let not_watching = interface("w2", Action::Assigned, DROP, 0);
    let bypassed = interface("w3", drop, (Mode::Monitor, Some(ModeReason::Bypassed)), 0);
    let none = Answer::default();
    let has_tcp = |interfaces, finding| {
        let advice = advise(&watch(interfaces), &none);
        advice.iter().any(|it| it.1 == finding && it.2.contains(&"tcp"))
    };
    assert!(has_tcp(vec![dropping()], "knocked_dropped"));
    assert!(has_tcp(vec![dropping(), not_watching], "knocked_dropped"));
    assert!(has_tcp(vec![dropping(), monitoring], "knocked_passed"));
    assert!(has_tcp(vec![dropping(), bypassed], "drop_bypassed"));
}

#[test]
fn what_another_namespace_s_interface_counted_says_nothing_of_this_one() {
    let mut elsewhere = interface("w0", Action::Watch, MONITOR, 9);
    elsewhere.state.place = Place::Elsewhere;
    let advice = advise(&watch(vec![elsewhere]), &Answer::default());
    assert!(has(&advice, 3, "nothing_watches", &EVERY), "{advice:?}");
    assert!(advice.iter().all(|it| it.1 != "knocked_earlier"), "{advice:?}");
    let mut left = interface("w0", Action::Watch, MONITOR, 9);
    left.state.place = Place::Gone;
    let advice = advise(&watch(vec![left]), &Answer::default());
    assert!(has(&advice, 3, "knocked_earlier", &["tcp"]), "{advice:?}");
}

#[test]
fn what_cannot_be_seen_is_not_called_nothing() {
    let needs = vec!["CAP_SYS_PTRACE".to_owned()];
    let mut answer = answer(Transport::Tcp, SocketState::Listen, OnDisk::Unknown);
    answer.entries[0].owner = Owner::Unseen;
    answer.limits.push(Limit { what: "others".into(), needs });
    answer.unseen.insert(Transport::Sctp, "no module".to_owned());
    let watch = Watch { is_partial: true, ..Watch::default() };
    let advice = advise(&watch, &answer);
    assert!(has(&advice, 3, "watch_unseen", &EVERY), "{advice:?}");
    assert!(has(&advice, 3, "listeners_unseen", &["sctp"]), "{advice:?}");
    assert!(has(&advice, 2, "unexpected_listener", &["tcp"]), "{advice:?}");
    let unseen = all(&watch, &answer).into_iter().find(|it| it.finding == "unseen_owner").unwrap();
    assert!(unseen.steps[0].contains("CAP_SYS_PTRACE"), "{unseen:?}");
}

#[test]
fn a_transport_that_the_kernel_lacks_is_left_out_unless_something_came() {
    let mut answer = Answer::default();
    answer.absent.extend(Transport::ALL);
    assert!(advise(&Watch::default(), &answer).is_empty());
    let watch = watch(vec![interface("w0", Action::Watch, MONITOR, 3)]);
    let advice = advise(&watch, &answer);
    assert!(advice.iter().all(|it| it.2 == ["tcp"]) && !advice.is_empty(), "{advice:?}");
}
