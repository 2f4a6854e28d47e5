//! Link-layer facts that a program needs about an interface and the devices above it.

use crate::{host::interfaces::Stack, kernel::state::StateMap};

/// Publishes the MAC addresses at which the host receives.
pub(super) fn publish(state: &StateMap, stack: &Stack, index: u32) {
    state.set_macs(stack.from(index).into_iter().filter_map(|link| link.mac));
}
