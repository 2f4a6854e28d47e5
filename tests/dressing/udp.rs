//! UDP, UDP-Lite and SCTP: lengths, coverage, checksums, fragments.

use super::way::Table;

/// Fields and data.
pub fn headers(table: &mut Table) {
    table.begin("UDP header");
    for length in [0, 1, 7, 8, 9, 11, 13, 100, 0xffff] {
        table.udp(format!("length {length}"), move |it| it.segment.length = Some(length));
        table.udp(format!("length {length}, without a checksum"), move |it| {
            it.segment.length = Some(length);
            it.segment.checksum = Some(0);
        });
    }
    table.udp("a checksum of 0", |it| it.segment.checksum = Some(0));
    table.udp("a wrong checksum", |it| it.segment.checksum = Some(0x1234));
    for length in [0, 1, 2, 3, 1000] {
        table
            .udp(format!("{length} bytes of data"), move |it| it.segment.data = vec![0x5a; length]);
        table.udp(format!("{length} bytes of data, padded"), move |it| {
            it.segment.data = vec![0x5a; length];
            it.trailer = vec![0xa5; 18];
        });
    }
    for port in [0, 1, 12, 20, 53, 67, 68, 80, 123, 443, 546, 547, 1023, 1900, 2049, 5353] {
        table.udp(format!("from port {port}"), move |it| it.segment.source_port = port);
    }
    table.begin("UDP-Lite");
    table.udp_lite("plain", |_| {});
    for coverage in [0, 1, 7, 8, 9, 11, 13] {
        table
            .udp_lite(format!("coverage {coverage}"), move |it| it.segment.length = Some(coverage));
    }
    for depth in [1, 4, 5, 9] {
        table.udp_lite(format!("{depth} tags"), move |it| it.tag(&vec![0x8100; depth], 0));
    }
    table.udp_lite("a checksum of 0", |it| it.segment.checksum = Some(0));
    table.udp_lite("two fragments", |it| {
        it.segment.data = vec![0x5a; 40];
        it.cut(&[8]);
    });
}

/// SCTP: an INIT as it is, and in fragments.
pub fn inits(table: &mut Table) {
    table.begin("SCTP");
    table.sctp("plain", |_| {});
    for at in [8, 16, 24] {
        table.sctp(format!("two fragments, from {at}"), move |it| it.cut(&[at]));
        table.sctp(format!("two fragments, from {at}, the last first"), move |it| {
            it.cut(&[at]);
            it.cuts.reverse();
        });
    }
    for depth in [1, 4, 5, 9] {
        table.sctp(format!("{depth} tags"), move |it| it.tag(&vec![0x8100; depth], 0));
    }
    for port in [1, 12, 67, 2905] {
        table.sctp(format!("from port {port}"), move |it| it.segment.source_port = port);
    }
}
