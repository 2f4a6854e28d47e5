//! The link layer: VLAN tags, hardware addresses, LLC, padding.

use super::{
    dressed::{DOT1AD, DOT1Q},
    site::Site,
    way::Table,
};

/// SNAP with the organization code of RFC 1042, before an EtherType.
const SNAP: [u8; 6] = [0xaa, 0xaa, 3, 0, 0, 0];

/// Priority tags: VLAN 0. Linux removes any number of them.
pub fn tags(table: &mut Table) {
    table.begin("tags");
    for depth in (1..=9).chain([16, 32]) {
        table.all(format!("{depth} x 802.1Q"), move |it| it.tag(&vec![DOT1Q; depth], 0));
        table.all(format!("{depth} x 802.1ad"), move |it| it.tag(&vec![DOT1AD; depth], 0));
        table.all(format!("{depth} alternating"), move |it| {
            for level in 0..depth {
                it.tag(&[if level % 2 == 0 { DOT1AD } else { DOT1Q }], 0);
            }
        });
    }
    for control in [0x1000, 0x2000, 0xe000, 0xf000] {
        for depth in [1, 2, 5] {
            table.all(format!("{depth} with control {control:04x}"), move |it| {
                it.tag(&vec![DOT1Q; depth], control);
            });
        }
    }
    for identifier in [1, 7, 0xfff] {
        table.all(format!("VLAN {identifier}"), move |it| it.tag(&[DOT1Q], identifier));
        table.all(format!("VLAN {identifier} behind 5"), move |it| {
            it.tag(&[DOT1Q; 5], 0);
            it.tag(&[DOT1Q], identifier);
        });
    }
    for kind in [0x9100, 0x9200, 0x9300, 0x88e7] {
        table.all(format!("a tag of type {kind:04x}"), move |it| it.tag(&[kind], 0));
        table.all(format!("a tag of type {kind:04x} behind 5"), move |it| {
            it.tag(&[DOT1Q; 5], 0);
            it.tag(&[kind], 0);
        });
    }
}

/// Tags of VLANs that the near host has devices for, with priority tags around them: as many as port12 reads, and more.
pub fn vlans(table: &mut Table) {
    const TAGS: usize = 6;
    table.begin("VLANs");
    let known: [&[(u16, u16)]; 3] = [
        &[(DOT1Q, Site::VLAN)],
        &[(DOT1AD, Site::VLAN)],
        &[(DOT1Q, Site::VLAN), (DOT1Q, Site::INNER_VLAN)],
    ];
    for (path, priority) in known.into_iter().flat_map(|path| [(path, DOT1Q), (path, DOT1AD)]) {
        let spare = TAGS - path.len();
        for before in 0..=spare {
            for between in 0..=if path.len() > 1 { spare - before } else { 0 } {
                for behind in 0..=spare - before - between {
                    let counts = format!("{before} before, {between} between, {behind} behind");
                    let name = format!("{path:04x?}, tags {priority:04x}: {counts}");
                    table.all(name, move |it| {
                        it.tag(&vec![priority; before], 0);
                        for (level, &(kind, identifier)) in path.iter().enumerate() {
                            if level > 0 {
                                it.tag(&vec![priority; between], 0);
                            }
                            it.tag(&[kind], identifier);
                        }
                        it.tag(&vec![priority; behind], 0);
                    });
                }
            }
        }
    }
}

/// Addresses, encapsulation, and what follows the packet.
pub fn frames(table: &mut Table) {
    table.begin("frame");
    table.all("plain", |_| {});
    let group = |it: &mut super::dressed::Dressed| {
        it.to_mac =
            if it.source.is_ipv4() { [1, 0, 0x5e, 0, 0, 1] } else { [0x33, 0x33, 0, 0, 0, 1] };
    };
    for depth in [0, 1, 5, 9] {
        let behind = move |it: &mut super::dressed::Dressed| it.tag(&vec![DOT1Q; depth], 0);
        table.all(format!("to the broadcast address, {depth} tags"), move |it| {
            it.to_mac = [0xff; 6];
            behind(it);
        });
        table.all(format!("to a group address, {depth} tags"), move |it| {
            group(it);
            behind(it);
        });
        table.all(format!("to another address, {depth} tags"), move |it| {
            it.to_mac[5] ^= 0x40;
            behind(it);
        });
        table.all(format!("from a group address, {depth} tags"), move |it| {
            it.from_mac = [0xff; 6];
            behind(it);
        });
        table.all(format!("LLC and SNAP, {depth} tags"), move |it| {
            let ether_type = if it.source.is_ipv4() { [8, 0] } else { [0x86, 0xdd] };
            it.logical_link = Some([&SNAP[..], &ether_type[..]].concat());
            behind(it);
        });
        table.all(format!("LLC and SNAP of bridges, {depth} tags"), move |it| {
            let ether_type = if it.source.is_ipv4() { [8, 0] } else { [0x86, 0xdd] };
            it.logical_link = Some([&[0xaa, 0xaa, 3, 0, 0, 0xf8][..], &ether_type[..]].concat());
            behind(it);
        });
        // The service access point of IP.
        table.all(format!("LLC of IP, {depth} tags"), move |it| {
            it.logical_link = Some(vec![6, 6, 3]);
            behind(it);
        });
        table.all(format!("a length alone, {depth} tags"), move |it| {
            it.logical_link = Some(Vec::new());
            behind(it);
        });
        table.all(format!("a tag within SNAP, {depth} tags"), move |it| {
            let ether_type = if it.source.is_ipv4() { [8, 0] } else { [0x86, 0xdd] };
            it.logical_link = Some([&SNAP[..], &[0x81, 0, 0, 0], &ether_type[..]].concat());
            behind(it);
        });
    }
    for ether_type in [0, 1, 3, 4, 0x5dc, 0x5ff, 0x600, 0x86de, 0x8847, 0x8864] {
        table
            .all(format!("EtherType {ether_type:04x}"), move |it| it.ether_type = Some(ether_type));
    }
    table.all("the EtherType of the other version", |it| {
        it.ether_type = Some(if it.source.is_ipv4() { 0x86dd } else { 0x0800 });
    });
    for length in [1, 6, 26, 46, 47, 100, 1000] {
        table.all(format!("{length} zero bytes behind"), move |it| it.trailer = vec![0; length]);
        table.all(format!("{length} bytes of noise behind"), move |it| {
            it.trailer = vec![0xa5; length];
        });
    }
    // The bytes of an ACK segment, where a reader that goes by the frame would look.
    table.all("an ACK behind", |it| {
        let mut other = it.segment.clone();
        other.flags = super::segment::ACK;
        it.trailer = other.bytes(it.source, it.destination);
    });
    for length in [1400, 2000, 4000, 8800] {
        table
            .all(format!("{length} bytes of data"), move |it| it.segment.data = vec![0x5a; length]);
        table.all(format!("{length} bytes of data, 5 tags"), move |it| {
            it.segment.data = vec![0x5a; length];
            it.tag(&[DOT1Q; 5], 0);
        });
    }
}
