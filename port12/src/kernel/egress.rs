//! The program over packets that leave: an object of its own, loaded once for all interfaces.

mod clsact;
mod hook;

use std::{
    collections::BTreeMap,
    error::Error,
    io,
    os::fd::AsFd as _,
    sync::atomic::{Ordering, fence},
    time::Duration,
};

use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{HashMap, Map, MapData, RingBuf},
    programs::{ProgramError, SchedClassifier, TestRun as _, TestRunOptions, TestRunResult},
    util::nr_cpus,
};
use port12_common::{
    Layer,
    abi::{
        Budget, EVENT, OutboundPort, OutboundState, OutboundTally, OutboundTelling, constant, map,
        program,
    },
};

pub use self::{
    clsact::{has_left, sweep},
    hook::{EgressError, Hook, HookKind},
};
use super::{
    instance::LoadError,
    load_error::chain,
    mapped::{self, MappedMut},
    plain::Plain,
    state::{Rules, StateMap},
};
use crate::{
    fault::is_set, host::namespace_cookie, mapped_part_mut, mapped_read, mapped_write,
    who::numbers_are_the_kernels,
};
use zerocopy::IntoBytes as _;

/// The kernel object, as `cargo xtask build-ebpf` wrote it.
pub static OBJECT: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/egress.bpf.o"));

/// A contact of a process is told of again after this time.
const AGAIN: Duration = Duration::from_secs(60);

/// The same where the kernel does not tell which process it is: another one may have the same contact.
const AGAIN_OF_A_USER: Duration = Duration::from_secs(1);

/// Contacts that a CPU tells at once: a scan of all watched TCP ports, and some.
const AT_ONCE: u64 = 320;

/// Contacts that all CPUs tell in a second from then on.
const PER_SECOND: u64 = 32;

/// Helpers that the program requires of the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asks {
    /// Which process is running.
    pub process: Process,
    /// The network namespace of a socket (kernel 6.18 tells it, 6.1 does not).
    pub namespace: bool,
}

/// Facts about the running process. Within a PID namespace, its number would be useless.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Process {
    /// Nothing.
    Nothing = 0,
    /// Its number (kernel 6.10).
    Number = 1,
    /// Its number, and what it calls itself (kernel 6.16).
    Name = 2,
}

impl Asks {
    /// Variants, the most capable first.
    fn all() -> impl Iterator<Item = Self> {
        let processes = [Process::Name, Process::Number, Process::Nothing];
        let with = |process| [true, false].map(|namespace| Self { process, namespace });
        processes.into_iter().flat_map(with)
    }

    /// Whether it makes sense where the cookie of the network namespace is known, or not.
    fn is_fit(self, has_cookie: bool) -> bool {
        // Tests want both.
        let is_old = is_set("egress.old");
        let process = self.process == Process::Nothing || (numbers_are_the_kernels() && !is_old);
        process && (!self.namespace || (has_cookie && !is_old))
    }
}

/// What became of the contacts that were to be told, and of packets that were to be counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct OutboundTold {
    /// They were put into the ring buffer.
    pub told: u64,
    /// There was no budget for them.
    pub suppressed: u64,
    /// The ring buffer was full.
    pub lost: u64,
    /// Packets of ports for which there was no room.
    pub uncounted: u64,
}

/// The object in the kernel. It counts in the same maps for all interfaces that it is attached to.
pub struct Egress {
    ebpf: Ebpf,
    asks: Asks,
    state: MappedMut<OutboundState>,
    telling: MappedMut<OutboundTelling>,
    ports: HashMap<MapData, Plain<OutboundPort>, Plain<OutboundTally>>,
}

impl Egress {
    /// Loads the object, with as much as the kernel has. Nothing is attached.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub fn load() -> Result<Self, LoadError> {
        let namespace = namespace_cookie().ok();
        let mut refusal = None;
        for asks in Asks::all().filter(|asks| asks.is_fit(namespace.is_some())) {
            match Self::load_asking(asks, namespace) {
                Err(error @ LoadError::Refused { .. }) => refusal = Some(error),
                loaded => return loaded,
            }
        }
        Err(refusal.unwrap_or_else(|| LoadError::refused("no variant of it fits")))
    }

    /// Loads the object for tests of what kernels lack.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub fn load_asking(asks: Asks, namespace: Option<u64>) -> Result<Self, LoadError> {
        let cpus = nr_cpus().map_err(|(what, error)| LoadError::refused_by(what, error))?;
        let again = match asks.process {
            Process::Name | Process::Number => AGAIN,
            Process::Nothing => AGAIN_OF_A_USER,
        };
        let namespace = namespace.filter(|_| asks.namespace).unwrap_or(0);
        let ebpf = EbpfLoader::new()
            .map_max_entries(map::OUT_TELLING, u32::try_from(cpus).unwrap_or(u32::MAX))
            .override_global(constant::OUT_AGAIN, &(again.as_nanos() as u64), true)
            .override_global(constant::OUT_PROCESS, &(asks.process as u8), true)
            .override_global(constant::OUT_NAMESPACE, &namespace, true)
            .load(OBJECT)
            .map_err(|error: EbpfError| LoadError::of(error))?;
        let mut egress = Self {
            asks,
            state: array(&ebpf, map::OUT_STATE)?,
            telling: array(&ebpf, map::OUT_TELLING)?,
            ports: HashMap::try_from(Map::HashMap(another(&ebpf, map::OUT_PORTS)?))
                .map_err(|error| unfit(map::OUT_PORTS, error))?,
            ebpf,
        };
        egress.fill_budgets();
        // What the kernel does not have, the verifier refuses.
        egress.program(Layer::Ethernet).map_err(LoadError::of)?;
        Ok(egress)
    }

    fn fill_budgets(&self) {
        let cpus = (self.telling.len() as u64).max(1);
        let rate = (PER_SECOND * EVENT / cpus / OutboundTelling::TICKS_PER_SECOND).max(1);
        let burst = AT_ONCE * EVENT;
        let budget = Budget { tokens: burst, filled: 0, rate, burst };
        for cpu in self.telling.elements_mut() {
            mapped_write!(cpu, budget => budget);
        }
    }

    /// Helpers that it requires of the kernel.
    pub fn asks(&self) -> Asks {
        self.asks
    }

    /// Puts rules in force: whatever watches is counted.
    pub fn set_rules(&self, rules: &Rules) {
        mapped_write!(self.state.first_mut(), rules => *rules);
    }

    /// Says which ports the kernel gives to clients.
    pub fn set_client_ports(&self, ports: [u16; 2]) {
        mapped_write!(self.state.first_mut(), client_ports => ports.map(u32::from));
    }

    /// Takes over the host's addresses that the program over what comes in has, where this one goes by them.
    pub fn copy_addresses(&self, from: &StateMap) {
        if self.asks.namespace {
            return;
        }
        let to = mapped_part_mut!(self.state.first_mut(), addresses);
        let mut addresses = from.addresses();
        if to.read().as_bytes() == addresses.as_bytes() {
            return;
        }
        // While they are copied, every address counts as the host's own.
        let known = std::mem::take(&mut addresses.known);
        mapped_write!(to, known => 0);
        fence(Ordering::SeqCst);
        to.write(*addresses);
        fence(Ordering::SeqCst);
        mapped_write!(to, known => known);
    }

    /// Counts of all ports, by interface.
    pub fn tallies(&self) -> BTreeMap<OutboundPort, OutboundTally> {
        let entries = self.ports.iter().filter_map(Result::ok);
        entries.map(|(Plain(port), Plain(tally))| (port, tally)).collect()
    }

    /// Forgets what was counted for an interface.
    pub fn forget(&mut self, interface: u32) {
        let of = |it: &OutboundPort| it.interface == interface;
        for port in self.tallies().into_keys().filter(of) {
            let _ = self.ports.remove(&Plain(port));
        }
    }

    /// Counts of the records of contacts.
    pub fn told(&self) -> OutboundTold {
        let mut sum = OutboundTold::default();
        for cpu in self.telling.elements() {
            sum.told += mapped_read!(cpu, told);
            sum.suppressed += mapped_read!(cpu, suppressed);
            sum.lost += mapped_read!(cpu, lost);
            sum.uncounted += mapped_read!(cpu, uncounted);
        }
        sum
    }

    /// Records of the program, for one reader.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn ring(&self) -> Result<RingBuf<MapData>, LoadError> {
        RingBuf::try_from(Map::RingBuf(another(&self.ebpf, map::OUT_EVENTS)?))
            .map_err(|error| unfit(map::OUT_EVENTS, error))
    }

    /// Every map of the object, by name; the section with the constants is one of them.
    pub fn maps(&self) -> impl Iterator<Item = (&str, &Map)> {
        self.ebpf.maps()
    }

    /// Runs a program with the options that the kernel's test-run takes.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn test_run(
        &mut self,
        layer: Layer,
        options: TestRunOptions<'_>,
    ) -> Result<TestRunResult, ProgramError> {
        self.program(layer)?.test_run(options)
    }

    /// The program for a kind of device, loaded.
    fn program(&mut self, layer: Layer) -> Result<&mut SchedClassifier, ProgramError> {
        let name = name(layer);
        let program = self.ebpf.program_mut(name).ok_or(ProgramError::NotLoaded)?;
        let program: &mut SchedClassifier = program.try_into()?;
        if program.fd().is_err() {
            program.load()?;
        }
        Ok(program)
    }
}

/// The name of the program for a kind of device.
pub fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::Ethernet => program::EGRESS,
        Layer::Ip => program::EGRESS_IP,
    }
}

fn array<T: mapped::Plain>(ebpf: &Ebpf, name: &'static str) -> Result<MappedMut<T>, LoadError> {
    match ebpf.map(name) {
        Some(Map::Array(data)) => {
            MappedMut::new(data).map_err(|error| LoadError::Map { name, error })
        }
        _ => Err(unfit(name, "the object has no such map")),
    }
}

/// Another descriptor of a map that is no array.
fn another(ebpf: &Ebpf, name: &'static str) -> Result<MapData, LoadError> {
    match ebpf.map(name) {
        Some(Map::HashMap(data) | Map::RingBuf(data)) => {
            let fd = data.fd().as_fd().try_clone_to_owned().map_err(|error| unfit(name, error))?;
            MapData::from_fd(fd).map_err(|error| unfit(name, error))
        }
        _ => Err(unfit(name, "the object has no such map")),
    }
}

fn unfit(name: &'static str, why: impl Into<Box<dyn Error + Send + Sync>>) -> LoadError {
    LoadError::Map { name, error: io::Error::other(why) }
}

fn reason(error: ProgramError) -> (String, Box<dyn Error + Send + Sync>) {
    (chain(&error), error.into())
}
