//! IPv6: extension headers in every order, of every kind, and the fields of the header.

use super::{
    chain::{
        DESTINATION, Extension, FRAGMENT, HIP, HOP_BY_HOP, MOBILITY, NO_NEXT_HEADER, ROUTING, SHIM6,
    },
    dressed::{DOT1Q, Dressed},
    site::Site,
    way::Table,
};

/// The kinds that a host processes on its way to the transport, each with a short name.
const KINDS: [(char, u8); 4] =
    [('h', HOP_BY_HOP), ('d', DESTINATION), ('r', ROUTING), ('f', FRAGMENT)];

/// An extension header that changes nothing.
fn neutral(kind: u8, identification: u16) -> Extension {
    match kind {
        ROUTING => Extension::routing(0, &[], 0),
        FRAGMENT => Extension::fragment(0, false, identification),
        kind => Extension::padded(kind, 1),
    }
}

fn extend(it: &mut Dressed, order: &str) {
    for letter in order.chars() {
        let kind = KINDS.into_iter().find(|kind| kind.0 == letter).expect("a kind's letter");
        it.extend(neutral(kind.1, it.identification));
    }
}

/// Every order up to three headers, and chains beyond any bound.
pub fn orders(table: &mut Table) {
    table.begin("IPv6 orders");
    let mut orders = vec![String::new()];
    let mut longest = orders.clone();
    for _ in 0..3 {
        let longer = |order: &String| KINDS.map(|(letter, _)| format!("{order}{letter}"));
        longest = longest.iter().flat_map(longer).collect();
        orders.extend(longest.clone());
    }
    for depth in (4..=16).chain([24, 32, 64, 100]) {
        let repeated = |part: &str| part.repeat(depth).chars().take(depth).collect::<String>();
        orders.extend([repeated("d"), repeated("r"), repeated("dr")]);
        orders.push(format!("h{}", &repeated("d")[1..]));
        orders.push(format!("f{}", &repeated("rd")[1..]));
        orders.push(format!("{}f", &repeated("d")[1..]));
    }
    for order in orders.into_iter().filter(|order| !order.is_empty()) {
        let name = if order.len() > 16 {
            format!("{}... x {}", &order[..4], order.len())
        } else {
            order.clone()
        };
        table.v6(name, move |it| extend(it, &order));
    }
    for depth in [8, 9, 12, 13] {
        table.v6(format!("{depth} headers, 5 tags"), move |it| {
            extend(it, &"d".repeat(depth));
            it.tag(&[DOT1Q; 5], 0);
        });
    }
}

/// Headers of every kind and length, with every option that Linux knows.
pub fn kinds(table: &mut Table) {
    table.begin("IPv6 headers");
    for kind in [AUTH, MOBILITY, HIP, SHIM6, 50, NO_NEXT_HEADER, 253, 254] {
        table.v6(format!("protocol {kind}"), move |it| {
            it.extend(if kind == AUTH {
                Extension::authentication()
            } else {
                Extension::padded(kind, 1)
            });
        });
        table.v6(format!("protocol {kind} behind options"), move |it| {
            extend(it, "hd");
            it.extend(if kind == AUTH {
                Extension::authentication()
            } else {
                Extension::padded(kind, 1)
            });
        });
    }
    for (name, kind) in [("hop-by-hop", HOP_BY_HOP), ("destination", DESTINATION)] {
        for units in [2, 3, 8, 32, 100, 256] {
            table.v6(format!("{name} options of {} bytes", units * 8), move |it| {
                it.extend(Extension::padded(kind, units));
            });
        }
        let mut option = |what: &str, bytes: &[u8]| {
            let bytes = bytes.to_vec();
            table.v6(format!("{name}: {what}"), move |it| {
                it.extend(Extension::options(kind, &bytes, 1));
            });
        };
        option("six bytes of padding one by one", &[0; 6]);
        option("router alert", &[5, 2, 0, 0]);
        option("jumbo payload", &[0xc2, 4, 0, 1, 0, 0]);
        option("a short jumbo payload", &[0xc2, 4, 0, 0, 0, 60]);
        option("home address", &[&[0xc9, 16][..], &[0xfd; 16]].concat());
        option("tunnel limit", &[4, 1, 4]);
        option("CALIPSO", &[7, 8, 0, 0, 0, 1, 0, 0, 0, 0]);
        option("IOAM", &[0x31, 2, 0, 0]);
        for action in [0x1e, 0x3e, 0x5e, 0x9e, 0xde] {
            option(&format!("unknown option {action:02x}"), &[action, 2, 0, 0]);
        }
        option("eight unknown options", &[0x1e, 0].repeat(8));
        option("nine unknown options", &[0x1e, 0].repeat(9));
        option("an option beyond the header", &[0x1e, 40]);
    }
    for routing_type in [0, 1, 2, 3, 4, 5, 253, 255] {
        for left in [0, 1] {
            let near = Site::SECONDARY_V6.octets();
            table.v6(format!("routing type {routing_type}, one address, {left} left"), move |it| {
                it.extend(Extension::routing(routing_type, &[near], left));
            });
            table.v6(format!("routing type {routing_type}, no address, {left} left"), move |it| {
                it.extend(Extension::routing(routing_type, &[], left));
            });
        }
    }
    table.v6("routing of 127 addresses", |it| {
        it.extend(Extension::routing(0, &[[0xfd; 16]; 86], 0));
    });
    for reserved in [2, 4, 6] {
        table.v6(format!("an atomic fragment with the bits {reserved}"), move |it| {
            let mut header = Extension::fragment(0, false, it.identification);
            header.body[3] |= reserved;
            it.extend(header);
        });
    }
    table.v6("an atomic fragment with a length", |it| {
        let mut header = Extension::fragment(0, false, it.identification);
        header.body[1] = 9;
        it.extend(header);
    });
}

const AUTH: u8 = super::chain::AUTHENTICATION;

/// Fields of the header.
pub fn fields(table: &mut Table) {
    table.begin("IPv6 header");
    for class in [1, 2, 3, 0xb8, 0xff] {
        table.v6(format!("class {class:02x}"), move |it| it.v6.class = class);
    }
    for label in [1, 0x80000, 0xf_ffff] {
        table.v6(format!("flow label {label:05x}"), move |it| it.v6.label = label);
    }
    for limit in [0, 1, 255] {
        table.v6(format!("hop limit {limit}"), move |it| it.v6.hop_limit = Some(limit));
    }
    for version in [0, 4, 5, 15] {
        table.v6(format!("version {version}"), move |it| it.v6.version = Some(version));
    }
    for length in [0, 1, 7, 8, 19] {
        table.v6(format!("payload length {length}"), move |it| it.v6.payload_length = Some(length));
        table.v6(format!("payload length {length} before hop-by-hop options"), move |it| {
            extend(it, "h");
            it.v6.payload_length = Some(length);
        });
    }
    table.v6("a payload length beyond the frame", |it| it.v6.payload_length = Some(1000));
    table.v6("payload length 0, jumbo", |it| {
        it.extend(Extension::options(HOP_BY_HOP, &[0xc2, 4, 0, 1, 0, 0], 1));
        it.v6.payload_length = Some(0);
    });
    table.v6("payload length 0, a short jumbo", |it| {
        it.extend(Extension::options(HOP_BY_HOP, &[0xc2, 4, 0, 0, 0, 28], 1));
        it.v6.payload_length = Some(0);
    });
}
