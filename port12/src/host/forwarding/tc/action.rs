//! Actions of filters, and what they do to a packet.

use netlink_packet_core::DecodeError;
use port12_common::Version;

use super::pedit;
use crate::host::{
    interfaces::{Link, Stack},
    netlink::{attributes, number, text},
};

// linux/pkt_cls.h and linux/tc_act/.
const TCA_ACT_KIND: u16 = 1;
const TCA_ACT_OPTIONS: u16 = 2;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_OPS: u16 = 5;
const TCA_ACT_BPF_OPS: u16 = 4;
const TCA_ACT_BPF_NAME: u16 = 6;
const TCA_CT_ACTION: u16 = 3;
const TCA_CT_ACT_NAT: u16 = 1 << 3;
const TCA_MIRRED_PARMS: u16 = 2;
const TCA_EGRESS_MIRROR: u32 = 2;
const TCA_INGRESS_MIRROR: u32 = 4;

/// Why a BPF program counts.
pub(super) const UNREADABLE: &str = "which may rewrite or redirect packets";

/// Classifiers, with the attribute that has their actions.
const CLASSIFIERS: [(&str, u16); 12] = [
    ("u32", 7),
    ("flower", 3),
    ("matchall", 2),
    ("basic", 3),
    ("fw", 4),
    ("route", 6),
    ("flow", 9),
    ("cgroup", 1),
    ("bpf", 1),
    ("tcindex", 7),
    ("rsvp", 6),
    ("rsvp6", 6),
];

/// Actions that leave addresses and ports, and the way of a packet, as they are.
const HARMLESS: [&str; 13] = [
    "gact",
    "police",
    "sample",
    "connmark",
    "ctinfo",
    "csum",
    "skbedit",
    "skbmod",
    "vlan",
    "tunnel_key",
    "gate",
    "simple",
    "ife",
];

/// An effect on packets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Effect {
    /// They are rewritten, or may be: a predicate whose subject is the filter.
    Rewrites(String),
    /// They are sent to a device, or a copy of them is.
    Sends {
        /// The device, by its index.
        interface: u32,
        /// Whether a copy is.
        copies: bool,
    },
}

impl Effect {
    /// The `ifb` device from which the packets come back.
    ///
    /// # Errors
    ///
    /// The effect in words, of any other.
    pub(super) fn target<'a>(&self, stack: &'a Stack) -> Result<&'a Link, String> {
        match self {
            Self::Rewrites(what) => Err(what.clone()),
            &Self::Sends { interface, copies } => match stack.get(interface) {
                Some(link) if link.kind.as_deref() == Some("ifb") => Ok(link),
                link => {
                    let verb = if copies { "copies" } else { "redirects" };
                    let name = link.map_or_else(
                        || format!("the interface {interface}"),
                        |link| link.name.clone(),
                    );
                    Err(format!("{verb} packets to {name} (mirred)"))
                }
            },
        }
    }
}

/// The effects of a filter that count.
pub(super) fn of_filter(
    kind: &str,
    options: &[u8],
    protocol: u16,
) -> Result<Vec<Effect>, DecodeError> {
    let Some((_, at)) = CLASSIFIERS.iter().find(|(name, _)| *name == kind) else {
        let what = format!("is of the kind {kind}, whose actions port12 cannot read");
        return Ok(vec![Effect::Rewrites(what)]);
    };
    let version = match i32::from(protocol) {
        libc::ETH_P_IP => Some(Version::V4),
        libc::ETH_P_IPV6 => Some(Version::V6),
        _ => None,
    };
    let mut effects = Vec::new();
    if kind == "bpf" {
        effects.extend(program(options, TCA_BPF_OPS, TCA_BPF_NAME)?);
    }
    for option in attributes(options) {
        match option? {
            (found, actions) if found == *at => {
                for action in attributes(actions) {
                    effects.extend(of_action(action?.1, version)?);
                }
            }
            _ => {}
        }
    }
    Ok(effects)
}

fn of_action(action: &[u8], version: Option<Version>) -> Result<Option<Effect>, DecodeError> {
    let (mut kind, mut options) = (String::new(), &[][..]);
    for attribute in attributes(action) {
        match attribute? {
            (TCA_ACT_KIND, value) => kind = text(value),
            (TCA_ACT_OPTIONS, value) => options = value,
            _ => {}
        }
    }
    let what = match &*kind {
        "mirred" => return mirred(options),
        "bpf" => return program(options, TCA_ACT_BPF_OPS, TCA_ACT_BPF_NAME),
        "pedit" if !pedit::redirects(options, version)? => return Ok(None),
        "pedit" => "rewrites addresses or ports (pedit)".to_owned(),
        "nat" => "translates addresses (nat)".to_owned(),
        "ct" if !translates(options)? => return Ok(None),
        "ct" => "translates addresses or ports (ct)".to_owned(),
        kind if HARMLESS.contains(&kind) => return Ok(None),
        kind => format!("has the action {kind}, which port12 cannot read"),
    };
    Ok(Some(Effect::Rewrites(what)))
}

/// A BPF program; a classic one, whose instructions are told, only classifies.
fn program(options: &[u8], ops: u16, name: u16) -> Result<Option<Effect>, DecodeError> {
    let mut shown = String::new();
    for option in attributes(options) {
        match option? {
            (found, _) if found == ops => return Ok(None),
            (found, value) if found == name => shown = text(value),
            _ => {}
        }
    }
    Ok(Some(Effect::Rewrites(format!("runs the BPF program {shown}, {UNREADABLE}"))))
}

fn translates(options: &[u8]) -> Result<bool, DecodeError> {
    for option in attributes(options) {
        if let (TCA_CT_ACTION, value) = option? {
            let flags = value.first_chunk().copied().map_or(0, u16::from_ne_bytes);
            return Ok(flags & TCA_CT_ACT_NAT != 0);
        }
    }
    Ok(false)
}

/// `struct tc_mirred`: 20 bytes that all actions have, what it does, and the device; a block of devices
/// (kernel 6.8) has none.
fn mirred(options: &[u8]) -> Result<Option<Effect>, DecodeError> {
    for option in attributes(options) {
        if let (TCA_MIRRED_PARMS, value) = option? {
            let word = |at: usize| number(value.get(at..at + 4).unwrap_or_default());
            let (action, interface) = (word(20)?, word(24)?);
            let copies = matches!(action, TCA_EGRESS_MIRROR | TCA_INGRESS_MIRROR);
            return Ok(Some(Effect::Sends { interface, copies }));
        }
    }
    Ok(None)
}
