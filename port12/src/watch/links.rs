//! Link-layer facts that a program needs about an interface and the devices above it.

use crate::{
    host::{
        HostError,
        interfaces::{Stack, vlans},
        publish::vlans::{is_table_of, table},
    },
    kernel::state::StateWriter,
};

/// Publishes the MAC addresses at which the host receives, and the VLANs of its devices. If the interfaces cannot be
/// listed, the MAC addresses stay, and the VLANs are unknown: frames with a VID pass.
pub(super) fn publish(state: &StateWriter, stack: Result<&Stack, &HostError>, index: u32) {
    let Ok(stack) = stack else {
        state.set_vlans(&table(None));
        return;
    };
    state.set_macs(stack.from(index).into_iter().filter_map(|link| link.mac));
    let tags = vlans(stack, index);
    // Of a table that is written anew, frames miss a device for a moment, and pass.
    if tags.as_ref().is_none_or(|tags| !is_table_of(&state.vlans(), tags)) {
        state.set_vlans(&table(tags.as_ref()));
    }
}
