//! IPv6 chains that a fragment cuts: the first one may end before the ports (RFC 7112).

use super::{
    chain::{DESTINATION, Extension, HOP_BY_HOP, ROUTING},
    dressed::DOT1Q,
    way::Table,
};

/// The headers behind the fragment header: their protocol numbers, and their lengths in units of eight bytes.
const CHAINS: [&[(u8, usize)]; 12] = [
    &[(DESTINATION, 1)],
    &[(DESTINATION, 2)],
    &[(DESTINATION, 3)],
    &[(ROUTING, 1)],
    &[(DESTINATION, 1), (DESTINATION, 1)],
    &[(DESTINATION, 2), (DESTINATION, 1)],
    &[(DESTINATION, 2), (DESTINATION, 2)],
    &[(DESTINATION, 2), (ROUTING, 1)],
    &[(DESTINATION, 3), (DESTINATION, 2)],
    &[(ROUTING, 1), (DESTINATION, 2), (DESTINATION, 1)],
    &[(DESTINATION, 32), (DESTINATION, 1)],
    &[(DESTINATION, 2), (DESTINATION, 2), (DESTINATION, 2), (DESTINATION, 2)],
];

/// Chains, cut at every place.
pub fn chains(table: &mut Table) {
    table.begin("IPv6 cut chains");
    for chain in CHAINS {
        let units: usize = chain.iter().map(|header| header.1).sum();
        // Behind the ports, too: the last cut leaves the whole header in the first fragment.
        for at in (1..=(units + 3).min(9)).map(|units| units * 8) {
            for before in ["", "h", "d", "hd"] {
                for reversed in [false, true] {
                    let order = if reversed { ", the last first" } else { "" };
                    let name = format!("{chain:?} cut at {at} behind {before:?}{order}");
                    table.v6(name, move |it| {
                        it.segment.data = b"four score and seven years ago".to_vec();
                        for letter in before.chars() {
                            let kind = if letter == 'h' { HOP_BY_HOP } else { DESTINATION };
                            it.extend(Extension::padded(kind, 1));
                        }
                        it.unfragmentable = before.len();
                        for &(kind, units) in chain {
                            it.extend(header(kind, units));
                        }
                        it.cut(&[at]);
                        if reversed {
                            it.cuts.reverse();
                        }
                    });
                }
            }
        }
    }
    for tags in [1, 5] {
        table.v6(format!("a cut chain behind {tags} tags"), move |it| {
            it.extend(header(DESTINATION, 2));
            it.extend(header(DESTINATION, 1));
            it.cut(&[8]);
            it.tag(&vec![DOT1Q; tags], 0);
        });
    }
}

fn header(kind: u8, units: usize) -> Extension {
    match kind {
        ROUTING => Extension::routing(0, &[], 0),
        kind => Extension::padded(kind, units),
    }
}
