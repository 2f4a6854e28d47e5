//! The program as a filter of the qdisc `clsact`, which nobody takes off for one who was killed.

use std::os::fd::BorrowedFd;

use port12_common::abi::program;

use crate::host::{
    HostError,
    tc::{self, Filter, Place},
};

/// The handle of the filter where somebody else has made the qdisc.
const GUEST: u32 = 0x12_01;

/// The handle of the filter where port12 has: it is how a later one knows whose the qdisc is.
const HOST: u32 = 0x12_02;

/// The filter. Dropping it takes it off, and the qdisc where nobody else uses what port12 has made.
#[derive(Debug)]
pub struct Clsact {
    interface: u32,
    is_off: bool,
}

impl Clsact {
    /// Attaches; `None` where another qdisc is in the place of `clsact`.
    pub(super) fn attach(
        interface: u32,
        program: BorrowedFd<'_>,
        name: &str,
    ) -> Result<Option<Self>, HostError> {
        let handle = match tc::add_clsact(interface)? {
            Place::Made => HOST,
            Place::There => GUEST,
            Place::Taken => return Ok(None),
        };
        let added = tc::add_program_first(interface, program, name, handle);
        if added.is_err() && handle == HOST {
            let _ = tc::remove_unused_clsact(interface);
        }
        added.map(|()| Some(Self { interface, is_off: false }))
    }
}

impl Clsact {
    /// Whether it is still there: others may have taken it off, with the qdisc.
    pub(super) fn is_there(&self) -> bool {
        tc::programs(self.interface).map_or(true, |filters| filters.iter().any(is_ours))
    }

    pub(super) fn take_off(&mut self) {
        if std::mem::replace(&mut self.is_off, true) {
            return;
        }
        // The interface may have gone, and the filter with it.
        if let Err(error) = sweep(self.interface) {
            log::debug!("the interface with index {}: {error}", self.interface);
        }
    }
}

impl Drop for Clsact {
    fn drop(&mut self) {
        self.take_off();
    }
}

/// Whether a filter is one of port12's, by its name and its handle. Only one port12 has its XDP program on an
/// interface, so where there is such a filter it is its own, or was left behind.
fn is_ours(filter: &Filter) -> bool {
    matches!(&*filter.name, program::EGRESS | program::EGRESS_IP)
        && matches!(filter.handle, GUEST | HOST)
}

/// Whether an interface has one of port12's filters.
pub fn has_left(interface: u32) -> bool {
    tc::programs(interface).is_ok_and(|filters| filters.iter().any(is_ours))
}

/// Takes port12's filters off an interface, and the qdisc where port12 has made it and nobody else uses it. How many
/// there were.
///
/// # Errors
///
/// Where the kernel refuses.
pub fn sweep(interface: u32) -> Result<usize, HostError> {
    let filters: Vec<Filter> = tc::programs(interface)?.into_iter().filter(is_ours).collect();
    for filter in &filters {
        tc::remove_program(filter)?;
    }
    if filters.iter().any(|filter| filter.handle == HOST) {
        tc::remove_unused_clsact(interface)?;
    }
    Ok(filters.len())
}
