mod unlisted;
mod users;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use port12_common::Transport;
use proptest::prelude::*;

use super::*;
use crate::model::event::Severity;
use crate::{
    host::sockets::{OpenSocket, SocketState},
    who::{Owned, Owner, Process},
};

/// Port 1 to 300, on TCP and UDP.
fn scope() -> Scope {
    [Transport::Tcp, Transport::Udp]
        .iter()
        .flat_map(|&of| (1..=300).map(move |it| (of, it)))
        .collect()
}

fn socket(port: u16, cookie: u8) -> OpenSocket {
    OpenSocket {
        transport: Transport::Tcp,
        port,
        address: IpAddr::from([0, 0, 0, 0]),
        dual_stack: false,
        peer: None,
        interface: None,
        state: SocketState::Listen,
        uid: 0,
        inode: u32::from(cookie),
        cookie: [cookie; 8],
        cgroup: None,
    }
}

fn owned(open: OpenSocket, pid: i32) -> Owned {
    let processes = vec![Process { pid, ..Process::default() }];
    Owned { open, device: None, owner: Owner::Process, processes, more_processes: 0 }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A look at which every stranger is one process's.
fn look(register: &mut Register, seconds: u64, pid: i32, open: &[OpenSocket]) -> Vec<Notice> {
    look_since(register, (at(seconds), Instant::now()), pid, open)
}

/// One that began at some time.
fn look_since(
    register: &mut Register,
    when: (SystemTime, Instant),
    pid: i32,
    open: &[OpenSocket],
) -> Vec<Notice> {
    let strangers = register.strangers(when.1, open).into_iter();
    let came = strangers.map(|it| owned(it, pid)).collect();
    register.look(when, open, came)
}

/// Knocks that are to be told where all owners are known.
fn due(reached: &mut Reached, now: Duration, is_end: bool) -> Vec<Knock> {
    reached.due(now, is_end, |_, _| false, |_, _| None)
}

/// What is told, shortly: `+12` for one that came, `=12` for one that was there, `~12` for one that came and went,
/// `-12` for one that went.
fn short(notices: &[Notice]) -> Vec<String> {
    let sign = |notice: &Notice| match notice.what {
        What::Appeared { at_start: false } => "+",
        What::Appeared { at_start: true } => "=",
        What::Passed => "~",
        What::Left => "-",
        What::Reached { .. } => "!",
    };
    notices.iter().map(|it| format!("{}{}", sign(it), it.port)).collect()
}

#[test]
fn what_comes_and_goes_is_told_once_with_its_owner() {
    let mut register = Register::new(scope());
    assert_eq!(short(&look(&mut register, 0, 1, &[socket(12, 1)])), ["=12"]);
    assert!(look(&mut register, 1, 1, &[socket(12, 1)]).is_empty());
    let both = [socket(12, 1), socket(14, 2)];
    assert_eq!(short(&look(&mut register, 2, 2, &both)), ["+14"]);
    let gone = look(&mut register, 3, 3, &[socket(12, 1)]);
    assert_eq!(short(&gone), ["-14"]);
    assert_eq!(gone[0].listener.as_ref().unwrap().processes[0].pid, 2);
    assert_eq!(gone[0].severity(), Severity::Low);
}

#[test]
fn sockets_of_one_owner_at_one_place_do_not_chatter() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    assert_eq!(short(&look(&mut register, 1, 7, &[socket(12, 1), socket(12, 2)])), ["+12"]);
    assert!(look(&mut register, 2, 7, &[socket(12, 2), socket(12, 3)]).is_empty());
    // The last of them makes way for another.
    assert!(look(&mut register, 3, 7, &[socket(12, 4)]).is_empty());
    assert_eq!(short(&look(&mut register, 4, 8, &[socket(12, 4), socket(12, 5)])), ["+12"]);
    assert_eq!(short(&look(&mut register, 5, 8, &[])), ["-12", "-12"]);
}

#[test]
fn what_takes_no_conversation_or_is_expected_is_not_told() {
    let mut register = Register::new(scope());
    let mut connected = socket(12, 1);
    connected.state = SocketState::Connected;
    let mut sctp = socket(12, 2);
    sctp.transport = Transport::Sctp;
    let open = [connected, sctp, socket(301, 3)];
    assert!(register.strangers(Instant::now(), &open).is_empty());
    assert!(look(&mut register, 0, 1, &open).is_empty());
}

#[test]
fn a_flood_is_told_bit_by_bit_and_what_goes_untold_is_counted() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    let flood: Vec<_> = (1..=200).map(|port| socket(port, port as u8)).collect();
    assert_eq!(look(&mut register, 1, 1, &flood).len(), 60);
    assert_eq!(look(&mut register, 2, 1, &flood).len(), 1);
    // What stays is told when there is room.
    assert_eq!(look(&mut register, 62, 1, &flood).len(), 60);
    let gone = look(&mut register, 63, 1, &[]);
    assert!(gone.iter().all(|it| it.what == What::Left));
    assert_eq!(gone.len() as u64 + register.suppressed(), 200);
    assert_eq!(register.suppressed(), 79);
}

#[test]
fn what_still_waits_at_the_end_is_counted() {
    let mut register = Register::new(scope());
    let flood: Vec<_> = (1..=200).map(|port| socket(port, port as u8)).collect();
    assert_eq!(look(&mut register, 0, 1, &flood).len(), 60);
    register.end();
    assert_eq!(register.suppressed(), 140);
}

#[test]
fn a_flood_of_short_lived_listeners_hides_none_that_stays() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    let wave = |second: u64| {
        let passing = |port: u64| OpenSocket {
            cookie: (second * 1000 + port).to_ne_bytes(),
            ..socket(port as u16, 0)
        };
        (1..=80).map(passing).chain((second > 1).then(|| socket(300, 0))).collect::<Vec<_>>()
    };
    let told = (1..=10).any(|second| {
        let told = look(&mut register, second, second as i32, &wave(second));
        short(&told).contains(&"+300".to_owned())
    });
    assert!(told);
}

#[test]
fn a_reload_tells_what_it_adds_as_there_before_and_forgets_what_it_leaves_out() {
    let mut register = Register::new([(Transport::Tcp, 12)].into_iter().collect());
    let both = [socket(12, 1), socket(14, 2)];
    assert_eq!(short(&look(&mut register, 0, 1, &both)), ["=12"]);
    register.set_scope([(Transport::Tcp, 14)].into_iter().collect());
    assert_eq!(short(&look(&mut register, 1, 1, &both)), ["=14"]);
    register.set_scope([(Transport::Tcp, 14)].into_iter().collect());
    assert!(look(&mut register, 2, 1, &both).is_empty());
}

#[test]
fn what_comes_on_another_port_at_a_reload_was_not_there() {
    let mut register = Register::new([(Transport::Tcp, 12)].into_iter().collect());
    look(&mut register, 0, 1, &[socket(14, 2)]);
    register.set_scope([(Transport::Tcp, 12), (Transport::Tcp, 14)].into_iter().collect());
    let told = look(&mut register, 1, 1, &[socket(12, 1), socket(14, 2)]);
    assert_eq!(short(&told), ["+12", "=14"]);
    register.set_scope([(Transport::Tcp, 12)].into_iter().collect());
    assert_eq!(short(&look(&mut register, 2, 2, &[socket(12, 1), socket(12, 3)])), ["+12"]);
}

#[test]
fn an_owner_that_is_asked_for_later_makes_no_newcomer() {
    let mut register = Register::new(scope());
    let open = [socket(12, 1)];
    assert!(register.look((at(0), Instant::now()), &open, Vec::new()).is_empty());
    assert_eq!(short(&look(&mut register, 1, 1, &open)), ["=12"]);
    let more = [socket(12, 1), socket(14, 2)];
    assert!(register.look((at(2), Instant::now()), &more, Vec::new()).is_empty());
    assert_eq!(short(&look(&mut register, 3, 1, &more)), ["+14"]);
}

#[test]
fn a_knock_names_who_has_the_port_or_had_it_last() {
    let mut register = Register::new(scope());
    let interface: Arc<str> = Arc::from("eth0");
    let knock =
        || Knock { transport: Transport::Tcp, port: 12, interface: interface.clone(), packets: 3 };
    look(&mut register, 0, 7, &[socket(12, 1)]);
    let named = register.reached(at(1), knock()).unwrap();
    assert_eq!(named.severity(), Severity::Critical);
    assert_eq!(named.listener.unwrap().processes[0].pid, 7);
    look(&mut register, 1, 7, &[]);
    assert_eq!(register.reached(at(2), knock()).unwrap().listener.unwrap().processes[0].pid, 7);
    look(&mut register, 200, 7, &[]);
    let nobody = register.reached(at(200), knock()).unwrap();
    assert_eq!((nobody.listener.is_none(), nobody.severity()), (true, Severity::High));
    let mut kernels = owned(socket(12, 9), 0);
    (kernels.owner, kernels.processes) = (Owner::None, Vec::new());
    register.look((at(201), Instant::now()), &[socket(12, 9)], vec![kernels]);
    assert_eq!(register.reached(at(201), knock()).unwrap().severity(), Severity::Medium);
    // A user's, in flight when it was looked at.
    let mut users = owned(OpenSocket { uid: 1000, ..socket(14, 10) }, 0);
    (users.owner, users.processes) = (Owner::None, Vec::new());
    let both = [socket(12, 9), OpenSocket { uid: 1000, ..socket(14, 10) }];
    assert_eq!(
        register.look((at(300), Instant::now()), &both, vec![users])[0].severity(),
        Severity::High
    );
    let knock = Knock { port: 14, ..knock() };
    assert_eq!(register.reached(at(301), knock).unwrap().severity(), Severity::Critical);
}

#[test]
fn a_knock_at_a_clients_port_reached_no_listener() {
    let mut register = Register::new(scope());
    let knock =
        Knock { transport: Transport::Udp, port: 12, interface: Arc::from("eth0"), packets: 3 };
    let mut client = socket(12, 1);
    (client.transport, client.state) = (Transport::Udp, SocketState::Connected);
    look(&mut register, 0, 1, &[client.clone()]);
    assert_eq!(register.reached(at(1), knock.clone()), None);
    // It may have gone, and another may come.
    look(&mut register, 1, 1, &[]);
    assert_eq!(register.reached(at(1), knock.clone()), None);
    look(&mut register, 200, 1, &[]);
    assert!(register.reached(at(200), knock.clone()).is_some());
    let mut server = socket(12, 2);
    (server.transport, server.state) = (Transport::Udp, SocketState::Unconnected);
    look(&mut register, 201, 1, &[client, server]);
    assert_eq!(register.reached(at(202), knock).unwrap().severity(), Severity::Critical);
}

#[test]
fn knocks_that_waited_while_their_port_was_left_out_are_not_told() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[socket(12, 1)]);
    register.set_scope([(Transport::Tcp, 14)].into_iter().collect());
    look(&mut register, 1, 1, &[]);
    let knock =
        Knock { transport: Transport::Tcp, port: 12, interface: Arc::from("eth0"), packets: 3 };
    assert_eq!(register.reached(at(2), knock), None);
}

#[test]
fn a_knock_from_outside_has_not_reached_a_listener_on_loopback() {
    let mut register = Register::new(scope());
    let knock = |interface: &str| Knock {
        transport: Transport::Tcp,
        port: 12,
        interface: Arc::from(interface),
        packets: 3,
    };
    let mut loopback = socket(12, 1);
    loopback.address = IpAddr::from([127, 0, 0, 1]);
    look(&mut register, 0, 1, &[loopback.clone()]);
    assert_eq!(register.reached(at(1), knock("eth0")), None);
    assert_eq!(register.reached(at(1), knock("lo")).unwrap().severity(), Severity::Critical);
    look(&mut register, 1, 7, &[loopback, socket(12, 2)]);
    let reached = register.reached(at(2), knock("eth0")).unwrap();
    assert_eq!(reached.listener.unwrap().processes[0].pid, 7);
    assert!(matches!(reached.what, What::Reached { others: 0, .. }));
    // One that is gone tells no more.
    let mut v6 = socket(14, 3);
    v6.address = IpAddr::from(std::net::Ipv6Addr::LOCALHOST);
    look(&mut register, 3, 1, &[v6]);
    look(&mut register, 4, 1, &[]);
    assert_eq!(register.reached(at(4), Knock { port: 14, ..knock("eth0") }), None);
}

#[test]
fn a_knock_waits_for_the_owner_that_is_asked_for_later() {
    let mut register = Register::new(scope());
    let mut reached = Reached::default();
    let mut due = |register: &Register, at, is_end| {
        let is_unasked = |transport, port| register.is_unasked(transport, port);
        reached.note(&Arc::from("eth0"), Transport::Tcp, 12, 1);
        reached.due(Duration::from_secs(at), is_end, is_unasked, |_, _| None).len()
    };
    let open = [socket(12, 1)];
    register.look((at(0), Instant::now()), &open, Vec::new());
    assert_eq!((due(&register, 0, false), due(&register, 1, false)), (0, 0));
    look(&mut register, 2, 1, &open);
    assert_eq!(due(&register, 2, false), 1);
    register.look((at(100), Instant::now()), &[socket(12, 2)], Vec::new());
    assert_eq!((due(&register, 100, false), due(&register, 101, false)), (0, 0));
    assert_eq!(due(&register, 102, true), 1);
}

#[test]
fn a_port_is_told_once_a_minute_with_all_that_came() {
    let mut reached = Reached::default();
    let interface: Arc<str> = Arc::from("eth0");
    let second = Duration::from_secs;
    let packets = |knocks: Vec<Knock>| knocks.iter().map(|it| it.packets).collect::<Vec<_>>();
    reached.note(&interface, Transport::Tcp, 12, 1);
    assert!(due(&mut reached, second(0), false).is_empty(), "the look may be older");
    reached.note(&interface, Transport::Tcp, 12, 2);
    assert_eq!(packets(due(&mut reached, second(1), false)), [3]);
    for at in 2..61 {
        reached.note(&interface, Transport::Tcp, 12, 10);
        assert!(due(&mut reached, second(at), false).is_empty());
    }
    assert_eq!(packets(due(&mut reached, second(61), false)), [590]);
    reached.note(&interface, Transport::Tcp, 12, 4);
    assert_eq!(packets(due(&mut reached, second(62), true)), [4]);
}

#[test]
fn many_ports_at_once_wait_for_their_turn_and_lose_no_packet() {
    let mut reached = Reached::default();
    let interface: Arc<str> = Arc::from("eth0");
    for port in 1..=300 {
        reached.note(&interface, Transport::Tcp, port, 1);
    }
    due(&mut reached, Duration::ZERO, false);
    assert_eq!(reached.waiting(), 300);
    let told: Vec<usize> =
        (1..600).map(|at| due(&mut reached, Duration::from_secs(at), false).len()).collect();
    assert_eq!((told[0], told.iter().sum::<usize>()), (60, 300));
    assert_eq!(reached.waiting(), 0);
}

#[test]
fn ports_that_are_knocked_at_all_the_time_hold_back_no_other() {
    let mut reached = Reached::default();
    let interface: Arc<str> = Arc::from("eth0");
    let mut told = std::collections::BTreeSet::new();
    for second in 0..300 {
        (1..=200).for_each(|port| reached.note(&interface, Transport::Tcp, port, 1));
        let due = due(&mut reached, Duration::from_secs(second), false);
        told.extend(due.into_iter().map(|it| it.port));
    }
    assert_eq!(told.len(), 200);
}

/// One that was told of by its bind, and had gone.
fn pass(register: &mut Register, seconds: u64, open: OpenSocket) -> Vec<Notice> {
    let cookie = open.cookie;
    register
        .pass((at(seconds), Instant::now()), cookie, owned(open, 7).into())
        .into_iter()
        .collect()
}

#[test]
fn one_that_is_heard_of_stays_until_a_later_look_does_not_find_it() {
    let mut register = Register::new(scope());
    let before = Instant::now();
    look(&mut register, 0, 1, &[]);
    let met = register.meet(at(1), Instant::now(), vec![owned(socket(12, 1), 7)]);
    assert_eq!(short(&met), ["+12"]);
    // This look began before.
    assert!(register.look((at(1), before), &[], Vec::new()).is_empty());
    assert!(look(&mut register, 2, 7, &[socket(12, 1)]).is_empty());
    assert_eq!(short(&look(&mut register, 3, 7, &[])), ["-12"]);
}

#[test]
fn one_that_was_there_before_a_look_is_told_as_new_where_its_bind_was_heard() {
    let mut register = Register::new(scope());
    let met = register.meet(at(0), Instant::now(), vec![owned(socket(12, 1), 7)]);
    assert_eq!(short(&met), ["+12"]);
    assert_eq!(short(&look(&mut register, 0, 1, &[socket(12, 1), socket(14, 2)])), ["=14"]);
}

#[test]
fn one_that_came_and_went_is_told_once_and_named_by_a_knock() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    let before = Instant::now();
    let passed = pass(&mut register, 1, socket(12, 1));
    assert_eq!((short(&passed), passed[0].severity()), (vec!["~12".into()], Severity::High));
    // A look that is older has seen it.
    assert!(look_since(&mut register, (at(1), before), 7, &[socket(12, 1)]).is_empty());
    let interface: Arc<str> = Arc::from("eth0");
    let knock = Knock { transport: Transport::Tcp, port: 12, interface, packets: 1 };
    let named = register.reached(at(2), knock).unwrap();
    assert_eq!(named.listener.unwrap().processes[0].pid, 7);
}

/// Anything else would make it forgotten who took what came from outside.
#[test]
fn one_on_loopback_that_has_gone_is_not_who_had_the_port_for_others() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    let address = IpAddr::from([127, 0, 0, 1]);
    pass(&mut register, 1, socket(12, 1));
    pass(&mut register, 2, OpenSocket { address, ..socket(12, 2) });
    let who = |interface: &str| {
        let interface: Arc<str> = Arc::from(interface);
        let knock = Knock { transport: Transport::Tcp, port: 12, interface, packets: 1 };
        register.reached(at(3), knock).and_then(|it| it.listener).map(|it| it.address.to_string())
    };
    assert_eq!(who("eth0").as_deref(), Some("0.0.0.0"));
    assert_eq!(who("lo").as_deref(), Some("127.0.0.1"));
}

/// `shutdown` ends a listener, and `listen` on the same socket begins another.
#[test]
fn one_that_was_told_of_as_gone_and_listens_anew_is_told() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    let same = socket(12, 1);
    assert_eq!(short(&pass(&mut register, 1, same.clone())), ["~12"]);
    assert!(!register.knows((same.transport, 12), same.address, same.cookie));
    assert_eq!(short(&look(&mut register, 2, 7, &[same])), ["+12"]);
    assert_eq!(short(&look(&mut register, 3, 7, &[])), ["-12"]);
}

#[test]
fn a_flood_of_those_that_come_and_go_is_counted() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    let told = (0..200).flat_map(|it| pass(&mut register, 1, socket(12, it))).count();
    assert_eq!((told, register.suppressed()), (60, 140));
}

#[test]
fn a_knock_at_what_was_bound_and_never_listened_is_not_told_where_all_is_heard() {
    let mut register = Register::new(scope());
    let of = |transport| {
        let interface: Arc<str> = Arc::from("eth0");
        Knock { transport, port: 12, interface, packets: 1 }
    };
    look(&mut register, 0, 1, &[]);
    assert!(register.reached(at(1), of(Transport::Tcp)).is_some());
    register.set_hears_all(true);
    assert!(register.reached(at(1), of(Transport::Tcp)).is_none());
    assert!(register.reached(at(1), of(Transport::Udp)).is_some());
    register.note_client(at(1), Transport::Udp, 12);
    assert!(register.reached(at(1), of(Transport::Udp)).is_none());
    look(&mut register, 200, 1, &[]);
    assert!(register.reached(at(200), of(Transport::Udp)).is_some());
}

proptest! {
    /// Whatever comes and goes: who was told of as there is told of as gone, at most once each, and what
    /// is there in the end is what came and has not gone.
    #[test]
    fn what_is_told_adds_up(looks in prop::collection::vec(prop::collection::btree_set((1..6_u16, 0..9_u8), 0..8), 1..20)) {
        let mut register = Register::new(scope());
        let mut there = std::collections::BTreeSet::new();
        let mut last = std::collections::BTreeSet::new();
        for (second, sockets) in looks.into_iter().enumerate() {
            let open: Vec<_> = sockets.iter().map(|&(port, cookie)| socket(port, cookie)).collect();
            for notice in look(&mut register, second as u64 * 60, 1, &open) {
                match notice.what {
                    What::Appeared { .. } => prop_assert!(there.insert(notice.port)),
                    What::Left => prop_assert!(there.remove(&notice.port)),
                    What::Passed | What::Reached { .. } => unreachable!(),
                }
            }
            last = sockets.into_iter().map(|(port, _)| port).collect();
        }
        prop_assert_eq!(there, last);
        prop_assert_eq!(register.suppressed(), 0);
    }
}
