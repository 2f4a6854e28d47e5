//! port12's program. The benchmark's only use of the library's kernel interface.

use std::{
    cell::Cell,
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    os::fd::{AsFd as _, BorrowedFd},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use aya::{maps::MapInfo, programs::TestRunOptions};
use ipnet::{IpNet, Ipv4Net};
use port12::{
    host::{addresses::LocalAddresses, publish::publish},
    kernel::{
        banning::{Scope, Terms},
        instance::{Instance, LoadOptions},
        object::EntryPoint,
    },
    policy::policy,
    snapshot::Snapshot,
};
use port12_common::{
    Outcome,
    abi::{BANNED, Ban, HostTable, Local, Policy, Sockets, TransitPolicy, Vlans},
    watched,
};

use super::Subject;
use crate::bench::{
    bare::code,
    case::{Bans, Case, Setting},
    cpu::timed,
    dispatcher::{self, Kept},
    frames::{LOCAL_V4, LOCAL_V6, PEER_V4},
};

/// port12 behind one of its entry points, with maps of its own.
pub struct Product {
    instance: Instance,
    entry: EntryPoint,
    /// How many prefixes are on its allowlist.
    allowed: Cell<u32>,
    /// Who is banned.
    bans: Cell<Bans>,
}

/// What one frame may move, over all CPUs.
#[derive(Debug, Default, Eq, PartialEq)]
struct Tallies {
    packets: [u64; Outcome::ALL.len()],
    bytes: u64,
    probes: u64,
    dropped: u64,
    local_socket: u64,
}

/// Prefixes of 16 to 32 bits within 100.64.0.0/10, no two of them alike.
fn prefixes(count: u32) -> BTreeSet<IpNet> {
    let mut prefixes = BTreeSet::new();
    for number in 0_u32.. {
        if prefixes.len() >= count as usize {
            break;
        }
        let address = (0x6440_0000 | number.wrapping_mul(2_654_435_761) >> 10).into();
        let length = 16 + u8::try_from(number % 17).unwrap_or(16);
        prefixes.extend(Ipv4Net::new(address, length).map(|net| IpNet::V4(net.trunc())));
    }
    prefixes
}

impl Product {
    /// Loads the program. Nothing is attached.
    pub fn load(entry: EntryPoint) -> Result<Self> {
        Self::load_with(&LoadOptions::live(entry))
    }

    /// Loads it without a record of who sends.
    pub fn load_without_sources(entry: EntryPoint) -> Result<Self> {
        Self::load_with(&LoadOptions { sources: false, ..LoadOptions::live(entry) })
    }

    /// Loads it with a record of who sends, of which it tells nothing.
    pub fn load_without_events(entry: EntryPoint) -> Result<Self> {
        Self::load_with(&LoadOptions { events: false, ..LoadOptions::live(entry) })
    }

    fn load_with(options: &LoadOptions<'_>) -> Result<Self> {
        let instance = Instance::load(options).context("loading port12")?;
        Ok(Self {
            instance,
            entry: options.entry,
            allowed: Cell::new(0),
            bans: Cell::new(Bans::Nobody),
        })
    }

    /// Keeps the program in the kernel's dispatcher.
    pub fn keep(&mut self) -> Result<Kept> {
        dispatcher::keep(self.instance.program()?.fd()?.as_fd())
    }

    /// The program.
    pub fn program(&self) -> Result<BorrowedFd<'_>> {
        Ok(self.instance.loaded()?.fd()?.as_fd())
    }

    /// Puts in the maps what is in them while a case is measured.
    pub fn prepare(&self, case: &Case) -> Result<()> {
        self.put(&case.setting)
    }

    /// Packets that it has dropped.
    pub fn dropped(&self) -> u64 {
        Snapshot::read(self.instance.counters()).outcome(Outcome::Dropped).packets
    }

    /// Empties the table of sources.
    pub fn forget_sources(&self) -> Result<()> {
        self.instance.sources().forget(self.instance.now()?.hz);
        Ok(())
    }

    /// Whether the program takes a frame: a plain one takes one buffer, a page with the kernel's
    /// head and tail room in it.
    pub fn takes(&self, frame: &[u8]) -> bool {
        self.entry == EntryPoint::Frags || frame.len() <= 3000
    }

    /// The maps of the program, as the kernel lists them.
    pub fn maps(&mut self) -> Result<Vec<MapInfo>> {
        let mut ids = BTreeSet::new();
        for (_, program) in self.instance.ebpf_mut().programs() {
            // Of the two entry points, one is not loaded.
            if let Ok(info) = program.info() {
                ids.extend(info.map_ids()?.unwrap_or_default());
            }
        }
        ids.into_iter().map(|id| Ok(MapInfo::from_id(id)?)).collect()
    }

    fn put(&self, setting: &Setting) -> Result<()> {
        let mut policy = policy(&watched::BITS, setting.mode, TransitPolicy::Pass);
        policy.lists = if setting.allowed > 0 { Policy::ALLOW_V4 } else { 0 };
        if matches!(setting.bans, Bans::Others | Bans::Source) {
            policy.lists |= Policy::BANS;
        }
        self.instance.set_policy(&policy);
        if self.allowed.replace(setting.allowed) != setting.allowed {
            self.instance.allowlist(None)?.set_policy(&prefixes(setting.allowed))?;
        }
        self.put_bans(setting.bans)?;
        let mut sockets = Sockets::EMPTY;
        if let Some((transport, port)) = setting.listed {
            sockets.insert(transport, port);
        }
        sockets.lookup_proves = 1;
        sockets.valid_until = if setting.fresh { u64::MAX } else { 0 };
        let local = local(setting.addresses);
        self.instance.state().set_host(&HostTable {
            sockets,
            active: 0,
            local: [local; 2],
            vlans: vlans(),
            ..HostTable::UNKNOWN
        });
        Ok(())
    }

    fn put_bans(&self, bans: Bans) -> Result<()> {
        let (mut list, now) = (self.instance.bans(None)?, self.instance.now()?);
        if self.bans.replace(bans) != bans {
            let present: Vec<IpAddr> = list.list()?.into_keys().collect();
            list.remove(&present, now.jiffies)?;
            let others = (1..BANNED as u32).map(|number| Ipv4Addr::from(0x6440_0000 + number));
            let source = (bans == Bans::Source).then_some(Ipv4Addr::from(PEER_V4));
            if matches!(bans, Bans::Others | Bans::Source) {
                for address in source.into_iter().chain(others) {
                    list.add(address.into(), (Ban::FOR_EVER, Scope::Unassigned), now.jiffies)?;
                }
            }
        }
        let hour = Duration::from_secs(3600);
        let terms =
            Terms { after: Some(u64::MAX), time: hour, within: hour, scope: Scope::Unassigned };
        self.instance.set_terms((bans == Bans::Suspects).then_some(&terms));
        Ok(())
    }

    fn tallies(&self, case: &Case) -> Tallies {
        let snapshot = Snapshot::read(self.instance.counters());
        let port =
            case.port.map(|(transport, port)| snapshot.port(transport, port)).unwrap_or_default();
        Tallies {
            packets: Outcome::ALL.map(|outcome| snapshot.outcome(outcome).packets),
            bytes: snapshot.frames().bytes,
            probes: port.probes().packets,
            dropped: port.dropped.packets,
            local_socket: port.local_socket,
        }
    }
}

impl Tallies {
    /// What must have been counted after `frames` more of a case.
    fn after(mut self, case: &Case, frames: u64) -> Self {
        self.packets[case.outcome as usize] += frames;
        self.bytes += frames * case.frame.len() as u64;
        let counted =
            |outcomes: &[Outcome]| if outcomes.contains(&case.outcome) { frames } else { 0 };
        self.probes += counted(&[Outcome::Probe, Outcome::Dropped]);
        self.dropped += counted(&[Outcome::Dropped]);
        self.local_socket += counted(&[Outcome::LocalSocket]);
        self
    }
}

impl Subject for Product {
    fn time(&self, case: &Case, repeat: u32) -> Result<f64> {
        self.put(&case.setting)?;
        let expected = self.tallies(case).after(case, u64::from(repeat));
        let options =
            TestRunOptions { data_in: Some(&case.frame), repeat, ..TestRunOptions::new() };
        let (time, result) = timed(|| Ok(self.instance.test_run_with(options)?))?;
        let returned = result.return_value;
        ensure!(
            returned == code(case.outcome.verdict()),
            "{}: port12 returned {returned}, which is not {}",
            case.name,
            case.outcome.verdict().as_str()
        );
        let counted = self.tallies(case);
        ensure!(counted == expected, "{}: counted {counted:?}, not {expected:?}", case.name);
        Ok(time / f64::from(repeat))
    }
}

/// A host with the frames' destination and `count` - 1 more addresses of each IP version.
fn local(count: u16) -> Local {
    let mut addresses = LocalAddresses::default();
    addresses.v4.insert(LOCAL_V4.into());
    addresses.v6.insert(LOCAL_V6.into());
    for other in 1..count {
        let v4 = Ipv4Addr::from_bits(Ipv4Addr::new(10, 99, 0, 0).to_bits() + u32::from(other));
        addresses.v4.insert(v4);
        addresses.v6.insert(v4.to_ipv6_mapped());
    }
    *publish(&addresses).local
}

/// A host with a VLAN device for the tag of the frames: VID 5.
fn vlans() -> Vlans {
    let mut vlans = Vlans { known: Vlans::LISTED, ..Vlans::EMPTY };
    vlans.single[0] |= 1 << 5;
    vlans
}
