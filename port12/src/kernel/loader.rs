//! The loader of the XDP object.
//!
//! aya reads and parses the kernel's BTF (5 MB) for each loader: 17 ms of CPU time, 56 ms in a debug build (kernel
//! 6.18). The object needs none of it, since it has no relocations against the kernel's types. A process therefore
//! makes one loader, and drops its copy of the BTF.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use aya::EbpfLoader;
use port12_common::{
    Layer,
    abi::{constant, map},
};

use super::events;

static LOADER: Mutex<Option<EbpfLoader<'static>>> = Mutex::new(None);

/// The constants of the object, and the facts that they depend on.
pub(super) struct Constants {
    /// Layer of the first byte of a frame.
    pub layer: Layer,
    /// Whether it goes by a capture's clock.
    pub replay: bool,
    /// Whether it records the sources of probes.
    pub sources: bool,
    /// Whether it reports single probes.
    pub events: bool,
    /// Possible CPUs.
    pub cpus: usize,
    /// Ticks per second.
    pub hz: u32,
}

/// Makes the loader in advance, unless there is one.
pub fn prepare() {
    lock().get_or_insert_with(new);
}

/// Calls a function with the loader. Each caller sets all constants, so that none of an earlier call is left. Not for
/// maps that are pinned, whose paths would stay in the loader.
pub(super) fn with<T>(load: impl FnOnce(&mut EbpfLoader<'static>) -> T) -> T {
    load(lock().get_or_insert_with(new))
}

/// A loader for one load.
pub(super) fn new() -> EbpfLoader<'static> {
    let mut loader = EbpfLoader::new();
    loader.btf(None);
    loader
}

/// Sets the constants of the object, and the size of its maps.
pub(super) fn set(loader: &mut EbpfLoader<'static>, constants: &Constants) {
    static TELL_AGAIN: OnceLock<u32> = OnceLock::new();
    let &Constants { layer, replay, sources, events, cpus, hz } = constants;
    let layer: &'static u8 = match layer {
        Layer::Ethernet => &(Layer::Ethernet as u8),
        Layer::Ip => &(Layer::Ip as u8),
    };
    let flag = |is_set: bool| -> &'static u8 { if is_set { &1 } else { &0 } };
    let again = match events {
        true => TELL_AGAIN.get_or_init(|| events::again(hz)),
        false => &0,
    };
    loader
        .map_max_entries(map::COUNTERS, u32::try_from(cpus).unwrap_or(u32::MAX))
        .override_global(constant::LINK_LAYER, layer, true)
        .override_global(constant::REPLAY, flag(replay), true)
        .override_global(constant::SOURCES, flag(sources), true)
        .override_global(constant::TELL_AGAIN, again, true);
}

fn lock() -> MutexGuard<'static, Option<EbpfLoader<'static>>> {
    LOADER.lock().unwrap_or_else(PoisonError::into_inner)
}
