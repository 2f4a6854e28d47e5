//! One interface.

use std::{fmt, time::SystemTime};

use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::{BanState, HostChange, ModeState, PortState, Rates, VlanTags, counts::FrameCounts};
use crate::text::time;

/// Hook of an XDP program.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum XdpMode {
    /// In the driver.
    Native,
    /// In the stack, after the driver.
    Generic,
    /// In the network card.
    Hardware,
}

impl XdpMode {
    /// The name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
            Self::Hardware => "hardware",
        }
    }
}

impl fmt::Display for XdpMode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// Point at which frames and bytes are counted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CountedAt {
    /// In the driver, as they were received.
    Driver,
    /// In the stack, after generic receive offload (GRO): several packets may be one.
    Stack,
    /// In a capture.
    Capture,
}

impl From<XdpMode> for CountedAt {
    fn from(mode: XdpMode) -> Self {
        match mode {
            XdpMode::Native | XdpMode::Hardware => Self::Driver,
            XdpMode::Generic => Self::Stack,
        }
    }
}

/// Place of the program.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On an interface of this network namespace.
    Attached,
    /// On an interface of another network namespace.
    Elsewhere,
    /// On no interface: another process detached it, and the interface exists.
    Detached,
    /// On no interface: the interface is gone.
    Gone,
    /// In a replay.
    Capture,
}

/// A program in the kernel.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProgramState {
    /// Its name; `user` for the classifier of a replay outside the kernel.
    pub name: String,
    /// Its id; null if it cannot be read, or is not attached.
    pub id: Option<u32>,
    /// Hash of its instructions, 16 hexadecimal digits; null if it cannot be read.
    pub tag: Option<String>,
}

/// An XDP program on an interface that cannot be reached by pins.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UnpinnedProgram {
    /// The interface.
    pub interface: String,
    /// Id of the program.
    pub program_id: u32,
    /// Name of the program; null if it cannot be read. It may then belong to any process.
    pub name: Option<String>,
}

/// Number of transport ports for each action of the policy, over all transports. All other ports are assigned.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyCounts {
    /// Ports whose probes are counted.
    pub watch: u32,
    /// Ports whose probes are dropped in drop mode, unless a local socket is there.
    pub drop: u32,
    /// Ports whose probes are dropped in drop mode, with a local socket too.
    pub enforce: u32,
    /// Unassigned ports that are not watched.
    pub ignore: u32,
}

/// Transports whose probes drop mode passes on an interface.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotDropped {
    /// UDP; and TCP while no daemon publishes the ports with sockets.
    pub transports: Vec<Transport>,
    /// Cause, for people.
    pub why: String,
}

impl NotDropped {
    /// Transports of a program for which socket look-ups prove nothing.
    pub fn new(why: String, has_daemon: bool) -> Self {
        let transports: &[Transport] =
            if has_daemon { &[Transport::Udp] } else { &[Transport::Tcp, Transport::Udp] };
        Self { transports: transports.to_vec(), why }
    }
}

impl fmt::Display for NotDropped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transports: Vec<&str> = self.transports.iter().map(|it| it.as_str()).collect();
        let transports = transports.join(" and ").to_uppercase();
        write!(
            out,
            "{transports} probes pass in drop mode, unless the policy says `enforce`: {}, so that \
             a socket look-up which finds nothing proves nothing",
            self.why
        )
    }
}

/// One interface, its program and its counters.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InterfaceState {
    /// Its name; the name of the file in a replay.
    pub interface: String,
    /// Name under which its maps are pinned; null if they are not pinned, or under its present name.
    pub pinned_as: Option<String>,
    /// Place of the program.
    pub place: Place,
    /// Hook of the program; null if it is on no interface of this network namespace.
    pub xdp_mode: Option<XdpMode>,
    /// Point at which frames are counted; null if the program is on no interface of this network namespace.
    pub counted_at: Option<CountedAt>,
    /// Speed of the link in bit/s; null if the kernel does not know it.
    pub speed_bits_per_second: Option<u64>,
    /// The program.
    pub program: ProgramState,
    /// Program that is attached in place of port12's, by id.
    pub other_program_id: Option<u32>,
    /// Time of the attachment; null in a replay.
    #[serde(
        serialize_with = "time::serialize_if_known",
        deserialize_with = "time::deserialize_if_known"
    )]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub attached_at: Option<SystemTime>,
    /// Whether the program remains when the process that attached it ends; null in a replay.
    pub persistent: Option<bool>,
    /// Mode.
    pub mode: ModeState,
    /// Whether the host forwards, so that a missing socket proves nothing; null if that cannot be known.
    pub forwards: Option<bool>,
    /// Evidence that it forwards, or cause of the null, for people.
    pub forwarding: Option<String>,
    /// Transports whose probes drop mode passes there; null if there are none.
    pub not_dropped: Option<NotDropped>,
    /// Visibility of VLAN tags; null if the program is on no interface of this network namespace.
    pub vlan_tags: Option<VlanTags>,
    /// Changes of the host since the attachment that the program does not take into account. Empty while a daemon
    /// runs, which does; null if they were not looked for, since the program drops nothing or is on no interface of
    /// this network namespace.
    pub host_changes: Option<Vec<HostChange>>,
    /// Whether a daemon publishes sockets and addresses; null in a replay.
    pub sockets_fresh: Option<bool>,
    /// Policy.
    pub policy: PolicyCounts,
    /// Networks on the allowlist; null if it was not read.
    pub allowed: Option<usize>,
    /// Bans.
    pub bans: BanState,
    /// Frames.
    #[serde(flatten)]
    pub counts: FrameCounts,
    /// Watched ports with probes or with packets for a local socket, by transport and number.
    pub ports: Vec<PortState>,
    /// Frames per second and the like, over the period of a report; absent in a state without a period.
    #[serde(flatten)]
    pub rates: Option<Rates>,
}
