//! Pins of a loaded instance in the slot of its interface.

use aya::maps::MapInfo;
use port12_common::abi::map;

use super::{
    errno,
    instance::Instance,
    object::PINNED,
    pin_error::PinError,
    slot::{CLOCK_PROGRAM, LINK, PROGRAM, Slot},
};
use crate::fault::fault;

impl Slot {
    /// Pins the maps and programs of an instance whose maps are not those that are there.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn pin(&self, instance: &mut Instance) -> Result<(), PinError> {
        // Of an interface that went, and came back while this process runs.
        if Self::found(self.path()).is_ok_and(|found| found.is_some()) {
            self.remove()?;
        }
        self.make()?;
        fault("pin.directory");
        instance.pin_maps(self.path())?;
        fault("pin.maps");
        self.pin_programs(instance)
    }

    /// Whether all that belongs to an instance is pinned, with a link if it is to be `linked`.
    pub fn holds(&self, instance: &Instance, linked: bool) -> bool {
        let mut parts = [PROGRAM, CLOCK_PROGRAM].into_iter().chain(linked.then_some(LINK));
        if !self.is_whole() || !parts.all(|part| self.map(part).exists()) {
            return false;
        }
        match MapInfo::from_pin(self.map(map::STATE)) {
            Ok(info) => instance.state_id().is_none_or(|id| id == info.id()),
            // Without a free descriptor, for example, nothing is known.
            Err(error) => errno::number(&error) != Some(libc::ENOENT),
        }
    }

    /// Pins the maps and programs of an instance again, some or all of whose pins are gone.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn restore(&self, instance: &mut Instance) -> Result<(), PinError> {
        self.make()?;
        for name in PINNED {
            self.replace(name, |path| Ok(instance.pin_map(name, path)?))?;
        }
        self.pin_programs(instance)
    }

    /// Pins the programs of an instance, in place of those that are there.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn pin_programs(&self, instance: &mut Instance) -> Result<(), PinError> {
        self.replace(PROGRAM, |path| instance.pin_program(path).map_err(PinError::at(path)))?;
        fault("pin.program");
        self.replace(CLOCK_PROGRAM, |path| instance.pin_clock(path).map_err(PinError::at(path)))?;
        fault("pin.clock");
        Ok(())
    }
}
