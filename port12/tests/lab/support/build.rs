//! Other builds of the kernel object: the same program under another tag, and some that are none.

use std::ops::Range;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use port12_common::abi::program;
use tempfile::NamedTempFile;

const OBJECT: &[u8] = include_bytes!("../../../bpf/port12.bpf.o");

/// The object with two independent instructions in the other order, in each of its entry points:
/// a store to the stack, and `r2 = r10` behind it.
pub fn other_build() -> NamedTempFile {
    const MOVE: [u8; 8] = [0xbf, 0xa2, 0, 0, 0, 0, 0, 0];
    let mut bytes = OBJECT.to_vec();
    for program in programs() {
        let code = &mut bytes[program];
        let is_pair = |pair: &[u8]| pair[..2] == [0x63, 0x0a] && pair[8..16] == MOVE;
        let at = (0..code.len() - 16).step_by(8).find(|&at| is_pair(&code[at..at + 16]));
        let at = at.expect("a store to the stack before `r2 = r10`");
        code[at..at + 16].rotate_left(8);
    }
    written(&bytes)
}

/// The object with a first instruction that reads a register which holds nothing.
pub fn refused_build() -> NamedTempFile {
    // r1 = *(u64 *)(r9 + 0)
    const READ: [u8; 8] = [0x79, 0x91, 0, 0, 0, 0, 0, 0];
    let mut bytes = OBJECT.to_vec();
    for program in programs() {
        bytes[program][..READ.len()].copy_from_slice(&READ);
    }
    written(&bytes)
}

/// Where the code of each entry point lies.
fn programs() -> [Range<usize>; 4] {
    let elf = object::File::parse(OBJECT).unwrap();
    [program::LINEAR, program::LINEAR_ALL, program::FRAGS, program::FRAGS_ALL].map(|name| {
        let symbol = elf.symbol_by_name(name).unwrap();
        let section = elf.section_by_index(symbol.section_index().unwrap()).unwrap();
        let (start, _) = section.file_range().unwrap();
        let start = (start + symbol.address()) as usize;
        start..start + symbol.size() as usize
    })
}

/// No object at all.
pub fn unreadable_build() -> NamedTempFile {
    written(b"no object")
}

fn written(bytes: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}
