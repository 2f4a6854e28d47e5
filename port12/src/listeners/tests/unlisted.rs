//! Looks that could not list the sockets of a transport.

use std::collections::BTreeSet;

use super::*;

fn unseen(transport: Option<Transport>) -> BTreeSet<Transport> {
    transport.into_iter().collect()
}

fn knock(transport: Transport) -> Knock {
    Knock { transport, port: 14, interface: "eth0".into(), packets: 1 }
}

#[test]
fn a_listener_that_could_not_be_listed_has_not_closed() {
    let mut register = Register::new(scope());
    assert_eq!(short(&look(&mut register, 0, 1, &[socket(12, 1)])), ["=12"]);
    register.set_unseen(&unseen(Some(Transport::Tcp)));
    assert!(look(&mut register, 1, 1, &[]).is_empty());
    register.set_unseen(&unseen(None));
    assert!(look(&mut register, 2, 1, &[socket(12, 1)]).is_empty());
    register.set_unseen(&unseen(Some(Transport::Udp)));
    assert_eq!(short(&look(&mut register, 3, 1, &[])), ["-12"]);
}

#[test]
fn a_listener_that_the_first_look_could_not_list_was_there_at_the_start() {
    let mut register = Register::new(scope());
    register.set_unseen(&unseen(Some(Transport::Tcp)));
    assert!(look(&mut register, 0, 1, &[]).is_empty());
    register.set_unseen(&unseen(None));
    assert_eq!(short(&look(&mut register, 1, 1, &[socket(12, 1)])), ["=12"]);
}

#[test]
fn a_probe_that_reached_a_port_is_reported_though_its_listener_could_not_be_listed() {
    let mut register = Register::new(scope());
    register.set_hears_all(true);
    look(&mut register, 0, 1, &[]);
    assert!(register.reached(at(1), knock(Transport::Tcp)).is_none());
    register.set_unseen(&unseen(Some(Transport::Tcp)));
    look(&mut register, 1, 1, &[]);
    let notice = register.reached(at(2), knock(Transport::Tcp)).unwrap();
    assert_eq!(notice.listener, None);
}
