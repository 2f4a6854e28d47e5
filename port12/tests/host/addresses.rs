use std::collections::BTreeSet;

use port12::host::{
    addresses::{LocalAddresses, local},
    publish::publish,
};

use crate::namespace::{alone, feed, sh, sysctl};

/// What `ip route` shows of local destinations, `/32` and `/128` left away as it does.
fn as_ip_route_shows() -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    for family in ["-4", "-6"] {
        for kind in ["local", "broadcast", "anycast", "multicast"] {
            let json = sh(&format!("ip -j {family} route show table all type {kind}"));
            let routes: serde_json::Value = serde_json::from_str(&json).unwrap();
            let routes = routes.as_array().unwrap().iter();
            shown.extend(routes.map(|route| route["dst"].as_str().unwrap().to_owned()));
        }
    }
    shown
}

fn as_read(addresses: &LocalAddresses) -> BTreeSet<String> {
    let mut read: BTreeSet<String> = addresses.v4.iter().map(ToString::to_string).collect();
    read.extend(addresses.broadcast_v4.iter().map(ToString::to_string));
    read.extend(addresses.v6.iter().map(ToString::to_string));
    let prefix = |network: String, length| match length {
        0 => "default".to_owned(),
        _ => format!("{network}/{length}"),
    };
    read.extend(addresses.prefixes_v4.iter().map(|p| prefix(p.network.to_string(), p.length)));
    read.extend(addresses.prefixes_v6.iter().map(|p| prefix(p.network.to_string(), p.length)));
    read
}

#[test]
fn local_addresses_are_those_of_ip_route() {
    alone(|| {
        sysctl("ipv6/conf/all/forwarding", "1");
        sh("ip link add va type veth peer name vb && ip link set va up && ip link set vb up");
        sh("ip addr add 192.0.2.1/24 dev va && ip addr add 192.0.2.130/25 dev va");
        sh("ip addr add 2001:db8::1/64 dev va nodad");
        sh("ip route add local 10.9.0.0/16 dev lo");
        sh("ip route add local 198.51.100.0/24 dev lo table 100");
        sh("ip route add local default dev lo table 101");
        sh("ip -6 route add local 2001:db8:9::/48 dev lo");
        sh("ip -6 route add local 2001:db8:a::5/128 dev lo table 100");
        sh("ip route add 203.0.113.0/24 dev va");
        let addresses = local().unwrap();
        let read = as_read(&addresses);
        assert_eq!(read, as_ip_route_shows());
        for expected in
            ["192.0.2.1", "192.0.2.255", "10.9.0.0/16", "198.51.100.0/24", "default", "2001:db8::"]
        {
            assert!(read.contains(expected), "{expected} of {read:?}");
        }
        assert!(addresses.broadcast_v4.contains(&[192, 0, 2, 255].into()), "{addresses:?}");
    });
}

#[test]
fn a_published_address_is_local_and_a_routed_one_is_not() {
    alone(|| {
        sh("ip link add va type veth peer name vb && ip link set va up");
        sh("ip addr add 192.0.2.1/24 dev va && ip route add local 10.9.0.0/16 dev lo");
        let published = publish(&local().unwrap());
        assert!(published.left_out.is_empty());
        let holds = |octets: [u8; 4]| published.local.contains_v4(u32::from_ne_bytes(octets));
        assert!(holds([192, 0, 2, 1]) && holds([192, 0, 2, 255]) && holds([10, 9, 200, 7]));
        assert!(!holds([192, 0, 2, 2]) && !holds([10, 10, 0, 1]));
    });
}

#[test]
fn many_addresses_are_read_whole() {
    alone(|| {
        let batch: String = (0..2_000)
            .map(|n| format!("addr add 10.{}.{}.1/32 dev lo\n", n / 250, n % 250))
            .collect();
        feed("ip -batch -", &batch);
        let addresses = local().unwrap();
        assert_eq!(as_read(&addresses), as_ip_route_shows());
        assert!(addresses.v4.len() >= 2_000);
    });
}

#[test]
fn a_namespace_without_ipv6_addresses_has_its_ipv4_ones() {
    alone(|| {
        sysctl("ipv6/conf/all/disable_ipv6", "1");
        let addresses = local().unwrap();
        assert!(addresses.v6.is_empty());
        assert!(!addresses.v4.is_empty());
    });
}
