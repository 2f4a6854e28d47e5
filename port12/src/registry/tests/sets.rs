use port12_common::{Transport, watched};

use crate::registry::{Edition, Registry, State, Transports};

const EVERYWHERE: &str = "4, 6, 8, 10, 12, 14-16, 26, 28, 30, 32, 34, 36, 40, 60, 81, 100, 114, \
258, 272-279, 285, 288-299, 301-307, 325-332, 334-343, 703, 708, 717-728, 732-740, 743, 745-746, \
755-757, 766, 768, 778-779, 781-799, 803-809, 811-827, 834-846, 849-852, 855-859, 863-872, \
874-885, 889-899, 904-909, 916-952, 954-988, 1002-1007, 1009";

fn state(transport: Transport, port: u16) -> State {
    Registry::embedded().state(transport, port)
}

#[test]
fn udp_and_what_follows_it_watch_the_282_ports_that_are_unassigned_everywhere() {
    use Transport::{Dccp, Sctp, Udp, UdpLite};
    for transport in [Udp, UdpLite, Sctp, Dccp] {
        let ports = Registry::embedded().watched(transport);
        assert_eq!(ports.len(), 282, "{transport}");
        assert_eq!(ports.to_string(), EVERYWHERE, "{transport}");
    }
}

#[test]
fn tcp_watches_716_and_1008_too() {
    let tcp = Registry::embedded().watched(Transport::Tcp);
    let more = tcp.without(&Registry::embedded().watched(Transport::Udp));
    assert_eq!(tcp.len(), 284);
    assert_eq!(more.iter().collect::<Vec<_>>(), [716, 1008]);
}

#[test]
fn the_states_of_every_transport_add_up() {
    for (transport, counts) in [
        (Transport::Tcp, [284, 51, 689]),
        (Transport::Udp, [282, 56, 686]),
        (Transport::Sctp, [976, 39, 9]),
        (Transport::Dccp, [982, 39, 3]),
    ] {
        let found = [State::Unassigned, State::Reserved, State::Assigned]
            .map(|wanted| (0..1024).filter(|port| state(transport, *port) == wanted).count());
        assert_eq!(found, counts, "{transport}");
    }
}

#[test]
fn the_table_of_the_kernel_program_is_that_of_the_embedded_registry() {
    let registry = Registry::embedded();
    assert_eq!(watched::BITS, registry.bits());
    assert_eq!(watched::DATE, registry.edition().to_string());
    assert_eq!(Edition::parse(watched::DATE), Some(registry.edition()));
    let source = include_str!("../../../../port12-common/src/watched.rs");
    assert_eq!(source, registry.to_rust(), "write it with `cargo xtask registry FILE`");
}

#[test]
fn the_embedded_table_reads_as_it_is_written() {
    let text = include_str!("../../../data/wellknown.csv");
    assert_eq!(Registry::embedded().to_compact(), text);
    assert!(text.len() < 120 * 1024);
}

#[test]
fn unnamed_private_uses_are_assigned() {
    for port in [24, 35, 57, 59, 75, 77, 87] {
        for transport in [Transport::Tcp, Transport::Udp] {
            assert_eq!(state(transport, port), State::Assigned, "{port}/{transport}");
        }
    }
    assert_eq!(state(Transport::Udp, 1008), State::Assigned);
}

#[test]
fn ports_716_and_1008_have_no_row_on_tcp() {
    for port in [716, 1008] {
        assert_eq!(Registry::embedded().rows(Transport::Tcp, port).count(), 0);
        assert_eq!(state(Transport::Tcp, port), State::Unassigned);
        assert_eq!(state(Transport::Udp, port), State::Assigned);
    }
}

#[test]
fn port_15_is_unassigned_and_was_netstat() {
    let row = Registry::embedded().rows(Transport::Tcp, 15).next().unwrap();
    assert_eq!(row.state, State::Unassigned);
    assert_eq!(row.description, "Unassigned [was netstat]");
}

#[test]
fn the_edges_are_reserved_on_every_transport() {
    for transport in Transport::ALL {
        assert_eq!(state(transport, 0), State::Reserved, "{transport}");
        assert_eq!(state(transport, 1023), State::Reserved, "{transport}");
    }
}

#[test]
fn a_blank_transport_means_all_four() {
    for transport in Transports::LISTED {
        assert_eq!(state(transport, 585), State::Reserved, "De-registered");
        assert_eq!(state(transport, 659), State::Reserved, "Removed");
        assert_eq!(Registry::embedded().rows(transport, 114).count(), 1);
    }
}

#[test]
fn a_range_covers_its_first_and_its_last_port() {
    for port in [225, 230, 241, 249, 255, 1011, 1020] {
        assert_eq!(state(Transport::Tcp, port), State::Reserved, "{port}");
    }
    assert_eq!(state(Transport::Tcp, 242), State::Assigned);
    assert_eq!(state(Transport::Tcp, 1010), State::Assigned);
}

#[test]
fn the_services_of_a_port_accumulate() {
    let names: Vec<&str> =
        Registry::embedded().rows(Transport::Tcp, 80).map(|row| row.service.as_str()).collect();
    assert_eq!(names, ["http", "www", "www-http"]);
}

#[test]
fn a_port_above_1023_is_never_watched() {
    assert_eq!(state(Transport::Tcp, 1024), State::Assigned);
    assert_eq!(state(Transport::Tcp, u16::MAX), State::Assigned);
}
