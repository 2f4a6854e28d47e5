//! A loaded kernel object: one program instance with maps of its own.

use std::{borrow::Cow, io, os::fd::AsFd as _, path::Path, time::Duration};

use super::{
    allowlist::Allowlist,
    banning::{self, Terms},
    bans::Bans,
    clock::{self, Moment},
    errno,
    events::{self, EventRing},
    guarded::Guarded,
    loader::{self, Constants},
    mapped::{self, MappedMut},
    object::{EntryPoint, OBJECT, PINNED},
    slot::Slot,
    sources::SourceWriter,
    state::StateWriter,
    verify,
};
use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{Map, MapData, MapError},
    programs::{Program, ProgramError, TestRun as _, TestRunOptions, TestRunResult, Xdp},
    util::{KernelVersion, nr_cpus},
};
use port12_common::{
    Layer,
    abi::{self, CpuCounters, Policy, map, program},
};

pub use super::load_error::LoadError;
use crate::{fault::other_object, mapped_write};

/// Options of a program instance.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions<'a> {
    /// The program to load.
    pub entry: EntryPoint,
    /// Layer of the first byte of a frame.
    pub layer: Layer,
    /// Goes by a capture's clock, and looks no socket up.
    pub replay: bool,
    /// Loads the object with logging compiled in.
    pub trace: bool,
    /// Records who knocks.
    pub sources: bool,
    /// Tells of single probes, where it records who knocks.
    pub events: bool,
    /// Looks for bans of scope `all`, for every packet.
    pub shuts_out: bool,
    /// The maps to go on with, in place of new ones.
    pub maps: Option<&'a Slot>,
}

impl LoadOptions<'_> {
    /// The name of the program in the object.
    pub const fn program(&self) -> &'static str {
        if self.shuts_out { self.entry.name_for_all() } else { self.entry.name() }
    }

    /// For live Ethernet frames, under the policy in the map.
    pub const fn live(entry: EntryPoint) -> Self {
        Self {
            entry,
            layer: Layer::Ethernet,
            replay: false,
            trace: false,
            sources: true,
            events: true,
            shuts_out: false,
            maps: None,
        }
    }
}

/// The best entry point for the running kernel.
///
/// # Errors
///
/// [`LoadError::TooOld`].
pub fn entry_point() -> Result<EntryPoint, LoadError> {
    let version = KernelVersion::current().map_err(LoadError::of)?;
    EntryPoint::for_kernel(version).ok_or_else(|| {
        let code = version.code();
        LoadError::TooOld(format!("{}.{}.{}", code >> 16, code >> 8 & 0xff, code & 0xff))
    })
}

/// One program in the kernel, with its maps.
pub struct Instance {
    ebpf: Ebpf,
    program: &'static str,
    counters: MappedMut<CpuCounters>,
    state: StateWriter,
    clock: MappedMut<abi::Clock>,
    hz: u64,
}

impl Instance {
    /// Loads the object. Nothing is attached.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub fn load(options: &LoadOptions<'_>) -> Result<Self, LoadError> {
        // The kernel's memory accounting before 5.11 wants RLIMIT_MEMLOCK raised; aya retries.
        let cpus = nr_cpus().map_err(|(what, error)| LoadError::refused_by(what, error))?;
        let hz = crate::host::time::ticks_per_second()
            .map_err(|error| LoadError::refused_by("the tick's length", error))?;
        let object = object(options.trace)?;
        let load = |loader: &mut EbpfLoader<'static>| {
            let &LoadOptions { layer, replay, sources, events, .. } = options;
            loader::set(loader, &Constants { layer, replay, sources, events, cpus, hz });
            loader.load(&object)
        };
        let loaded = match options.maps {
            None => loader::with(load),
            Some(slot) => {
                let mut loader = loader::new();
                for name in PINNED {
                    loader.map_pin_path(name, slot.map(name));
                }
                load(&mut loader)
            }
        };
        let mut ebpf = loaded.map_err(|error: EbpfError| LoadError::of(error))?;
        let program = options.program();
        for name in [program, program::CLOCK] {
            let program = xdp_mut(&mut ebpf, name)?;
            verify::load(|| program.load()).map_err(LoadError::of)?;
        }
        let counters = mapped(&ebpf, map::COUNTERS)?;
        if options.maps.is_none() {
            SourceWriter::new(&counters).prepare(hz.into());
            events::prepare(&counters, hz);
            banning::prepare(&counters, hz);
        }
        Ok(Self {
            counters,
            state: state(&ebpf)?,
            clock: mapped(&ebpf, map::CLOCK)?,
            hz: u64::from(hz),
            program,
            ebpf,
        })
    }

    /// The name of the program that was loaded.
    pub fn program_name(&self) -> &'static str {
        self.program
    }

    /// The counters, one element per possible CPU.
    pub fn counters(&self) -> &MappedMut<CpuCounters> {
        &self.counters
    }

    /// Source tables.
    pub fn sources(&self) -> SourceWriter<'_> {
        SourceWriter::new(&self.counters)
    }

    /// Puts a whole policy in force, gate and all: only before the program is attached, and in
    /// tests.
    pub fn set_policy(&self, policy: &Policy) {
        self.sources().tell_apart(&policy.rules);
        self.state.set_policy(policy);
    }

    /// State that user space writes for the program.
    pub fn state(&self) -> &StateWriter {
        &self.state
    }

    /// The sources that are never dropped; `slot` is where others write to them, too.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn allowlist(&self, slot: Option<&Slot>) -> Result<Allowlist, LoadError> {
        let (v4, v6) = (self.another(map::ALLOW_V4)?, self.another(map::ALLOW_V6)?);
        Allowlist::new(v4, v6, self.state.clone(), slot)
            .map_err(|error| LoadError::Map { name: map::ALLOW_V4, error: io::Error::other(error) })
    }

    /// The sources that are banned; `slot` is where others write to them, too.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn bans(&self, slot: Option<&Slot>) -> Result<Bans, LoadError> {
        Bans::new(self.another(map::BANS)?, self.state.clone(), slot)
            .map_err(|error| LoadError::Map { name: map::BANS, error: io::Error::other(error) })
    }

    /// Has the program ban by some terms from now on, or not at all. Bans that hold stay.
    pub fn set_terms(&self, terms: Option<&Terms>) {
        banning::set(&self.counters, terms, self.hz);
    }

    /// Whether the program bans by itself.
    pub fn bans_by_itself(&self) -> bool {
        banning::is_on(&self.counters)
    }

    /// Probes after which the program bans a source by itself; `None` if it does not.
    pub fn bans_after(&self) -> Option<u64> {
        banning::after(&self.counters)
    }

    /// Hash of the program's instructions; `None` if the kernel does not say.
    pub fn program_tag(&self) -> Option<u64> {
        Some(self.loaded().ok()?.info().ok()?.tag())
    }

    /// Says that all protected addresses are in [`Instance::guarded`], for some time from a moment on.
    pub fn vouch(&self, now: &Moment, time: Duration) {
        banning::vouch(&self.counters, now, time);
    }

    /// The addresses that the program does not ban by itself.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn guarded(&self) -> Result<Guarded, LoadError> {
        Guarded::new(self.another(map::PROTECTED)?).map_err(|error| LoadError::Map {
            name: map::PROTECTED,
            error: io::Error::other(error),
        })
    }

    /// Event records of the program, for one reader.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn events(&self) -> Result<EventRing, LoadError> {
        EventRing::new(self.another(map::EVENTS)?)
            .map_err(|error| LoadError::Map { name: map::EVENTS, error: io::Error::other(error) })
    }

    /// The map that the state is in, for programs of another object.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn state_map(&self) -> Result<MapData, LoadError> {
        self.another(map::STATE)
    }

    /// Map of the evidence against sources.
    pub(super) fn evidence_map(&self) -> Result<MapData, LoadError> {
        self.another(map::EVIDENCE)
    }

    /// Another descriptor of a map.
    fn another(&self, name: &'static str) -> Result<MapData, LoadError> {
        let error = |error| LoadError::Map { name, error };
        match self.ebpf.map(name) {
            Some(
                Map::Array(data)
                | Map::LpmTrie(data)
                | Map::HashMap(data)
                | Map::LruHashMap(data)
                | Map::RingBuf(data),
            ) => {
                let fd = data.fd().as_fd().try_clone_to_owned().map_err(error)?;
                MapData::from_fd(fd).map_err(|why| error(errno::system(why)))
            }
            _ => Err(error(io::Error::other("the object has no such map"))),
        }
    }

    /// Sets the time that a replayed program goes by, in jiffies.
    pub fn set_replayed_jiffies(&self, jiffies: u64) {
        mapped_write!(self.clock.first_mut(), replayed => jiffies);
    }

    /// Asks the kernel for its jiffies.
    ///
    /// # Errors
    ///
    /// Error of a test-run of the clock program.
    pub fn now(&self) -> Result<Moment, ProgramError> {
        clock::ask(self.xdp(program::CLOCK)?, &self.clock, self.hz)
    }

    /// The program that can be attached.
    ///
    /// # Errors
    ///
    /// [`ProgramError::UnexpectedProgramType`] where the object is not port12's.
    pub fn program(&mut self) -> Result<&mut Xdp, ProgramError> {
        program_mut(&mut self.ebpf, self.program)
    }

    /// The program that can be attached, to look at.
    ///
    /// # Errors
    ///
    /// As [`Instance::program`].
    pub fn loaded(&self) -> Result<&Xdp, ProgramError> {
        self.xdp(self.program)
    }

    /// Runs the program over a frame, in the kernel, without an interface.
    ///
    /// # Errors
    ///
    /// Error of the kernel: it refuses frames under 14 bytes, and large ones.
    pub fn test_run(&self, frame: &[u8]) -> Result<TestRunResult, ProgramError> {
        let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
        self.xdp(self.program)?.test_run(options)
    }

    /// Runs the program with the options that the kernel's test-run takes.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn test_run_with(
        &self,
        options: TestRunOptions<'_>,
    ) -> Result<TestRunResult, ProgramError> {
        self.xdp(self.program)?.test_run(options)
    }

    /// Pins every map in a directory of a bpffs, under its own name.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn pin_maps(&self, directory: &Path) -> Result<(), LoadError> {
        PINNED.into_iter().try_for_each(|name| self.pin_map(name, &directory.join(name)))
    }

    /// Pins one of [`PINNED`].
    pub(super) fn pin_map(&self, name: &'static str, path: &Path) -> Result<(), LoadError> {
        let error = |error| LoadError::Map { name, error };
        match self.ebpf.map(name) {
            Some(
                Map::Array(data)
                | Map::HashMap(data)
                | Map::LpmTrie(data)
                | Map::LruHashMap(data)
                | Map::RingBuf(data),
            ) => data.pin(path).map_err(|why| error(io::Error::other(why))),
            _ => Err(error(io::Error::other("the object has no such map"))),
        }
    }

    /// The id of the map that the state is in.
    pub(super) fn state_id(&self) -> Option<u32> {
        match self.ebpf.map(map::STATE) {
            Some(Map::Array(data)) => data.info().ok().map(|info| info.id()),
            _ => None,
        }
    }

    /// Pins the program that was loaded.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn pin_program(&mut self, path: &Path) -> io::Result<()> {
        self.pin_xdp(self.program, path)
    }

    /// Pins the program that reads the kernel's clock.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn pin_clock(&mut self, path: &Path) -> io::Result<()> {
        self.pin_xdp(program::CLOCK, path)
    }

    fn pin_xdp(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let program = program_mut(&mut self.ebpf, name).map_err(errno::system)?;
        program.pin(path).map_err(errno::system)
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
fn object(trace: bool) -> Result<Cow<'static, [u8]>, LoadError> {
    Ok(if trace { Cow::Borrowed(super::object::TRACE_OBJECT) } else { plain_object() })
}

#[cfg(not(feature = "trace"))]
fn object(trace: bool) -> Result<Cow<'static, [u8]>, LoadError> {
    if trace {
        return Err(LoadError::NoTrace);
    }
    Ok(plain_object())
}

fn plain_object() -> Cow<'static, [u8]> {
    other_object().map_or(Cow::Borrowed(OBJECT), Cow::Owned)
}

fn xdp_mut<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp, LoadError> {
    match ebpf.program_mut(name) {
        Some(Program::Xdp(xdp)) => Ok(xdp),
        _ => Err(LoadError::refused(format!("the object has no XDP program {name}"))),
    }
}

fn program_mut<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp, ProgramError> {
    match ebpf.program_mut(name) {
        Some(Program::Xdp(xdp)) => Ok(xdp),
        _ => Err(ProgramError::UnexpectedProgramType),
    }
}

fn state(ebpf: &Ebpf) -> Result<StateWriter, LoadError> {
    let error = |error| LoadError::Map { name: map::STATE, error };
    match ebpf.map(map::STATE) {
        Some(Map::Array(data)) => StateWriter::new(data).map_err(error),
        _ => Err(error(io::Error::other("the object has no such map"))),
    }
}

fn mapped<T: mapped::Plain>(ebpf: &Ebpf, name: &'static str) -> Result<MappedMut<T>, LoadError> {
    let error = |error| LoadError::Map { name, error };
    match ebpf.map(name) {
        Some(Map::Array(data)) => MappedMut::new(data).map_err(error),
        _ => Err(error(io::Error::other(MapError::InvalidName { name: name.into() }))),
    }
}
