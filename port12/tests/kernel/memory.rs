//! The memory that the maps take.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
};

use aya::{
    maps::{Map, MapData, MapType},
    util::KernelVersion,
};
use port12::kernel::{binds::Binds, egress::Egress, instance::LoadOptions, object::EntryPoint};
use port12_common::abi::map;

use crate::{namespace, subject::Subject, tell::tell};

/// linux/bpf.h.
const BPF_F_MMAPABLE: u32 = 1 << 10;
const PAGE: u64 = 4096;
const FIXED: u64 = 4 << 20;
const PER_CPU: u64 = 1 << 20;
const EGRESS: u64 = 384 << 10;

#[test]
fn the_maps_fit_their_budget_on_every_machine() {
    namespace::alone(|| {
        let maps = Footprint::all();
        for cpus in 1..=256 {
            let total: u64 = maps.iter().map(|map| map.bytes(cpus)).sum();
            let budget = FIXED + u64::from(cpus) * PER_CPU;
            assert!(total < budget, "{cpus} CPUs: {total} bytes of {budget}: {maps:?}");
        }
        let mib = |cpus| maps.iter().map(|map| map.bytes(cpus)).sum::<u64>() as f64 / 1_048_576.0;
        tell(&format!(
            "the maps take {:.2} MiB with 1 CPU, {:.2} with 16, {:.2} with 256",
            mib(1),
            mib(16),
            mib(256)
        ));
    });
}

/// What watches packets that leave is there once, whatever the number of interfaces.
#[test]
fn what_watches_packets_that_leave_takes_little_more() {
    namespace::alone(|| {
        let maps = Footprint::of_egress();
        let bytes = |cpus| maps.iter().map(|map| map.bytes(cpus)).sum::<u64>();
        for cpus in 1..=256 {
            assert!(bytes(cpus) < EGRESS + u64::from(cpus) * 256, "{cpus} CPUs: {maps:?}");
        }
        let at_first: u64 = maps.iter().map(|map| map.memlock).sum();
        tell(&format!(
            "of packets that leave, the maps take {} KiB at first, and {} KiB at most with 2 CPUs",
            at_first >> 10,
            bytes(2) >> 10
        ));
    });
}

#[test]
fn the_kernel_accounts_for_the_maps_as_computed() {
    namespace::alone(|| {
        if KernelVersion::current().expect("a version") < KernelVersion::new(6, 4, 0) {
            return tell("not run: fdinfo has an estimate of a map's memory before kernel 6.4");
        }
        for map in Footprint::all() {
            let computed = map.bytes(map.max_entries);
            match map.is_mapped {
                true => assert_eq!(computed, map.memlock, "{map:?}"),
                // The kernel packs those more tightly.
                false => assert!(computed >= map.memlock, "{map:?}"),
            }
        }
    });
}

/// What a map's size follows from.
#[derive(Debug)]
struct Footprint {
    name: String,
    value_size: u32,
    max_entries: u32,
    key_size: u32,
    kind: MapType,
    is_mapped: bool,
    /// Bytes, by the descriptor's `fdinfo`.
    memlock: u64,
}

impl Footprint {
    /// The maps of an instance at the defaults, and those of the programs that hear of binds.
    fn all() -> Vec<Self> {
        let subject = Subject::bare(&LoadOptions::live(EntryPoint::Frags));
        let binds = Binds::load().expect("the kernel takes the programs");
        let maps: Vec<_> = subject
            .instance
            .maps()
            .chain(binds.maps())
            .filter_map(|(name, map)| match map {
                Map::Array(data)
                | Map::HashMap(data)
                | Map::LruHashMap(data)
                | Map::RingBuf(data) => Some(Self::of(name, data)),
                // Takes its memory prefix by prefix, below 64 bytes each.
                Map::LpmTrie(_) => None,
                // Takes its memory with the sockets, 200 bytes each; the map itself takes less than a page.
                Map::SkStorage(_) => None,
                other => panic!("{name}: no rule for the memory of {other:?}"),
            })
            .collect();
        assert!(maps.len() >= 4, "the constants are in a map too: {maps:?}");
        maps
    }

    /// The maps of what watches packets that leave. Those of ports take their memory one by one.
    fn of_egress() -> Vec<Self> {
        let egress = Egress::load().expect("the kernel takes it");
        let of = |(name, map): (&str, &Map)| match map {
            Map::Array(data) | Map::HashMap(data) | Map::LruHashMap(data) | Map::RingBuf(data) => {
                Self::of(name, data)
            }
            other => panic!("{name}: no rule for the memory of {other:?}"),
        };
        egress.maps().map(of).collect()
    }

    fn of(name: &str, data: &MapData) -> Self {
        let info = data.info().expect("a map's information");
        let kind = info.map_type().expect("a map's type");
        let descriptor = data.fd().as_fd().as_raw_fd();
        let fdinfo = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).expect("procfs");
        let memlock = fdinfo
            .lines()
            .find_map(|line| line.strip_prefix("memlock:")?.trim().parse().ok())
            .expect("the memory of a map");
        Self {
            name: name.into(),
            value_size: info.value_size(),
            max_entries: info.max_entries(),
            key_size: info.key_size(),
            kind,
            is_mapped: info.map_flags() & BPF_F_MMAPABLE != 0,
            memlock,
        }
    }

    /// The kernel's `array_map_alloc` and `array_map_mem_usage` for a map that can be mapped: a
    /// page for the header, and whole pages of elements of whole words. A ring buffer, in
    /// `ringbuf_map_mem_usage`: its bytes, five pages beside them, and a pointer for each of all those pages and
    /// for each of its own once more, for it is mapped twice in a row. A hash map, in `htab_map_mem_usage`: less
    /// than a page for the header, 16 bytes for each bucket, and the elements with 48 bytes more, of which
    /// each CPU has one to spare.
    fn bytes(&self, cpus: u32) -> u64 {
        let most = u64::from(self.max_entries);
        match self.kind {
            MapType::RingBuf => return most + 5 * PAGE + 8 * (2 * most / PAGE + 5),
            MapType::Hash | MapType::LruHash => {
                let [key, value] = [self.key_size, self.value_size]
                    .map(|size| u64::from(size).next_multiple_of(8));
                let spare = u64::from(cpus);
                let elements = (most + spare) * (48 + key + value) + 8 * spare;
                return PAGE + 16 * most.next_power_of_two() + elements;
            }
            _ => {}
        }
        let is_per_cpu = matches!(&*self.name, map::COUNTERS | map::OUT_TELLING);
        let entries = if is_per_cpu { cpus } else { self.max_entries };
        let element = u64::from(self.value_size).next_multiple_of(8);
        PAGE + (u64::from(entries) * element).next_multiple_of(PAGE)
    }
}
