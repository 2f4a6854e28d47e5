//! Every known way of dressing a SYN or a datagram, and an exchange that tries them on a real stack: which of them a
//! listener or a socket receives, and which of them reach the stack at all.
//!
//! A test crate includes it with `#[path = "../../../tests/dressing/dressing.rs"] mod dressing;`. The kernel that runs
//! the test is the oracle: a way counts if its stack accepts it without port12. Nothing here needs a program besides the
//! kernel, so a static binary carries it into a virtual machine.
#![allow(dead_code, reason = "each test crate uses a part")]

mod addresses;
mod application;
mod chain;
mod dressed;
mod exchange;
mod extensions;
mod fragments;
mod ipv4;
mod link;
mod segment;
mod sequence;
mod site;
mod split;
mod tcp;
mod trial;
mod udp;
mod way;
mod wire;

pub use sequence::Sequence;
pub use site::{End, Site};

/// Ways to a host with VLAN devices.
fn ways_over_vlans() -> Vec<way::Way> {
    let mut table = way::Table::default();
    link::vlans(&mut table);
    table.into_ways()
}

/// Every way to a host with nothing above its interface.
fn ways(site: &Site) -> Vec<way::Way> {
    let mut table = way::Table::default();
    link::tags(&mut table);
    link::frames(&mut table);
    ipv4::options(&mut table);
    ipv4::fields(&mut table);
    fragments::v4(&mut table);
    fragments::v6(&mut table);
    extensions::orders(&mut table);
    extensions::kinds(&mut table);
    extensions::fields(&mut table);
    split::chains(&mut table);
    tcp::flags(&mut table);
    tcp::headers(&mut table);
    udp::headers(&mut table);
    udp::inits(&mut table);
    addresses::sources(&mut table, site);
    addresses::destinations(&mut table, site);
    table.into_ways()
}
