use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use port12_common::{Shape, Transport};

use super::*;
use crate::who::{Behind, Process, Sender};

fn contact(seconds: u64, port: u16, last: u8) -> Contact {
    Contact {
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        interface: "eth0".into(),
        transport: Transport::Tcp,
        shape: Shape::TcpSyn,
        source: IpAddr::from([192, 0, 2, 1]),
        source_port: 40_000,
        destination: IpAddr::from([198, 51, 100, last]),
        port,
        uid: 1000,
        cookie: 7,
        running: None,
    }
}

fn process(pid: i32, name: &str) -> Sender {
    let process = Process { pid, name: Some(name.to_owned()), ..Process::default() };
    Sender { behind: Behind::Holders, processes: vec![process], more_processes: 0 }
}

#[test]
fn a_process_is_told_of_once_for_each_port_and_destination() {
    let mut register = Register::default();
    assert!(register.note(contact(0, 12, 1), process(7, "nc")).is_some());
    assert!(register.note(contact(1, 12, 1), process(7, "nc")).is_none());
    for (port, last, pid) in [(14, 1, 7), (12, 2, 7), (12, 1, 8)] {
        assert!(register.note(contact(2, port, last), process(pid, "nc")).is_some());
    }
    // Of those that nobody was seen of, the user is known.
    assert!(register.note(contact(3, 12, 1), Sender::UNSEEN).is_some());
    assert!(register.note(contact(4, 12, 1), Sender::UNSEEN).is_none());
    assert_eq!(register.suppressed(), 0);
}

#[test]
fn a_scan_is_told_within_a_budget_and_the_rest_is_counted() {
    let mut register = Register::default();
    let told = (0..282).filter_map(|port| register.note(contact(0, port, 1), process(7, "nmap")));
    assert_eq!(told.count(), 60);
    assert_eq!(register.suppressed(), 222);
    // Nothing of it is told later as if it had been seen before.
    assert!(register.note(contact(60, 281, 1), process(7, "nmap")).is_some());
}

#[test]
fn a_scan_of_one_user_hides_no_outbound_start_of_another() {
    let mut register = Register::default();
    for last in 0..=255 {
        for port in 0..200 {
            register.note(contact(0, port, last), process(7, "nmap"));
        }
    }
    let other = Contact { uid: 1001, ..contact(0, 12, 1) };
    assert!(register.note(other, process(8, "nc")).is_some());
}

#[test]
fn processes_that_are_alike_are_one_owner_and_owners_are_bounded() {
    let mut register = Register::default();
    for pid in 1..=100 {
        let contact = Contact { cookie: pid, ..contact(pid, 12, 1) };
        register.note(contact.clone(), process(pid as i32, "nc"));
        // A SYN that is sent again.
        register.note(contact, process(pid as i32, "nc"));
    }
    let place = ("eth0".into(), Transport::Tcp, 12);
    let owners = register.owners(&place).unwrap();
    assert_eq!((owners.known.len(), owners.forgotten), (1, 0));
    assert_eq!((owners.known[0].pid, owners.known[0].contacts), (Some(100), 100));
    for number in 0..20 {
        register.note(contact(200, 12, 1), process(1, &number.to_string()));
    }
    let owners = register.owners(&place).unwrap();
    assert_eq!((owners.known.len(), owners.forgotten), (8, 13));
    assert_eq!(owners.known[0].name.as_deref(), Some("19"));
    register.follow(&BTreeMap::new());
    assert!(register.owners(&place).is_none());
}

#[test]
fn owners_go_with_the_name_of_their_interface() {
    let mut register = Register::default();
    for name in ["eth0", "eth1", "gone0"] {
        let contact = Contact { interface: name.into(), ..contact(0, 12, 1) };
        register.note(contact, process(7, name));
    }
    register.follow(
        &[("eth0", "eth1"), ("eth1", "eth0")].map(|(old, new)| (old.into(), new.into())).into(),
    );
    let name = |interface: &str| {
        let owners = register.owners(&(interface.into(), Transport::Tcp, 12))?;
        owners.known[0].name.clone()
    };
    assert_eq!((name("eth0").as_deref(), name("eth1").as_deref()), (Some("eth1"), Some("eth0")));
    assert_eq!(name("gone0"), None);
}

#[test]
fn what_was_told_is_remembered_within_bounds() {
    let mut register = Register::default();
    let mut told = 0;
    for second in 0..6000 {
        told += usize::from(
            register.note(contact(second, 12, 1), process(second as i32, "x")).is_some(),
        );
    }
    assert_eq!(told, 6000);
    assert!(register.note(contact(7000, 12, 1), process(5999, "x")).is_none());
    assert!(register.note(contact(7001, 12, 1), process(0, "x")).is_some(), "it was forgotten");
}
