//! Other builds of the kernel object: the same program under another tag, and some that are none.

use object::{Object as _, ObjectSection as _};
use tempfile::NamedTempFile;

const OBJECT: &[u8] = include_bytes!("../../../bpf/port12.bpf.o");

/// The object with two independent instructions in the other order, in each of its entry points:
/// a store to the stack, and `r2 = r10` behind it.
pub fn other_build() -> NamedTempFile {
    const MOVE: [u8; 8] = [0xbf, 0xa2, 0, 0, 0, 0, 0, 0];
    let mut bytes = OBJECT.to_vec();
    let elf = object::File::parse(OBJECT).unwrap();
    for section in ["xdp", "xdp.frags"] {
        let (start, size) = elf.section_by_name(section).unwrap().file_range().unwrap();
        let code = &mut bytes[start as usize..][..size as usize];
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
    let elf = object::File::parse(OBJECT).unwrap();
    for section in ["xdp", "xdp.frags"] {
        let (start, _) = elf.section_by_name(section).unwrap().file_range().unwrap();
        bytes[start as usize..][..READ.len()].copy_from_slice(&READ);
    }
    written(&bytes)
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
