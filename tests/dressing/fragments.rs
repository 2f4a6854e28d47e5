//! Fragments of the transport header, over IPv4 and IPv6.

use super::{
    dressed::{Cut, DOT1Q, Dressed},
    segment::{ACK, RST},
    way::Table,
};

/// The byte of a TCP header that holds the data offset.
const OFFSET: usize = 12;
/// The byte of a TCP header that holds the flags.
const FLAGS: usize = 13;

/// Data and options enough for several fragments.
fn lengthened(it: &mut Dressed) {
    it.segment.data = b"four score and seven years ago our fathers brought forth".to_vec();
}

/// IPv4: RFC 791, and the attacks of RFC 1858 and RFC 3128.
pub fn v4(table: &mut Table) {
    table.begin("IPv4 fragments");
    common(table, Table::v4);
    for bytes in [0, 1, 4, 7].into_iter().chain(9..16).chain(17..24) {
        // Linux cuts a fragment that others follow to a multiple of eight bytes.
        let truncated = move |it: &mut Dressed| {
            lengthened(it);
            let kept = (bytes / 8 * 8).max(8);
            it.cuts = vec![Cut { more: Some(true), ..Cut::new(0, bytes) }, Cut::rest(kept)];
        };
        table.v4(format!("a first one of {bytes} bytes"), truncated);
        for (name, decoy) in
            [("ACK", (FLAGS, ACK)), ("RST", (FLAGS, RST)), ("no data offset", (OFFSET, 0))]
        {
            table.v4(format!("a first one of {bytes} bytes with {name}, cut away"), move |it| {
                truncated(it);
                it.cuts[0].decoys = vec![decoy];
            });
        }
    }
    table.v4("options in the first alone", |it| {
        lengthened(it);
        it.v4.options = vec![1; 40];
        it.v4.later_options = Some(Vec::new());
        it.cut(&[8, 24]);
    });
    table.v4("options in the later alone", |it| {
        lengthened(it);
        it.v4.later_options = Some(vec![1; 40]);
        it.cut(&[8, 24]);
    });
    for (name, flags) in [("do not fragment", 0x40), ("the evil bit", 0x80)] {
        table.v4(format!("{name}, two"), move |it| {
            lengthened(it);
            it.v4.flags = flags;
            it.cut(&[8]);
        });
    }
    table.v4("padded to 60 bytes", |it| {
        lengthened(it);
        it.cut(&[8]);
        it.trailer = vec![0xa5; 26];
    });
}

/// IPv6: RFC 8200 section 4.5, RFC 5722 and RFC 6946.
pub fn v6(table: &mut Table) {
    table.begin("IPv6 fragments");
    common(table, Table::v6);
    for bytes in [0, 1, 4, 7].into_iter().chain(9..16).chain(17..24) {
        table.v6(format!("a first one of {bytes} bytes"), move |it| {
            lengthened(it);
            it.cuts = vec![
                Cut { more: Some(true), ..Cut::new(0, bytes) },
                Cut::rest((bytes / 8 * 8).max(8)),
            ];
        });
    }
    table.v6("one that is all of it", |it| it.cuts = vec![Cut::rest(0)]);
}

/// A change of a packet.
type Dress = Box<dyn Fn(&mut Dressed) + Send + Sync>;

/// What both versions have.
fn common(table: &mut Table, add: fn(&mut Table, String, Dress)) {
    for at in [8, 16, 24, 32, 40] {
        add(
            table,
            format!("two, from {at}"),
            Box::new(move |it| {
                lengthened(it);
                it.cut(&[at]);
            }),
        );
        add(
            table,
            format!("two, from {at}, the last first"),
            Box::new(move |it| {
                lengthened(it);
                it.cut(&[at]);
                it.cuts.reverse();
            }),
        );
        add(
            table,
            format!("two, from {at}, 5 tags"),
            Box::new(move |it| {
                lengthened(it);
                it.cut(&[at]);
                it.tag(&[DOT1Q; 5], 0);
            }),
        );
        for (name, which) in [("first", 0), ("last", 1)] {
            add(
                table,
                format!("two, from {at}, the {name} twice"),
                Box::new(move |it| {
                    lengthened(it);
                    it.cut(&[at]);
                    it.cuts.insert(which, it.cuts[which].clone());
                }),
            );
        }
        add(
            table,
            format!("overlapping from {at}"),
            Box::new(move |it| {
                lengthened(it);
                it.cuts = vec![Cut::new(0, at), Cut::rest(at - 8)];
            }),
        );
        add(
            table,
            format!("overlapping from {at}, the last first"),
            Box::new(move |it| {
                lengthened(it);
                it.cuts = vec![Cut::rest(at - 8), Cut::new(0, at)];
            }),
        );
        // Of two first ones, a stack may keep the one that a filter has not believed.
        add(
            table,
            format!("two first ones to {at}, the first with ACK"),
            Box::new(move |it| {
                lengthened(it);
                let decoyed = Cut { decoys: vec![(FLAGS, ACK)], ..Cut::new(0, at) };
                it.cuts = vec![decoyed, Cut::new(0, at), Cut::rest(at)];
            }),
        );
        add(
            table,
            format!("two first ones to {at}, the last with ACK"),
            Box::new(move |it| {
                lengthened(it);
                let decoyed = Cut { decoys: vec![(FLAGS, ACK)], ..Cut::new(0, at) };
                it.cuts = vec![Cut::new(0, at), decoyed, Cut::rest(at)];
            }),
        );
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        add(
            table,
            format!("three, in the order {order:?}"),
            Box::new(move |it| {
                lengthened(it);
                it.cut(&[8, 16]);
                it.cuts = order.iter().map(|&index| it.cuts[index].clone()).collect();
            }),
        );
    }
    add(
        table,
        "one of eight bytes each".to_owned(),
        Box::new(|it| {
            lengthened(it);
            it.cut(&[8, 16, 24, 32, 40, 48, 56]);
        }),
    );
    add(
        table,
        "a first one without a second".to_owned(),
        Box::new(|it| {
            lengthened(it);
            it.cuts = vec![Cut::new(0, 24)];
        }),
    );
    add(
        table,
        "later ones alone".to_owned(),
        Box::new(|it| {
            lengthened(it);
            it.cuts = vec![Cut::rest(8)];
        }),
    );
}
