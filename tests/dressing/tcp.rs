//! TCP: flags, options, the data offset, and what a SYN carries.

use super::{
    segment::{ACK, FIN, PSH, RST, SYN, URG},
    way::Table,
};

/// Every combination of flags in which a listener may see a SYN, and the shapes of scans.
pub fn flags(table: &mut Table) {
    table.begin("TCP flags");
    for others in 0..=u8::MAX {
        // SYN with ACK or RST is tried with and without each other flag alone.
        let is_simple = (others & !(SYN | ACK | RST)).count_ones() <= 1;
        if others & SYN != 0 && (others & (ACK | RST) == 0 || is_simple) {
            table.tcp(format!("{others:08b}"), move |it| it.segment.flags = others);
        }
    }
    for flags in [0, FIN, PSH, URG, ACK, RST, FIN | PSH | URG, FIN | ACK, 0x40, 0x80] {
        table.tcp(format!("{flags:08b}"), move |it| it.segment.flags = flags);
    }
    for reserved in 1..16 {
        table.tcp(format!("SYN with the reserved bits {reserved:04b}"), move |it| {
            it.segment.reserved = reserved;
        });
        table.tcp(format!("SYN, ECE and CWR with the reserved bits {reserved:04b}"), move |it| {
            it.segment.reserved = reserved;
            it.segment.flags |= 0xc0;
        });
    }
}

/// Other fields, options, and data.
pub fn headers(table: &mut Table) {
    table.begin("TCP header");
    for words in 0..=15 {
        table.tcp(format!("a data offset of {words}, without options"), move |it| {
            it.segment.offset = Some(words);
        });
        table.tcp(format!("a data offset of {words}, data behind"), move |it| {
            it.segment.offset = Some(words);
            it.segment.data = vec![1; 40];
        });
    }
    for words in 1..=10 {
        table.tcp(format!("{words} words of no-operation"), move |it| {
            it.segment.options = vec![1; words * 4];
        });
        table.tcp(format!("{words} words of end-of-list"), move |it| {
            it.segment.options = vec![0; words * 4];
        });
    }
    let mut option = |name: &str, bytes: &[u8]| {
        let mut options = bytes.to_vec();
        options.resize(options.len().next_multiple_of(4), 1);
        table.tcp(name, move |it| it.segment.options = options.clone());
    };
    option("maximum segment size", &[2, 4, 5, 0xb4]);
    option("a maximum segment size of 0", &[2, 4, 0, 0]);
    option("window scale", &[3, 3, 14]);
    option("a window scale of 255", &[3, 3, 255]);
    option("selective acknowledgements", &[4, 2]);
    option("timestamps", &[8, 10, 0, 0, 0, 1, 0, 0, 0, 0]);
    option("timestamps with an echo", &[8, 10, 0, 0, 0, 1, 0, 0, 0, 9]);
    option(
        "all that a client has",
        &[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7],
    );
    option("a request for fast open", &[34, 2]);
    option("fast open", &[34, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
    option("experimental fast open", &[254, 4, 0xf9, 0x89]);
    option("an MD5 signature", &[&[19, 18][..], &[0; 16]].concat());
    option("authentication", &[&[29, 16][..], &[0; 14]].concat());
    option("multipath", &[30, 12, 1, 0x81, 1, 2, 3, 4, 5, 6, 7, 8]);
    option("accurate ECN", &[172, 2]);
    option("unknown", &[253, 8, 1, 2, 3, 4, 5, 6]);
    option("of length 0", &[253, 0]);
    option("of length 1", &[253, 1]);
    option("longer than the header", &[253, 40]);
    for length in [1, 8, 100, 1000] {
        table
            .tcp(format!("{length} bytes of data"), move |it| it.segment.data = vec![0x5a; length]);
        table.tcp(format!("{length} bytes of data for fast open"), move |it| {
            it.segment.data = vec![0x5a; length];
            it.segment.options = vec![34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1];
        });
    }
    for pointer in [1, 20, 0xffff] {
        table.tcp(format!("an urgent pointer of {pointer} without URG"), move |it| {
            it.segment.urgent = pointer;
        });
        table.tcp(format!("an urgent pointer of {pointer}"), move |it| {
            it.segment.urgent = pointer;
            it.segment.flags |= URG;
        });
    }
    for window in [0, 1, 0xffff] {
        table.tcp(format!("a window of {window}"), move |it| it.segment.window = window);
    }
    for sequence in [0, 1, u32::MAX] {
        table.tcp(format!("the sequence number {sequence}"), move |it| {
            it.segment.sequence = sequence;
        });
        table.tcp(format!("{sequence} acknowledged"), move |it| it.segment.acknowledged = sequence);
    }
    for port in [0, 1, 12, 20, 53, 67, 68, 80, 123, 443, 546, 547, 1023, 2049, 5353] {
        table.tcp(format!("from port {port}"), move |it| it.segment.source_port = port);
    }
    table.tcp("a wrong checksum", |it| it.segment.checksum = Some(0x1234));
    table.tcp("a checksum of 0", |it| it.segment.checksum = Some(0));
}
