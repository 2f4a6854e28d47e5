//! Packets with more headers than are read.

use super::{environment::Environment, source::v6};
use crate::{
    Frame, TooDeep,
    abi::{HostTable, Membership, Policy, SourceAddress},
    frame::first,
};

/// Whether such a packet is dropped: while a rule that drops or a ban of scope `all` is in force, and only if this
/// host would receive it. `network` is the offset of the IPv6 header behind too many of which reading stopped.
#[inline(always)]
pub(super) fn is_dropped<F: Frame, E: Environment>(
    frame: &F,
    (reason, network): (TooDeep, u16),
    environment: &E,
) -> bool {
    let Some((policy, host)) = environment.state() else {
        return false;
    };
    if policy.gate.bypass != 0 || policy.too_deep & Policy::PASS_TOO_DEEP != 0 {
        return false;
    }
    match reason {
        TooDeep::VlanTags => {
            (environment.shuts_out() || has_drop_rule(policy, environment))
                && is_link_local(frame, host)
                && environment.membership(frame, network.into()) == Membership::OWN
        }
        TooDeep::ExtensionHeaders => {
            // The bound again, for a verifier that has lost it.
            let network = frame.obscure(network.into());
            is_unwanted(frame, network, policy, environment)
                && is_local(frame, network, host)
                && environment.membership(frame, network) == Membership::OWN
        }
    }
}

/// Whether a rule that drops is in force, of a policy without a bypass.
#[inline(always)]
fn has_drop_rule<E: Environment>(policy: &Policy, environment: &E) -> bool {
    policy.too_deep & Policy::DROP_TOO_DEEP != 0 && policy.gate.is_open(environment.now())
}

/// Whether a rule or a ban drops the packet, and the allowlist does not save it.
#[inline(always)]
fn is_unwanted<F: Frame, E: Environment>(
    frame: &F,
    network: usize,
    policy: &Policy,
    environment: &E,
) -> bool {
    let Some(source) = v6(frame, network + 8) else {
        return false;
    };
    if policy.lists & Policy::ALLOW_V6 != 0 && environment.allows_v6(source) {
        return false;
    }
    has_drop_rule(policy, environment) || is_shut_out(SourceAddress::v6(source), environment)
}

/// Whether a ban of scope `all` drops whatever the source sends; the packet is counted for it.
#[inline(always)]
fn is_shut_out<E: Environment>(source: SourceAddress, environment: &E) -> bool {
    if !environment.shuts_out() {
        return false;
    }
    let Some(ban) = environment.ban_of_all(source, environment.now()) else {
        return false;
    };
    environment.count(ban);
    true
}

/// Whether the IPv6 destination is known to be an address of this host.
#[inline(always)]
fn is_local<F: Frame>(frame: &F, network: usize, host: &HostTable) -> bool {
    let local = host.local_in_force();
    local.known != 0 && v6(frame, network + 24).is_some_and(|to| local.contains_v6(to))
}

/// Whether the destination MAC address is one at which this host receives. Of a frame to a group, Linux passes
/// datagrams on to sockets.
#[inline(always)]
fn is_link_local<F: Frame>(frame: &F, host: &HostTable) -> bool {
    let Some(words) = frame.words::<3>(0) else {
        return false;
    };
    first(words[0]) & 1 != 0 || host.has_mac(HostTable::mac(words))
}
