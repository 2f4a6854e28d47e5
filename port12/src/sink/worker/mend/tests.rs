use std::io::Cursor;

use super::*;
use crate::{model::event::tests::sample, sink::format};

fn capture() -> Vec<u8> {
    let mut pcapng = format::of(Form::Pcapng);
    let mut bytes = Vec::new();
    pcapng.begin(&mut bytes);
    pcapng.write(&sample::event().into(), &mut bytes);
    pcapng.write(&sample::datagram().into(), &mut bytes);
    bytes
}

fn whole(bytes: &[u8]) -> u64 {
    whole_blocks(Cursor::new(bytes), bytes.len() as u64).unwrap()
}

#[test]
fn blocks_are_whole_up_to_the_one_that_is_cut() {
    let bytes = capture();
    let ends: Vec<u64> = (0..=bytes.len()).map(|end| whole(&bytes[..end])).collect();
    assert_eq!(ends.last(), Some(&(bytes.len() as u64)));
    let mut different = ends.clone();
    different.dedup();
    // Nothing, the section, and four blocks behind it.
    assert_eq!(different.len(), 6);
    assert!(ends.iter().enumerate().all(|(length, &whole)| whole <= length as u64));
}

#[test]
fn either_byte_order_is_read() {
    let mut bytes = vec![0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0];
    bytes.extend([0xff; 8]);
    bytes.extend([0, 0, 0, 28]);
    assert_eq!(whole(&bytes), 28);
    bytes.extend(capture());
    assert_eq!(whole(&bytes), bytes.len() as u64);
}

#[test]
fn other_files_have_no_blocks() {
    assert_eq!(whole(b"a text, and no capture"), 0);
    assert_eq!(whole(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 0);
    assert_eq!(whole(&[0xff; 64]), 0);
}
