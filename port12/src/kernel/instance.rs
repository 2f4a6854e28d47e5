//! A loaded kernel object: one program instance with maps of its own.

use std::{io, os::fd::AsFd as _, path::Path, sync::Arc, time::SystemTime};

use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{Map, MapData, MapError},
    programs::{Program, ProgramError, TestRun as _, TestRunOptions, TestRunResult, Xdp},
    util::{KernelVersion, nr_cpus},
};
use port12_common::{
    Layer,
    abi::{self, CpuCounters, HostTable, Policy, State, constant, map, program},
};
use thiserror::Error;

use super::{
    allowlist::Allowlist,
    clock::Moment,
    mapped::Mapped,
    object::{EntryPoint, OBJECT},
};

/// The maps that are pinned, by their names in the object and in bpffs.
pub(super) const PINNED: [&str; 5] =
    [map::COUNTERS, map::STATE, map::CLOCK, map::ALLOW_V4, map::ALLOW_V6];

/// Why the kernel object is not in the kernel.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The kernel is older than 5.10.
    #[error("kernel {0} is too old: port12 needs 5.10 or newer")]
    TooOld(String),
    /// The capabilities are missing.
    #[error(
        "the kernel does not let this process load BPF programs ({0}): run as root, or with \
         CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
    )]
    Permission(String),
    /// The kernel refuses the object.
    #[error("the kernel refuses the program: {0}")]
    Refused(String),
    /// This build has no tracing object.
    #[error(
        "this build has no tracing program: `cargo xtask build-ebpf --trace` makes it, and \
         `cargo build -p port12 --features trace` takes it in"
    )]
    NoTrace,
    /// The object's maps are not what this build of port12 reads.
    #[error("cannot use the map {name}: {error}")]
    Map {
        /// The map.
        name: &'static str,
        /// What went wrong.
        error: io::Error,
    },
}

impl LoadError {
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(current) = cause {
            let permission = current
                .downcast_ref::<io::Error>()
                .is_some_and(|io| io.kind() == io::ErrorKind::PermissionDenied);
            if permission {
                return Self::Permission(current.to_string());
            }
            cause = current.source();
        }
        Self::Refused(chain(error))
    }
}

/// An error and its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        let part = current.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = current.source();
    }
    text
}

/// What a program instance is loaded for.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// The program to load.
    pub entry: EntryPoint,
    /// What the first byte of a frame belongs to.
    pub layer: Layer,
    /// Goes by a capture's clock, and looks no socket up.
    pub replay: bool,
    /// Loads the object with logging compiled in.
    pub trace: bool,
}

impl LoadOptions {
    /// For live Ethernet frames, under the policy in the map.
    pub const fn live(entry: EntryPoint) -> Self {
        Self { entry, layer: Layer::Ethernet, replay: false, trace: false }
    }
}

/// The best entry point for the running kernel.
///
/// # Errors
///
/// [`LoadError::TooOld`].
pub fn entry_point() -> Result<EntryPoint, LoadError> {
    let version = KernelVersion::current().map_err(|error| LoadError::Refused(chain(&error)))?;
    EntryPoint::for_kernel(version).ok_or_else(|| {
        let code = version.code();
        LoadError::TooOld(format!("{}.{}.{}", code >> 16, code >> 8 & 0xff, code & 0xff))
    })
}

/// One program in the kernel, with its maps.
pub struct Instance {
    ebpf: Ebpf,
    entry: EntryPoint,
    counters: Mapped<CpuCounters>,
    state: Arc<Mapped<State>>,
    clock: Mapped<abi::Clock>,
    hz: u64,
}

impl Instance {
    /// Loads the object. Nothing is attached.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub fn load(options: &LoadOptions) -> Result<Self, LoadError> {
        // The kernel's memory accounting before 5.11 wants RLIMIT_MEMLOCK raised; aya retries.
        let cpus =
            nr_cpus().map_err(|(what, error)| LoadError::Refused(format!("{what}: {error}")))?;
        let mut ebpf = EbpfLoader::new()
            .map_max_entries(map::COUNTERS, u32::try_from(cpus).unwrap_or(u32::MAX))
            .override_global(constant::LINK_LAYER, &(options.layer as u8), true)
            .override_global(constant::REPLAY, &u8::from(options.replay), true)
            .load(object(options.trace)?)
            .map_err(|error: EbpfError| LoadError::of(&error))?;
        let hz = crate::host::time::ticks_per_second()
            .map_err(|error| LoadError::Refused(format!("the tick's length: {error}")))?;
        for name in [options.entry.name(), program::CLOCK] {
            xdp_mut(&mut ebpf, name)?.load().map_err(|error| LoadError::of(&error))?;
        }
        Ok(Self {
            counters: mapped(&ebpf, map::COUNTERS)?,
            state: Arc::new(mapped(&ebpf, map::STATE)?),
            clock: mapped(&ebpf, map::CLOCK)?,
            hz: u64::from(hz),
            entry: options.entry,
            ebpf,
        })
    }

    /// The program that was loaded.
    pub fn entry(&self) -> EntryPoint {
        self.entry
    }

    /// The counters, one element per possible CPU.
    pub fn counters(&self) -> &Mapped<CpuCounters> {
        &self.counters
    }

    /// What user space tells the program, one element.
    pub fn state(&self) -> &Arc<Mapped<State>> {
        &self.state
    }

    /// The host table: valid for reads and writes while `self` lives, and shared with the kernel.
    pub fn host(&self) -> *mut HostTable {
        // SAFETY: the pointer is to a mapped element.
        unsafe { &raw mut (*self.state.first()).host }
    }

    /// Puts a policy in force.
    pub fn set_policy(&self, policy: &Policy) {
        // SAFETY: the element is mapped for writing, and any bytes are a policy to the program.
        unsafe { (&raw mut (*self.state.first()).policy).write_volatile(*policy) };
    }

    /// The sources that are never dropped.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn allowlist(&self) -> Result<Allowlist, LoadError> {
        let trie = |name| {
            let error = |why: &dyn std::fmt::Display| LoadError::Map {
                name,
                error: io::Error::other(why.to_string()),
            };
            match self.ebpf.map(name) {
                Some(Map::LpmTrie(trie)) => {
                    let fd = trie.fd().as_fd().try_clone_to_owned().map_err(|why| error(&why))?;
                    MapData::from_fd(fd).map_err(|why| error(&why))
                }
                _ => Err(error(&"the object has no such trie")),
            }
        };
        let (v4, v6) = (trie(map::ALLOW_V4)?, trie(map::ALLOW_V6)?);
        Allowlist::new(v4, v6, self.state.clone())
            .map_err(|error| LoadError::Map { name: map::ALLOW_V4, error: io::Error::other(error) })
    }

    /// Says whether a look-up that finds nothing proves that there is no socket.
    pub fn set_lookup_proves(&self, proves: bool) {
        // SAFETY: the element is mapped for writing.
        unsafe { (&raw mut (*self.host()).sockets.lookup_proves).write_volatile(proves.into()) };
    }

    /// Puts a host table in place of the one that a [`Truth`](crate::truth::Truth) keeps.
    pub fn set_host(&self, host: &HostTable) {
        // SAFETY: the element is mapped for writing, and any bytes are a table to the program.
        unsafe { self.host().write_volatile(*host) };
    }

    /// Sets the time that a replayed program goes by, in jiffies.
    pub fn set_replayed_jiffies(&self, jiffies: u64) {
        // SAFETY: the element is mapped for writing.
        unsafe { (&raw mut (*self.clock.first()).replayed).write_volatile(jiffies) };
    }

    /// Asks the kernel for its jiffies.
    ///
    /// # Errors
    ///
    /// What the kernel says to a test-run of the clock program.
    pub fn now(&self) -> Result<Moment, ProgramError> {
        // Test-run wants an Ethernet header.
        let options = TestRunOptions { data_in: Some(&[0; 14]), ..TestRunOptions::new() };
        self.xdp(program::CLOCK)?.test_run(options)?;
        // SAFETY: the mapping holds the element, and the program that writes it has ended.
        let jiffies = unsafe { (&raw const (*self.clock.first()).jiffies).read_volatile() };
        Ok(Moment { jiffies, hz: self.hz, wall: SystemTime::now() })
    }

    /// The program that can be attached.
    ///
    /// # Errors
    ///
    /// [`ProgramError::UnexpectedProgramType`] where the object is not port12's.
    pub fn program(&mut self) -> Result<&mut Xdp, ProgramError> {
        match self.ebpf.program_mut(self.entry.name()) {
            Some(Program::Xdp(xdp)) => Ok(xdp),
            _ => Err(ProgramError::UnexpectedProgramType),
        }
    }

    /// Runs the program over a frame, in the kernel, without an interface.
    ///
    /// # Errors
    ///
    /// What the kernel says: it refuses frames under 14 bytes, and large ones.
    pub fn test_run(&self, frame: &[u8]) -> Result<TestRunResult, ProgramError> {
        let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
        self.xdp(self.entry.name())?.test_run(options)
    }

    /// Runs the program with the options that the kernel's test-run takes.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn test_run_with(
        &self,
        options: TestRunOptions<'_>,
    ) -> Result<TestRunResult, ProgramError> {
        self.xdp(self.entry.name())?.test_run(options)
    }

    /// Pins every map in a directory of a bpffs, under its own name.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn pin_maps(&self, directory: &Path) -> Result<(), LoadError> {
        for name in PINNED {
            let error = |error| LoadError::Map { name, error };
            match self.ebpf.map(name) {
                Some(Map::Array(data) | Map::LpmTrie(data)) => {
                    data.pin(directory.join(name)).map_err(|why| error(io::Error::other(why)))?;
                }
                _ => return Err(error(io::Error::other("the object has no such map"))),
            }
        }
        Ok(())
    }

    /// Every map of the object, by name; the section with the constants is one of them.
    pub fn maps(&self) -> impl Iterator<Item = (&str, &Map)> {
        self.ebpf.maps()
    }

    /// The loaded object: the tracing build's log, and the programs' descriptors.
    pub fn ebpf_mut(&mut self) -> &mut Ebpf {
        &mut self.ebpf
    }

    fn xdp(&self, name: &str) -> Result<&Xdp, ProgramError> {
        match self.ebpf.program(name) {
            Some(Program::Xdp(xdp)) => Ok(xdp),
            _ => Err(ProgramError::UnexpectedProgramType),
        }
    }
}

#[cfg(feature = "trace")]
fn object(trace: bool) -> Result<&'static [u8], LoadError> {
    Ok(if trace { super::object::TRACE_OBJECT } else { OBJECT })
}

#[cfg(not(feature = "trace"))]
fn object(trace: bool) -> Result<&'static [u8], LoadError> {
    if trace {
        return Err(LoadError::NoTrace);
    }
    Ok(OBJECT)
}

fn xdp_mut<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp, LoadError> {
    match ebpf.program_mut(name) {
        Some(Program::Xdp(xdp)) => Ok(xdp),
        _ => Err(LoadError::Refused(format!("the object has no XDP program {name}"))),
    }
}

fn mapped<T: Copy>(ebpf: &Ebpf, name: &'static str) -> Result<Mapped<T>, LoadError> {
    let error = |error| LoadError::Map { name, error };
    match ebpf.map(name) {
        Some(Map::Array(data)) => Mapped::new(data).map_err(error),
        _ => Err(error(io::Error::other(MapError::InvalidName { name: name.into() }))),
    }
}
