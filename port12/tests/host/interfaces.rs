use std::{
    thread,
    time::{Duration, Instant},
};

use port12::host::{
    HostError,
    interfaces::{XdpMode, all, by_index, by_name, default_route, driver, layer, speed, unproven},
};
use port12_common::Layer;

use crate::{
    namespace::{alone, sh},
    xdp,
};

const PAIR: &str =
    "ip link add va type veth peer name vb && ip link set va up && ip link set vb up";

#[test]
fn a_link_is_found_by_name_and_by_index() {
    alone(|| {
        sh(PAIR);
        let link = by_name("va").unwrap();
        assert_eq!(by_index(link.index).unwrap(), link);
        assert_eq!((link.kind.as_deref(), link.mtu, link.up), (Some("veth"), 1500, true));
        assert_eq!(link.lower, Some(by_name("vb").unwrap().index));
        assert_eq!(link.xdp, []);
        assert!(all().unwrap().contains(&link));
    });
}

#[test]
fn an_alternative_name_finds_its_link() {
    alone(|| {
        sh(PAIR);
        sh("ip link property add dev va altname uplink-to-the-upstairs-switch");
        assert_eq!(by_name("uplink-to-the-upstairs-switch").unwrap().name, "va");
        sh("ip link property add dev va altname wan");
        assert_eq!(by_name("wan").unwrap().name, "va");
    });
}

#[test]
fn a_name_that_is_not_there_is_named_in_the_error() {
    alone(|| {
        let long = "a".repeat(300);
        for name in ["nope0", "", "a/b", "über", "a-name-longer-than-fifteen-bytes", &long] {
            let error = by_name(name).unwrap_err();
            assert!(
                matches!(&error, HostError::NoInterface(missing) if missing.trim_matches('"') == name),
                "{error}"
            );
        }
        assert!(matches!(by_index(0), Err(HostError::NoInterface(_))));
        assert!(matches!(by_index(9_999), Err(HostError::NoInterface(_))));
    });
}

#[test]
fn the_default_route_is_ipv4s_of_the_lowest_metric_and_else_ipv6s() {
    alone(|| {
        assert_eq!(default_route().unwrap(), None);
        sh(PAIR);
        let default = || default_route().unwrap().map(|link| link.name);
        sh("ip -6 route add default dev vb metric 5");
        assert_eq!(default().as_deref(), Some("vb"));
        sh("ip route add default dev vb metric 200 && ip route add default dev va metric 100");
        assert_eq!(default().as_deref(), Some("va"));
        sh("ip route add unreachable default metric 1");
        assert_eq!(default().as_deref(), Some("va"));
    });
}

#[test]
fn a_default_route_with_several_hops_has_the_first() {
    alone(|| {
        sh(PAIR);
        sh("ip addr add 192.0.2.1/24 dev va && ip addr add 198.51.100.1/24 dev vb");
        sh("ip route add default nexthop via 198.51.100.7 dev vb nexthop via 192.0.2.7 dev va");
        assert_eq!(default_route().unwrap().unwrap().name, "vb");
    });
}

#[test]
fn layers_follow_the_link_layer_type() {
    alone(|| {
        sh(PAIR);
        assert_eq!(layer(&by_name("lo").unwrap()), Ok(Layer::Ethernet));
        assert_eq!(layer(&by_name("va").unwrap()), Ok(Layer::Ethernet));
        sh("ip tuntap add tun0 mode tun && ip tuntap add tap0 mode tap");
        let tun = by_name("tun0").unwrap();
        assert_eq!((layer(&tun), tun.kind.as_deref()), (Ok(Layer::Ip), Some("tun")));
        assert_eq!(layer(&by_name("tap0").unwrap()), Ok(Layer::Ethernet));
    });
}

#[test]
fn the_driver_tells_its_name_and_the_speed() {
    alone(|| {
        sh(PAIR);
        let link = by_name("va").unwrap();
        assert_eq!(driver(&link).as_deref(), Some("veth"));
        assert_eq!(speed(&link), Some(10_000_000_000));
        let lo = by_name("lo").unwrap();
        assert_eq!((driver(&lo), speed(&lo)), (None, None));
    });
}

#[test]
fn a_bridge_and_a_macvlan_stand_above_and_a_peer_does_not() {
    alone(|| {
        sh(PAIR);
        let above = |name| {
            let unproven = unproven(&by_name(name).unwrap()).unwrap();
            unproven.map(|it| it.to_string())
        };
        assert_eq!(["va", "vb", "lo"].map(above), [None, None, None]);
        sh("ip link add br0 type bridge && ip link set va master br0");
        assert_eq!(above("va").as_deref(), Some("the bridge br0 stands above it"));
        assert_eq!(above("br0"), None);
        sh("ip link add mv0 link vb type macvlan");
        assert_eq!(above("vb").as_deref(), Some("the macvlan mv0 stands above it"));
    });
}

#[test]
fn a_foreign_program_is_seen_with_its_mode() {
    alone(|| {
        sh(PAIR);
        let link = by_name("va").unwrap();
        for (flag, mode) in [(xdp::GENERIC, XdpMode::Generic), (xdp::NATIVE, XdpMode::Native)] {
            let attached = xdp::attach(link.index, flag);
            let [seen] = by_name("va").unwrap().xdp[..] else { panic!("one program") };
            assert_eq!(seen.mode, mode);
            assert_ne!(seen.program, 0);
            drop(attached);
            // A command that another test starts holds a copy of the link until it runs.
            let deadline = Instant::now() + Duration::from_secs(5);
            while !by_name("va").unwrap().xdp.is_empty() {
                assert!(Instant::now() < deadline, "the program is still there");
                thread::yield_now();
            }
        }
    });
}
