//! An interface that a port12 with layout 6 has attached to stay. Its committed object does the work in the kernel.

use std::{fs, mem::transmute, net::IpAddr, os::unix::fs::MetadataExt as _, path::Path};

use aya::{
    Ebpf, EbpfLoader,
    maps::{
        HashMap, Map, MapData,
        lpm_trie::{Key, LpmTrie},
    },
    programs::{Xdp, links::FdLink, xdp::XdpMode},
};
use port12::kernel::{
    clock,
    mapped::{Mapped, MappedMut},
    older::layout6::{Counters, State},
};
use port12::{
    mapped_read, mapped_write,
    policy::{Mode, policy},
    registry::Registry,
};
use port12_common::Layer;
use port12_common::abi::{self, Ban, SourceAddress, TransitPolicy, map, origin, program};

use super::{Bpffs, Namespace};

/// A pinned attachment of layout 6 on `w0` of a namespace.
pub struct Layout6 {
    state: MappedMut<State>,
}

/// What it is told.
pub struct Told {
    /// Jiffies from now until drop mode ends; `None` for never.
    pub deadline: Option<u64>,
    /// Source that the operator banned.
    pub banned: IpAddr,
    /// IPv4 network that the operator allowed.
    pub allowed: ([u8; 4], u32),
}

impl Layout6 {
    /// Attaches it in drop mode with the rules of the registry, and pins everything as that version did.
    pub fn attach(namespace: &Namespace, bpffs: &Bpffs, told: &Told) -> Self {
        bpffs.make_pins();
        let directory = bpffs.pins().join("w0");
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .unwrap();
        namespace.enter(|| Self::fill(&directory, told))
    }

    fn fill(directory: &Path, told: &Told) -> Self {
        let object = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layouts/6.bpf.o");
        let cpus = aya::util::nr_cpus().unwrap();
        let mut ebpf = EbpfLoader::new()
            .override_global(abi::constant::LINK_LAYER, &(Layer::Ethernet as u8), true)
            .map_max_entries(map::COUNTERS, u32::try_from(cpus).unwrap())
            .load_file(object)
            .unwrap();
        for name in ["port12", program::CLOCK] {
            xdp(&mut ebpf, name).load().unwrap();
        }
        let state = MappedMut::<State>::new(data(&ebpf, map::STATE)).unwrap();
        let counters = MappedMut::<Counters>::new(data(&ebpf, map::COUNTERS)).unwrap();
        let clock = Mapped::<abi::Clock>::new(data(&ebpf, map::CLOCK)).unwrap();
        let hz = port12::host::time::ticks_per_second().unwrap();
        let now = clock::ask(xdp(&mut ebpf, program::CLOCK), &clock, hz.into()).unwrap();
        let bits = Registry::embedded().bits();
        let rules = policy(&bits, Mode::Drop, TransitPolicy::Pass).rules;
        for cpu in counters.elements_mut() {
            mapped_write!(cpu, sources.seed => 0x9e37_79b9_7f4a_7c15);
            mapped_write!(cpu, sources.random => 1);
        }
        let element = state.first_mut();
        mapped_write!(element, header.version => 6);
        mapped_write!(element, header.attached_at => 1_700_000_000);
        let namespace = fs::metadata("/proc/thread-self/ns/net").unwrap().ino();
        mapped_write!(element, header.namespace => namespace);
        let until = told.deadline.map_or(u64::MAX, |it| now.jiffies + it);
        mapped_write!(element, gate.drop_until => until);
        mapped_write!(element, lists => abi::Policy::BANS | abi::Policy::ALLOW_V4);
        mapped_write!(element, rules => rules);
        // Host table: a socket look-up proves that there is no socket.
        for (index, byte) in 1_u64.to_ne_bytes().into_iter().enumerate() {
            mapped_write!(element, host[8 + index] => byte);
        }
        ban(&mut ebpf, told.banned);
        allow(&mut ebpf, told.allowed);
        for name in [
            "COUNTERS",
            "STATE",
            "CLOCK",
            "ALLOW_V4",
            "ALLOW_V6",
            "BANS",
            "EVIDENCE",
            "PROTECTED",
            "EVENTS",
        ] {
            data(&ebpf, name).pin(directory.join(name)).unwrap();
        }
        xdp(&mut ebpf, "port12").pin(directory.join("program")).unwrap();
        xdp(&mut ebpf, program::CLOCK).pin(directory.join("clock")).unwrap();
        let program = xdp(&mut ebpf, "port12");
        let id = program.attach("w0", XdpMode::Driver).unwrap();
        let link = FdLink::try_from(program.take_link(id).unwrap()).unwrap();
        link.pin(directory.join("link")).unwrap();
        Self { state }
    }

    /// Deadline of drop mode, in jiffies.
    pub fn drop_until(&self) -> u64 {
        mapped_read!(self.state.first(), gate.drop_until)
    }
}

fn xdp<'a>(ebpf: &'a mut Ebpf, name: &str) -> &'a mut Xdp {
    ebpf.program_mut(name).unwrap().try_into().unwrap()
}

fn data<'a>(ebpf: &'a Ebpf, name: &str) -> &'a MapData {
    match ebpf.map(name).unwrap() {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::LpmTrie(data)
        | Map::RingBuf(data) => data,
        other => panic!("{name}: {other:?}"),
    }
}

fn ban(ebpf: &mut Ebpf, source: IpAddr) {
    let ban =
        Ban { until: Ban::FOR_EVER, packets: 7, times: 3, origin: Ban::OPERATOR, ..Ban::default() };
    // SAFETY: both are numbers without gaps.
    let (key, value) = unsafe {
        (transmute::<SourceAddress, [u8; 16]>(source.into()), transmute::<Ban, [u8; 32]>(ban))
    };
    let mut bans =
        HashMap::<_, [u8; 16], [u8; 32]>::try_from(ebpf.map_mut(map::BANS).unwrap()).unwrap();
    bans.insert(key, value, 0).unwrap();
}

fn allow(ebpf: &mut Ebpf, (network, prefix): ([u8; 4], u32)) {
    let mut trie = LpmTrie::<_, u32, u8>::try_from(ebpf.map_mut(map::ALLOW_V4).unwrap()).unwrap();
    let key = Key::new(prefix, u32::from_ne_bytes(network));
    trie.insert(&key, origin::OPERATOR, 0).unwrap();
}
