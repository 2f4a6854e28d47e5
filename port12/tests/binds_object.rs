//! The committed object of the programs that hear of binds, as an ELF file. Needs no privileges.

use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};
use port12::kernel::object::BINDS_OBJECT;
use port12_common::abi::{bind_map, bind_program};

/// `BPF_OBJ_NAME_LEN` less the final zero.
const LONGEST_NAME: usize = 15;

fn elf() -> object::File<'static> {
    object::File::parse(BINDS_OBJECT).expect("the object is an ELF file")
}

/// The symbols of a kind in a section, in alphabetical order.
fn symbols(section: &str, kind: SymbolKind) -> Vec<&'static str> {
    let elf = elf();
    let index = elf.section_by_name(section).map(|section| section.index());
    let index = index.unwrap_or_else(|| panic!("the object has no section {section}"));
    let mut names: Vec<_> = elf
        .symbols()
        .filter(|symbol| symbol.section_index() == Some(index) && symbol.kind() == kind)
        .map(|symbol| symbol.name().expect("a symbol's name is UTF-8").to_owned().leak() as &str)
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn each_hook_has_its_program_and_there_is_no_other_code() {
    for (section, program) in [
        ("cgroup/post_bind4", bind_program::BIND4),
        ("cgroup/post_bind6", bind_program::BIND6),
        ("sockops", bind_program::LISTEN),
    ] {
        assert_eq!(symbols(section, SymbolKind::Text), [program]);
    }
    let elf = elf();
    let code = elf.sections().filter(|it| it.kind() == SectionKind::Text && it.size() > 0);
    // .text holds what the compiler copies memory with.
    assert_eq!(code.count(), 4);
}

#[test]
fn every_map_is_declared_by_btf_and_nothing_else_can_be_written() {
    let maps = symbols(".maps", SymbolKind::Data);
    assert_eq!(maps, [bind_map::BINDS, bind_map::BOUND, bind_map::HEARING, bind_map::STATES]);
    let elf = elf();
    assert!(elf.section_by_name(".BTF").is_some_and(|section| section.size() > 0));
    // libbpf 1.x refuses objects with it.
    assert!(elf.section_by_name("maps").is_none(), "a legacy map");
    for name in [".data", ".bss"] {
        assert!(elf.section_by_name(name).is_none_or(|section| section.size() == 0), "{name}");
    }
}

#[test]
fn the_names_fit_the_kernel_and_the_licence_is_compatible_with_the_gpl() {
    let programs = ["cgroup/post_bind4", "cgroup/post_bind6", "sockops"];
    let programs = programs.into_iter().flat_map(|it| symbols(it, SymbolKind::Text));
    for name in programs.chain(symbols(".maps", SymbolKind::Data)) {
        assert!(name.len() <= LONGEST_NAME, "{name} would be cut short");
    }
    let elf = elf();
    let licence = elf.section_by_name("license").expect("a licence").data();
    assert_eq!(licence.expect("the licence"), b"Dual MIT/GPL\0");
}

#[test]
fn the_object_is_stripped_to_code_and_btf() {
    for section in elf().sections() {
        let name = section.name().expect("a section's name is UTF-8");
        let is_debug = name.starts_with(".debug") || name.starts_with(".rel.debug");
        assert!(!is_debug && !name.contains(".BTF.ext"), "{name}");
    }
}
