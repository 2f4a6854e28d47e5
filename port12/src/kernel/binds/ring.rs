//! Records of the programs, and the number of lost ones.

use std::os::fd::{AsFd, BorrowedFd};

use aya::maps::{Map, MapData, MapError, RingBuf};
use port12_common::abi::Hearing;

use super::Bind;
use crate::{kernel::mapped::Mapped, mapped_read};

/// The ring buffer, in this process's memory. Its descriptor is readable while something is in it.
pub struct BindRing(RingBuf<MapData>);

impl BindRing {
    pub(super) fn new(map: MapData) -> Result<Self, MapError> {
        RingBuf::try_from(Map::from_map_data(map)?).map(Self)
    }

    /// The next one. A record that is none is skipped: it is of another version.
    pub fn pop(&mut self) -> Option<Bind> {
        loop {
            let record = self.0.next()?;
            if let Some(bind) = Bind::read(&record) {
                return Some(bind);
            }
        }
    }
}

impl AsFd for BindRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsRawFd as _;
        // SAFETY: the descriptor is the ring buffer's, which is borrowed for as long.
        unsafe { BorrowedFd::borrow_raw(self.0.as_raw_fd()) }
    }
}

/// How many sockets were not told of.
#[derive(Clone)]
pub struct Losses(Mapped<Hearing>);

impl Losses {
    pub(super) fn new(hearing: Mapped<Hearing>) -> Self {
        Self(hearing)
    }

    /// In all, so far: the ring buffer was full, or there was no memory.
    pub fn count(&self) -> u64 {
        mapped_read!(self.0.first(), lost)
    }
}
