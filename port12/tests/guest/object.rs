//! The kernel object, loaded.

use anyhow::{Context as _, Result, bail};
use aya::{
    Ebpf, EbpfLoader, Pod, VerifierLogLevel,
    maps::{Array, Map},
    programs::Xdp,
    util::nr_cpus,
};
use port12::{kernel::mapped::Mapped, snapshot::Snapshot};
use port12_common::{
    Outcome,
    abi::{self, CpuCounters, State, map},
};

use crate::frames;

static OBJECT: &[u8] = aya::include_bytes_aligned!("../../bpf/port12.bpf.o");

/// The plain old data of a map's value.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Value<T>(T);

// SAFETY: the map ABI is plain old data, for which every bit pattern is a value.
unsafe impl Pod for Value<State> {}
// SAFETY: as above.
unsafe impl Pod for Value<abi::Clock> {}

/// The object with the test's policy in its maps, and one of its programs loaded.
pub fn load(name: &str) -> Result<Ebpf> {
    let mut object = open(VerifierLogLevel::default())?;
    program(&mut object, name)?.load()?;
    let states = object.map_mut(map::STATE).context("the object has no state map")?;
    let mut states = Array::<_, Value<State>>::try_from(states)?;
    let mut state = Box::new(states.get(&0, 0)?);
    state.0.policy = frames::policy();
    states.set(0, *state, 0)?;
    Ok(object)
}

/// The object's maps, sized to the machine; no program is loaded.
pub fn open(log: VerifierLogLevel) -> Result<Ebpf> {
    let cpus = nr_cpus().map_err(|(path, error)| anyhow::anyhow!("{path}: {error}"))?;
    EbpfLoader::new()
        .verifier_log_level(log)
        .map_max_entries(map::COUNTERS, u32::try_from(cpus)?)
        .load(OBJECT)
        .context("the maps cannot be created")
}

/// The object as a foreign loader leaves it: no constant patched, no map sized.
pub fn open_unpatched() -> Result<Ebpf> {
    Ebpf::load(OBJECT).context("the maps cannot be created")
}

/// One of the object's programs.
pub fn program<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    let program = object.program_mut(name).with_context(|| format!("no program {name}"))?;
    Ok(program.try_into()?)
}

/// Packets of an outcome, over all CPUs.
pub fn packets(object: &Ebpf, outcome: Outcome) -> Result<u64> {
    Ok(outcomes(object)?[outcome as usize])
}

/// Packets by outcome, over all CPUs.
pub fn outcomes(object: &Ebpf) -> Result<[u64; Outcome::ALL.len()]> {
    let Some(Map::Array(data)) = object.map(map::COUNTERS) else {
        bail!("the object has no counters");
    };
    // In place: an element takes a mebibyte.
    let snapshot = Snapshot::read(&Mapped::<CpuCounters>::new(data)?);
    Ok(Outcome::ALL.map(|outcome| snapshot.outcome(outcome).packets))
}

/// The clocks as the last run of the clock program left them.
pub fn clock(object: &Ebpf) -> Result<abi::Clock> {
    let clock = object.map(map::CLOCK).context("the object has no clock")?;
    Ok(Array::<_, Value<abi::Clock>>::try_from(clock)?.get(&0, 0)?.0)
}
