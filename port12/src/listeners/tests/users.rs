//! A flood of one user, and the listeners of others.

use super::*;

/// Many sockets of one user, on all ports of the scope.
fn flood(uid: u32, sockets: u64) -> Vec<OpenSocket> {
    let one = |number: u64| OpenSocket {
        uid,
        cookie: ((u64::from(uid) << 32) + number).to_ne_bytes(),
        ..socket(1 + (number % 300) as u16, 0)
    };
    (0..sockets).map(one).collect()
}

fn others(port: u16) -> OpenSocket {
    OpenSocket { uid: 1001, ..socket(port, 7) }
}

fn is_told(notices: &[Notice]) -> bool {
    notices.iter().any(|it| it.listener.as_ref().is_some_and(|listener| listener.uid == 1001))
}

#[test]
fn fifty_thousand_sockets_of_one_user_hide_no_listener_of_another() {
    let mut register = Register::new(scope());
    let mut open = flood(1000, 50_000);
    assert_eq!(look(&mut register, 0, 1, &open).len(), 60);
    open.push(others(300));
    assert!(is_told(&look(&mut register, 0, 2, &open)));
}

#[test]
fn listeners_of_many_users_wait_in_turn() {
    let mut register = Register::new(scope());
    let mut open: Vec<_> = (2000..2200).flat_map(|uid| flood(uid, 20)).collect();
    assert_eq!(look(&mut register, 0, 1, &open).len(), 600);
    open.push(others(300));
    // A tenth of a second brings one alert.
    assert!((1..=2).any(|second| is_told(&look(&mut register, second, 2, &open))));
}

#[test]
fn short_lived_listeners_of_one_user_hide_none_of_another() {
    let mut register = Register::new(scope());
    look(&mut register, 0, 1, &[]);
    for open in flood(1000, 50_000) {
        pass(&mut register, 1, open);
    }
    assert!(is_told(&pass(&mut register, 1, others(300))));
    assert_eq!(register.suppressed(), 50_000 - 60);
}

#[test]
fn probes_to_the_ports_of_one_user_hide_none_to_a_port_of_another() {
    let mut register = Register::new(scope());
    let mut reached = Reached::default();
    let mut open = flood(1000, 299);
    look(&mut register, 0, 1, &open);
    open.push(others(300));
    look(&mut register, 1, 2, &open);
    let mut due = |ports: std::ops::RangeInclusive<u16>| {
        ports.for_each(|port| reached.note(&Arc::from("eth0"), Transport::Tcp, port, 1));
        let user = |transport, port| register.user(transport, port);
        let mut due = || reached.due(Duration::from_secs(1), false, |_, _| false, user);
        due();
        due()
    };
    assert_eq!(due(1..=299).len(), 60);
    assert_eq!(due(300..=300).iter().map(|it| it.port).collect::<Vec<_>>(), [300]);
}

#[test]
fn memory_is_bounded_and_one_user_does_not_take_it_all() {
    let mut register = Register::new(scope());
    let of = |uid: u32| {
        let one = move |it: u64| OpenSocket { uid, cookie: it.to_ne_bytes(), ..socket(12, 0) };
        (u64::from(uid) << 32..).take(1500).map(one)
    };
    look(&mut register, 0, 1, &of(1).collect::<Vec<_>>());
    assert!(register.is_to_say_full(at(0)));
    let mut many: Vec<_> = of(1).collect();
    many.push(OpenSocket { uid: 2, ..socket(14, 7) });
    assert_eq!(register.strangers(Instant::now(), &many).len(), 1);
    let many: Vec<_> = (1..=5).flat_map(of).collect();
    assert_eq!(register.strangers(Instant::now(), &many).len(), 3072 + 819);
    look(&mut register, 1, 1, &many);
    assert!(register.strangers(Instant::now(), &many).is_empty());
    assert!(!register.is_to_say_full(at(599)) && register.is_to_say_full(at(600)));
    look(&mut register, 601, 1, &[]);
    assert!(!register.is_to_say_full(at(2000)));
    assert_eq!(register.strangers(Instant::now(), &many).len(), 4096 + 819);
}
