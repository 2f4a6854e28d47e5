//! Link-layer facts that a program needs about an interface and the devices above it.

use crate::{
    host::{HostError, interfaces::Stack},
    kernel::state::StateMap,
};

/// Publishes the MAC addresses at which the host receives.
///
/// # Errors
///
/// [`HostError`]: the interfaces cannot be listed; the program keeps what it had.
pub(super) fn publish(state: &StateMap, index: u32) -> Result<(), HostError> {
    let stack = Stack::read()?;
    state.set_macs(stack.from(index).into_iter().filter_map(|link| link.mac));
    Ok(())
}
