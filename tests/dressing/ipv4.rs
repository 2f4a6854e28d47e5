//! IPv4: options and the fields of the header.

use super::way::Table;

/// Options by their number (RFC 791 section 3.1 and IANA's registry).
pub fn options(table: &mut Table) {
    table.begin("IPv4 options");
    for words in 1..=10 {
        table.v4(format!("{words} words of no-operation"), move |it| {
            it.v4.options = vec![1; words * 4];
        });
        table.v4(format!("{words} words of end-of-list"), move |it| {
            it.v4.options = vec![0; words * 4];
        });
    }
    let mut named = |name: &str, options: &[u8]| {
        let mut options = options.to_vec();
        options.resize(options.len().next_multiple_of(4), 0);
        let tagged = options.clone();
        table.v4(name, move |it| it.v4.options = options.clone());
        table.v4(format!("{name}, 5 tags"), move |it| {
            it.v4.options = tagged.clone();
            it.tag(&[super::dressed::DOT1Q; 5], 0);
        });
    };
    named("record route, empty", &[7, 7, 4, 0, 0, 0, 0]);
    named("record route, 9 places", &[&[7, 39, 4][..], &[0; 36]].concat());
    named("record route, full", &[7, 7, 8, 10, 12, 0, 66]);
    named("record route, pointer 0", &[7, 7, 0, 0, 0, 0, 0]);
    named("timestamp", &[68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    named("timestamp with addresses", &[68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    named("timestamp of named hosts", &[68, 12, 5, 3, 10, 12, 0, 1, 0, 0, 0, 0]);
    named("timestamp, full", &[68, 8, 9, 0, 0, 0, 0, 0]);
    named("timestamp, overflowed 15 times", &[68, 8, 9, 0xf0, 0, 0, 0, 0]);
    named("loose source route, left", &[131, 7, 4, 10, 12, 0, 1]);
    named("loose source route, done", &[131, 7, 8, 10, 12, 0, 66]);
    named("strict source route, left", &[137, 7, 4, 10, 12, 0, 1]);
    named("strict source route, done", &[137, 7, 8, 10, 12, 0, 66]);
    named("router alert", &[148, 4, 0, 0]);
    named("router alert of 1", &[148, 4, 0, 1]);
    named("router alert of 3 bytes", &[148, 3, 0]);
    named("two router alerts", &[148, 4, 0, 0, 148, 4, 0, 0]);
    named("security", &[130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    named("extended security", &[133, 3, 0]);
    named("commercial security", &[134, 6, 0, 0, 0, 1]);
    named("stream identifier", &[136, 4, 0, 1]);
    named("path MTU probe", &[11, 4, 5, 0xdc]);
    named("quick start", &[25, 8, 0, 0, 0, 0, 0, 0]);
    named("experimental", &[158, 4, 0, 0]);
    named("of every class", &[30, 2, 62, 2, 94, 2, 126, 2, 158, 2, 190, 2, 222, 2, 254, 2]);
    named("of length 0", &[94, 0, 0, 0]);
    named("of length 1", &[94, 1, 0, 0]);
    named("longer than the header", &[94, 40, 0, 0]);
    named("noise behind the end of the list", &[1, 0, 7, 0xff, 68, 0xff, 131, 0]);
    named("no-operation, then an option", &[1, 1, 1, 148, 4, 0, 0, 1]);
}

/// Fields of the header.
pub fn fields(table: &mut Table) {
    table.begin("IPv4 header");
    for service in [1, 2, 3, 0x10, 0xb8, 0xff] {
        table.v4(format!("service {service:02x}"), move |it| it.v4.service = service);
    }
    for (name, flags) in [("do not fragment", 0x40), ("the evil bit", 0x80), ("both", 0xc0)] {
        table.v4(name, move |it| it.v4.flags = flags);
    }
    for time in [0, 1, 2, 255] {
        table.v4(format!("time to live {time}"), move |it| it.v4.time_to_live = Some(time));
    }
    for identification in [0, 0xffff] {
        table.v4(format!("identification {identification}"), move |it| {
            it.identification = identification;
        });
    }
    for version in [0, 5, 6, 15] {
        table.v4(format!("version {version}"), move |it| it.v4.version = Some(version));
    }
    for words in [0, 1, 4, 6, 10, 15] {
        table.v4(format!("{words} words in place of 5"), move |it| {
            it.v4.header_length = Some(words);
        });
    }
    table.v4("5 words in place of 6", |it| {
        it.v4.options = vec![1; 4];
        it.v4.header_length = Some(5);
    });
    for length in [0, 1, 19, 20, 24, 27, 28, 39] {
        table.v4(format!("total length {length}"), move |it| it.v4.total_length = Some(length));
        table.v4(format!("total length {length}, noise behind"), move |it| {
            it.v4.total_length = Some(length);
            it.trailer = vec![0xa5; 60];
        });
    }
    table.v4("a total length beyond the frame", |it| it.v4.total_length = Some(1000));
    table.v4("a total length that covers the padding", |it| {
        it.v4.total_length = Some(60);
        it.trailer = vec![0; 60];
    });
    table.v4("a wrong checksum", |it| it.v4.checksum_error = 1);
    table.v4("a checksum of all ones", |it| {
        // Where the right one is 0, its complement sums up as well.
        it.v4.checksum_error = 0xffff;
    });
}
