//! State of port12 in the kernel, found in bpffs by another process.

use std::io;

use aya::{
    maps::{Map, MapData},
    programs::{ProgramError, ProgramInfo, Xdp, links::FdLink},
};
use aya_obj::programs::XdpAttachType;
use port12_common::abi::{self, CpuCounters, map};
use thiserror::Error;

use super::{
    allowlist::{AllowedNetworks, Allowlist},
    banning::{self, Terms},
    bans::{BanList, Bans},
    clock::{self, Moment},
    errno,
    guarded::Guarded,
    map_file::{self, Access},
    mapped::{self, Mapped},
    pin_error::PinError,
    slot::Slot,
    sources::SourceMap,
    state::{StateError, StateMap, StateWriter},
};
use crate::{
    host::{
        HostError,
        interfaces::{self, Link},
        time::ticks_per_second,
    },
    model::NotDropped,
};

/// Why something pinned is not used.
#[derive(Debug, Error)]
pub enum PinnedError {
    /// Its state is of another version, or unreadable.
    #[error("{interface}: {error}")]
    State {
        /// The interface.
        interface: String,
        /// Why.
        #[source]
        error: StateError,
    },
    /// Something that belongs to it is missing or not what it should be.
    #[error("{interface}: what is pinned cannot be used: {what}: {error}{}", hint(error))]
    Part {
        /// The interface.
        interface: String,
        /// The part.
        what: &'static str,
        /// The error.
        #[source]
        error: io::Error,
    },
    /// The directory cannot be read.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The host cannot be asked.
    #[error(transparent)]
    Host(#[from] HostError),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; run as root",
        io::ErrorKind::NotFound => "; it is half made or half gone: `port12 detach` clears it",
        io::ErrorKind::InvalidInput => {
            "; it is not what port12 pins there: `port12 detach --force` removes it"
        }
        _ => "",
    }
}

/// An interface's maps and programs. It may be attached to stay, belong to a running port12, or
/// be left behind by one that was killed.
pub struct Pinned {
    slot: Slot,
    state: StateMap,
    counters: Mapped<CpuCounters>,
    clock: Mapped<abi::Clock>,
    clock_program: Xdp,
    program: ProgramInfo,
    program_id: u32,
    link: Option<FdLink>,
    hz: u64,
}

impl Pinned {
    /// Opens what is in a slot.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn open(slot: Slot) -> Result<Self, PinnedError> {
        let state = Self::state_of(&slot)?;
        let failed = |what| {
            let interface = slot.interface().to_owned();
            move |error| PinnedError::Part { interface, what, error }
        };
        let clock_program = Xdp::from_pin(slot.clock(), XdpAttachType::Interface)
            .map_err(errno::system)
            .map_err(failed("clock"))?;
        let program = ProgramInfo::from_pin(slot.program())
            .map_err(errno::system)
            .map_err(failed("program"))?;
        // Between a replacement and its pin, the link knows better.
        let link = slot.has_link().then(|| slot.link()).transpose()?;
        let program_id = match &link {
            Some(link) => {
                let info = link.info().map_err(errno::system).map_err(failed("link"))?;
                info.program_id()
            }
            None => program.id(),
        };
        let hz = ticks_per_second().map_err(failed("the tick's length"))?;
        Ok(Self {
            state,
            counters: mapped(&slot, map::COUNTERS)?,
            clock: mapped(&slot, map::CLOCK)?,
            clock_program,
            program,
            program_id,
            link,
            hz: hz.into(),
            slot,
        })
    }

    /// Opens what is in a slot, unless that is being attached or detached just then: there is no
    /// link, and not all of the rest.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn open_settled(slot: Slot) -> Result<Option<Self>, PinnedError> {
        match Self::open(slot.clone()) {
            Err(PinnedError::Part { error, .. })
                if error.kind() == io::ErrorKind::NotFound && !slot.has_link() =>
            {
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    /// The state in a slot, to be read, if its layout is that of this build.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn state_of(slot: &Slot) -> Result<StateMap, PinnedError> {
        let map = part(slot, map::STATE, Access::Map)?;
        StateMap::open(&map).map_err(|error| unusable(slot, error))
    }

    /// The state in a slot, to be written as well.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn writable_state_of(slot: &Slot) -> Result<StateWriter, PinnedError> {
        let map = part(slot, map::STATE, Access::Map)?;
        StateWriter::open(&map).map_err(|error| unusable(slot, error))
    }

    /// The state, to be written as well.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn writable_state(&self) -> Result<StateWriter, PinnedError> {
        Self::writable_state_of(&self.slot)
    }

    /// The name of the interface.
    pub fn interface(&self) -> &str {
        self.slot.interface()
    }

    /// Whether it was attached to stay.
    pub fn is_persistent(&self) -> bool {
        self.slot.has_link()
    }

    /// State that user space writes for the program.
    pub fn state(&self) -> &StateMap {
        &self.state
    }

    /// The pinned program.
    pub fn program(&self) -> &ProgramInfo {
        &self.program
    }

    /// The id of the program that is attached.
    pub fn program_id(&self) -> u32 {
        self.program_id
    }

    /// The tag of the program that is attached: a hash of its instructions. `None` where another
    /// one is pinned, since an upgrade was cut off.
    pub fn program_tag(&self) -> Option<u64> {
        (self.program.id() == self.program_id).then(|| self.program.tag())
    }

    /// The counters, one element per possible CPU.
    pub fn counters(&self) -> &Mapped<CpuCounters> {
        &self.counters
    }

    /// Source tables.
    pub fn sources(&self) -> SourceMap<'_> {
        SourceMap::new(&self.counters)
    }

    /// After how many probes the program bans a source by itself; `None` where it does not.
    pub fn bans_after(&self) -> Option<u64> {
        banning::after(&self.counters)
    }

    /// Terms by which the program bans by itself; the scope is that of its own bans. `None` if it does not.
    pub fn ban_terms(&self) -> Option<Terms> {
        banning::terms(&self.counters, self.hz)
    }

    /// Jiffies per second.
    pub fn hz(&self) -> u64 {
        self.hz
    }

    /// Asks the kernel for its jiffies.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn now(&self) -> Result<Moment, ProgramError> {
        clock::ask(&self.clock_program, &self.clock, self.hz)
    }

    /// The sources that are never dropped.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn allowlist(&self) -> Result<AllowedNetworks, PinnedError> {
        allowlist(&self.slot)
    }

    /// The sources that are banned.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn bans(&self) -> Result<BanList, PinnedError> {
        bans(&self.slot)
    }

    /// The sources that are banned, to be changed.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn writable_bans(&self) -> Result<Bans, PinnedError> {
        writable_bans(&self.slot)
    }

    /// The addresses that the program does not shut out, as the daemon that looked last left them, to be changed.
    ///
    /// # Errors
    ///
    /// [`PinnedError`].
    pub fn guarded(&self) -> Result<Guarded, PinnedError> {
        let failed = |error| PinnedError::Part {
            interface: self.slot.interface().to_owned(),
            what: map::PROTECTED,
            error,
        };
        Guarded::new(part(&self.slot, map::PROTECTED, Access::Write)?)
            .map_err(|error| failed(io::Error::other(error)))
    }

    /// The id of the link, if it is pinned. The link is open while `self` lives.
    pub(super) fn link_id(&self) -> Option<u32> {
        self.link.as_ref()?.info().ok().map(|info| info.id())
    }

    /// The transports whose probes drop mode passes on an interface, because the program knows that
    /// socket look-ups prove nothing there.
    pub fn not_dropped(&self, link: &Link, now: &Moment) -> Option<NotDropped> {
        if !self.state.standing(now).drops() || self.state.sockets().lookup_proves != 0 {
            return None;
        }
        let why = match interfaces::unproven(link) {
            Ok(Some(why)) => why.to_string(),
            Ok(None) => "another interface stood above it when it was attached".to_owned(),
            Err(error) => format!("what stands above it cannot be read ({error})"),
        };
        Some(NotDropped::new(why, self.state.is_fresh(now)))
    }
}

/// The allowlist in a slot.
///
/// # Errors
///
/// [`PinnedError`].
pub fn allowlist(slot: &Slot) -> Result<AllowedNetworks, PinnedError> {
    let trie = |name| part(slot, name, Access::Read);
    AllowedNetworks::new(trie(map::ALLOW_V4)?, trie(map::ALLOW_V6)?)
        .map_err(|error| failed(slot, map::ALLOW_V4, io::Error::other(error)))
}

/// The allowlist in a slot, to be changed.
///
/// # Errors
///
/// [`PinnedError`].
pub fn writable_allowlist(slot: &Slot) -> Result<Allowlist, PinnedError> {
    let trie = |name| part(slot, name, Access::Write);
    let state = Pinned::writable_state_of(slot)?;
    Allowlist::new(trie(map::ALLOW_V4)?, trie(map::ALLOW_V6)?, state, Some(slot))
        .map_err(|error| failed(slot, map::ALLOW_V4, io::Error::other(error)))
}

/// The bans in a slot.
///
/// # Errors
///
/// [`PinnedError`].
pub fn bans(slot: &Slot) -> Result<BanList, PinnedError> {
    BanList::new(part(slot, map::BANS, Access::Read)?)
        .map_err(|error| failed(slot, map::BANS, io::Error::other(error)))
}

/// The bans in a slot, to be changed.
///
/// # Errors
///
/// [`PinnedError`].
pub fn writable_bans(slot: &Slot) -> Result<Bans, PinnedError> {
    let state = Pinned::writable_state_of(slot)?;
    Bans::new(part(slot, map::BANS, Access::Write)?, state, Some(slot))
        .map_err(|error| failed(slot, map::BANS, io::Error::other(error)))
}

fn part(slot: &Slot, name: &'static str, access: Access) -> Result<MapData, PinnedError> {
    map_file::open(&slot.map(name), access).map_err(|error| failed(slot, name, error))
}

fn failed(slot: &Slot, what: &'static str, error: io::Error) -> PinnedError {
    PinnedError::Part { interface: slot.interface().to_owned(), what, error }
}

fn unusable(slot: &Slot, error: StateError) -> PinnedError {
    PinnedError::State { interface: slot.interface().to_owned(), error }
}

fn mapped<T: mapped::Plain>(slot: &Slot, name: &'static str) -> Result<Mapped<T>, PinnedError> {
    let map = part(slot, name, Access::Map)?;
    match Map::from_map_data(map).map_err(errno::system) {
        Ok(Map::Array(data)) => Mapped::new(&data),
        Ok(_) => Err(io::Error::other("it is not an array")),
        Err(error) => Err(error),
    }
    .map_err(|error| failed(slot, name, error))
}
