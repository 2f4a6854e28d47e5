//! The committed kernel object as an ELF file: what a loader relies on. Needs no privileges.

use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, SectionIndex, SectionKind, SymbolKind,
    elf::EM_BPF, read::elf::ElfFile64,
};
use port12::kernel::object::OBJECT;
use port12_common::abi::{constant, map, program};

type Elf = ElfFile64<'static, object::Endianness>;

/// `BPF_OBJ_NAME_LEN` less the final zero.
const LONGEST_NAME: usize = 15;

fn elf() -> Elf {
    Elf::parse(OBJECT).expect("the object is a 64-bit ELF file")
}

/// The symbols of a kind in a section, in alphabetical order.
fn symbols(elf: &Elf, section: &str, kind: SymbolKind) -> Vec<&'static str> {
    let index: SectionIndex = section_of(elf, section).index();
    let mut names: Vec<_> = elf
        .symbols()
        .filter(|symbol| symbol.section_index() == Some(index) && symbol.kind() == kind)
        .map(|symbol| symbol.name().expect("a symbol's name is UTF-8"))
        .collect();
    names.sort_unstable();
    names
}

fn section_of<'a>(elf: &'a Elf, name: &str) -> object::read::elf::ElfSection64<'static, 'a> {
    elf.section_by_name(name).unwrap_or_else(|| panic!("the object has no section {name}"))
}

#[test]
fn the_object_is_for_little_endian_bpf() {
    let elf = elf();
    assert!(elf.is_little_endian());
    assert_eq!(elf.elf_header().e_machine.get(elf.endian()), EM_BPF);
}

#[test]
fn the_sections_hold_the_programs_that_their_names_promise() {
    let elf = elf();
    assert_eq!(
        symbols(&elf, "xdp", SymbolKind::Text),
        [program::LINEAR, program::LINEAR_ALL, program::CLOCK]
    );
    assert_eq!(symbols(&elf, "xdp.frags", SymbolKind::Text), [program::FRAGS_ALL, program::FRAGS]);
    let code: Vec<_> = elf
        .sections()
        .filter(|section| section.kind() == SectionKind::Text)
        .map(|section| section.name().expect("a section's name is UTF-8"))
        .collect();
    // .text holds the functions that the programs call.
    assert_eq!(code, [".text", "xdp", "xdp.frags"]);
}

#[test]
fn every_map_is_declared_by_btf() {
    let elf = elf();
    let mut maps = [
        map::COUNTERS,
        map::EVENTS,
        map::STATE,
        map::CLOCK,
        map::ALLOW_V4,
        map::ALLOW_V6,
        map::BANS,
        map::EVIDENCE,
        map::PROTECTED,
    ];
    maps.sort_unstable();
    assert_eq!(symbols(&elf, ".maps", SymbolKind::Data), maps);
    assert!(section_of(&elf, ".BTF").size() > 0);
    // libbpf 1.x refuses objects with it.
    assert!(elf.section_by_name("maps").is_none(), "a legacy map");
}

#[test]
fn the_names_fit_the_kernel() {
    let elf = elf();
    let programs = [("xdp", SymbolKind::Text), ("xdp.frags", SymbolKind::Text)];
    for (section, kind) in programs.into_iter().chain([(".maps", SymbolKind::Data)]) {
        for name in symbols(&elf, section, kind) {
            assert!(name.len() <= LONGEST_NAME, "{name} would be cut short");
        }
    }
}

#[test]
fn the_licence_is_compatible_with_the_gpl() {
    let elf = elf();
    let licence = section_of(&elf, "license").data().expect("the licence");
    assert_eq!(licence, b"Dual MIT/GPL\0", "the kernel compares the string as it is");
}

#[test]
fn the_load_time_constants_are_bytes_in_rodata_that_select_the_safe_mode() {
    let elf = elf();
    let rodata = section_of(&elf, ".rodata");
    for name in [constant::LINK_LAYER, constant::REPLAY] {
        let symbol = elf.symbol_by_name(name).unwrap_or_else(|| panic!("no constant {name}"));
        assert_eq!(symbol.section_index(), Some(rodata.index()), "{name}");
        assert_eq!((symbol.size(), symbol.is_global()), (1, true), "{name}");
        let value = rodata.data_range(symbol.address(), 1).expect("the section can be read");
        assert_eq!(value, Some([0].as_slice()), "{name}");
    }
}

#[test]
fn nothing_can_be_written_but_the_maps() {
    let elf = elf();
    for name in [".data", ".bss"] {
        assert!(elf.section_by_name(name).is_none_or(|section| section.size() == 0), "{name}");
    }
}

#[test]
fn the_object_is_stripped_to_code_and_btf() {
    for section in elf().sections() {
        let name = section.name().expect("a section's name is UTF-8");
        let is_debug = name.starts_with(".debug") || name.starts_with(".rel.debug");
        assert!(!is_debug && !name.contains(".BTF.ext"), "{name}");
    }
}
