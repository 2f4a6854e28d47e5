//! The committed kernel object for packets that leave, as an ELF file: what a loader relies on. Needs no privileges.

use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind, elf::EM_BPF,
    read::elf::ElfFile64,
};
use port12::kernel::{egress, object::OBJECT};
use port12_common::abi::{constant, map, program};

type Elf = ElfFile64<'static, object::Endianness>;

/// `BPF_OBJ_NAME_LEN` less the final zero.
const LONGEST_NAME: usize = 15;

fn elf() -> Elf {
    Elf::parse(egress::OBJECT).expect("the object is a 64-bit ELF file")
}

/// The symbols of a kind in a section, in alphabetical order.
fn symbols(elf: &Elf, section: &str, kind: SymbolKind) -> Vec<&'static str> {
    let index = elf.section_by_name(section).map(|section| section.index());
    let mut names: Vec<_> = elf
        .symbols()
        .filter(|symbol| symbol.section_index() == index && symbol.kind() == kind)
        .map(|symbol| symbol.name().expect("a symbol's name is UTF-8"))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn it_holds_classifiers_for_little_endian_bpf_and_nothing_else() {
    let elf = elf();
    assert!(elf.is_little_endian());
    assert_eq!(elf.elf_header().e_machine.get(elf.endian()), EM_BPF);
    let programs = symbols(&elf, "classifier", SymbolKind::Text);
    assert_eq!(programs, [program::EGRESS, program::EGRESS_IP]);
    let code: Vec<_> = elf
        .sections()
        .filter(|section| section.kind() == SectionKind::Text)
        .map(|section| section.name().expect("a section's name is UTF-8"))
        .collect();
    assert_eq!(code, [".text", "classifier"]);
}

/// `bpftool prog loadall FILE DIR type xdp` takes the other object as it is.
#[test]
fn the_xdp_object_has_none_of_them() {
    let elf = Elf::parse(OBJECT).expect("the object is a 64-bit ELF file");
    assert!(elf.section_by_name("classifier").is_none());
    assert!(
        [program::EGRESS, program::EGRESS_IP].iter().all(|name| elf.symbol_by_name(name).is_none())
    );
}

#[test]
fn every_map_is_declared_by_btf_and_has_a_name_that_fits_the_kernel() {
    let elf = elf();
    let mut maps =
        [map::OUT_STATE, map::OUT_TELLING, map::OUT_PORTS, map::OUT_CONTACTS, map::OUT_EVENTS];
    maps.sort_unstable();
    assert_eq!(symbols(&elf, ".maps", SymbolKind::Data), maps);
    assert!(elf.section_by_name(".BTF").is_some_and(|section| section.size() > 0));
    assert!(elf.section_by_name("maps").is_none(), "a legacy map");
    let programs = [program::EGRESS, program::EGRESS_IP];
    assert!(maps.iter().chain(&programs).all(|name| name.len() <= LONGEST_NAME));
}

#[test]
fn the_licence_is_compatible_with_the_gpl() {
    let elf = elf();
    let licence = elf.section_by_name("license").map(|section| section.data());
    assert_eq!(licence.expect("a licence").expect("its bytes"), b"Dual MIT/GPL\0");
}

#[test]
fn unpatched_constants_are_zero_tell_nothing_and_ask_for_nothing_that_old_kernels_lack() {
    let elf = elf();
    let rodata = elf.section_by_name(".rodata").expect("constants");
    for (name, size) in
        [(constant::OUT_AGAIN, 8), (constant::OUT_PROCESS, 1), (constant::OUT_NAMESPACE, 8)]
    {
        let symbol = elf.symbol_by_name(name).unwrap_or_else(|| panic!("no constant {name}"));
        assert_eq!(symbol.section_index(), Some(rodata.index()), "{name}");
        assert_eq!((symbol.size(), symbol.is_global()), (size, true), "{name}");
        let value = rodata.data_range(symbol.address(), size).expect("the section can be read");
        assert!(value.is_some_and(|bytes| bytes.iter().all(|&byte| byte == 0)), "{name}");
    }
}

#[test]
fn it_is_stripped_to_code_and_btf_and_nothing_can_be_written_but_the_maps() {
    for section in elf().sections() {
        let name = section.name().expect("a section's name is UTF-8");
        let is_debug = name.starts_with(".debug") || name.starts_with(".rel.debug");
        assert!(!is_debug && !name.contains(".BTF.ext"), "{name}");
        assert!(!matches!(name, ".data" | ".bss") || section.size() == 0, "{name}");
    }
}
