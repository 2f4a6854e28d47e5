//! Where a packet says it comes from, and where it goes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{dressed::Dressed, site::Site, way::Table};

/// Sources that no host has, and those of the host itself.
pub fn sources(table: &mut Table, site: &Site) {
    table.begin("source");
    let near = (site.near.v4, site.near.v6);
    let v4 = [
        "0.0.0.0",
        "0.0.0.1",
        "127.0.0.1",
        "127.9.9.9",
        "255.255.255.255",
        "224.0.0.1",
        "239.12.0.1",
        "240.0.0.1",
        "10.12.0.0",
        "10.12.0.255",
        "169.254.1.1",
        "192.0.2.1",
        "198.51.100.7",
        "10.99.0.1",
        "10.12.0.11",
        "10.98.0.7",
        "100.64.0.1",
        "192.88.99.1",
    ];
    for source in
        v4.map(|text| text.parse::<Ipv4Addr>().expect("an address")).into_iter().chain([near.0])
    {
        table.v4(source, move |it| it.source = source.into());
    }
    let v6 = [
        "::",
        "::1",
        "::ffff:10.12.0.66",
        "::10.12.0.66",
        "ff02::1",
        "ff0e::12",
        "fe80::66",
        "fec0::66",
        "2001:db8::66",
        "64:ff9b::a0c:42",
        "2002:a0c:42::1",
        "fd99::1",
        "fd12::11",
        "fd98::7",
        "100::1",
        "fd12::",
        "fd12::ac:ac",
    ];
    for source in
        v6.map(|text| text.parse::<Ipv6Addr>().expect("an address")).into_iter().chain([near.1])
    {
        table.v6(source, move |it| it.source = source.into());
    }
}

/// Destinations that the host takes in, and those that a host should not.
pub fn destinations(table: &mut Table, site: &Site) {
    table.begin("destination");
    let group = |it: &mut Dressed| it.to_mac = mac_of(it.destination).unwrap_or(it.to_mac);
    let v4 = [
        "0.0.0.0",
        "127.0.0.1",
        "255.255.255.255",
        "10.12.0.255",
        "10.12.0.0",
        "10.12.0.11",
        "10.99.0.1",
        "10.98.0.7",
        "224.0.0.1",
        "224.0.0.251",
        "239.12.0.1",
        "240.0.0.1",
        "10.12.0.200",
    ];
    for to in v4.map(|text| text.parse::<Ipv4Addr>().expect("an address")) {
        table.v4(to, move |it| it.destination = to.into());
        table.v4(format!("{to}, to its hardware address"), move |it| {
            it.destination = to.into();
            group(it);
        });
        table.v4(format!("{to}, from 0.0.0.0"), move |it| {
            it.destination = to.into();
            it.source = Ipv4Addr::UNSPECIFIED.into();
            group(it);
        });
        for tags in [1, 5] {
            table.v4(format!("{to}, {tags} tags"), move |it| {
                it.destination = to.into();
                it.tag(&vec![0x8100; tags], 0);
                group(it);
            });
        }
        table.v4(format!("{to}, from 0.0.0.0, to the host's hardware address"), move |it| {
            it.destination = to.into();
            it.source = Ipv4Addr::UNSPECIFIED.into();
        });
        table.v4(format!("{to}, fragments"), move |it| {
            it.destination = to.into();
            it.segment.data = vec![0x5a; 40];
            it.cut(&[8]);
            group(it);
        });
    }
    let v6 = [
        "::",
        "::1",
        "::ffff:10.12.0.1",
        "::10.12.0.1",
        "fe80::1",
        "fd12::11",
        "fd99::1",
        "fd98::7",
        "fd12::",
        "fd12::ac:ac",
        "ff01::1",
        "ff02::1",
        "ff02::2",
        "ff02::12",
        "ff02::1:ff00:1",
        "ff05::12",
        "ff0e::12",
        "fd12::200",
    ];
    for to in v6.map(|text| text.parse::<Ipv6Addr>().expect("an address")) {
        table.v6(to, move |it| it.destination = to.into());
        table.v6(format!("{to}, from fe80::66"), move |it| {
            it.destination = to.into();
            it.source = Site::LINK_LOCAL_SENDER.into();
            group(it);
        });
        table.v6(format!("{to}, from ::"), move |it| {
            it.destination = to.into();
            it.source = Ipv6Addr::UNSPECIFIED.into();
            group(it);
        });
        table.v6(format!("{to}, 13 headers"), move |it| {
            it.destination = to.into();
            for _ in 0..13 {
                it.extend(super::chain::Extension::padded(super::chain::DESTINATION, 1));
            }
            group(it);
        });
        for tags in [1, 5] {
            table.v6(format!("{to}, {tags} tags"), move |it| {
                it.destination = to.into();
                it.tag(&vec![0x8100; tags], 0);
                group(it);
            });
        }
    }
    let (near_v4, near_v6) = (site.near.v4, site.near.v6);
    table.v4("source and destination the same, and the ports", move |it| {
        it.source = near_v4.into();
        it.segment.source_port = it.segment.port;
    });
    table.v6("source and destination the same, and the ports", move |it| {
        it.source = near_v6.into();
        it.segment.source_port = it.segment.port;
    });
}

/// The hardware address of a group (RFC 1112 section 6.4, RFC 2464 section 7), or of everybody.
fn mac_of(destination: IpAddr) -> Option<[u8; 6]> {
    match destination {
        IpAddr::V4(to) if to.is_multicast() => {
            let [_, b, c, d] = to.octets();
            Some([1, 0, 0x5e, b & 0x7f, c, d])
        }
        IpAddr::V4(to) => {
            (to.is_broadcast() || to.octets()[3] == 255 || to.octets()[3] == 0).then_some([0xff; 6])
        }
        IpAddr::V6(to) if to.is_multicast() => {
            let [.., a, b, c, d] = to.octets();
            Some([0x33, 0x33, a, b, c, d])
        }
        IpAddr::V6(_) => None,
    }
}
