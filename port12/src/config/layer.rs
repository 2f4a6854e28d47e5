//! What one source says of the configuration.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use ipnet::IpNet;

use super::{Pattern, Ports, Valued};
use crate::{
    kernel::{attach::Wanted, banning::Terms},
    policy::{Forwarding, Mode, TooDeepPolicy, Transit},
    report::OutputFormat,
    sink::SinkSpec,
};

/// What the policy file says outside of its rules, or what the command line and the environment
/// say. What it leaves open, another source or the default decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// The interfaces to watch.
    pub interfaces: Option<Valued<Vec<Pattern>>>,
    /// Those not to watch, though `interfaces` has them.
    pub exclude: Option<Valued<Vec<Pattern>>>,
    /// What becomes of probes.
    pub mode: Option<Valued<Mode>>,
    /// Where the program runs.
    pub xdp_mode: Option<Valued<Wanted>>,
    /// What to do about conversation starts for other hosts.
    pub transit: Option<Valued<Transit>>,
    /// Whether drop mode is refused where this host forwards.
    pub forwarding: Option<Valued<Forwarding>>,
    /// Verdict on packets with more headers than port12 reads.
    pub too_deep: Option<Valued<TooDeepPolicy>>,
    /// The time within which drop mode is to be confirmed.
    pub confirm: Option<Valued<Duration>>,
    /// Whether reserved ports are watched too.
    pub include_reserved: Option<Valued<bool>>,
    /// Assigned or reserved ports to watch too.
    pub extra: Option<Valued<Vec<Ports>>>,
    /// The sources that are never dropped.
    pub allow: Option<Valued<BTreeSet<IpNet>>>,
    /// When the program bans a source by itself.
    pub ban: Option<Valued<Terms>>,
    /// IANA's official file, in place of the table that port12 carries.
    pub registry: Option<Valued<PathBuf>>,
    /// Whether it is watched what this host starts.
    pub egress: Option<Valued<bool>>,
    /// Whether the programs stay attached when port12 ends.
    pub pin: Option<Valued<bool>>,
    /// Whether a program that was detached by somebody else is attached again.
    pub reattach: Option<Valued<bool>>,
    /// Whether `run` gives up all capabilities but the three for watching after its start.
    pub least_privilege: Option<Valued<bool>>,
    /// The time between reports.
    pub interval: Option<Valued<Duration>>,
    /// How many sources a run remembers.
    pub remember_sources: Option<Valued<usize>>,
    /// Where events and alerts go.
    pub sinks: Option<Valued<Vec<SinkSpec>>>,
    /// How many bytes of a frame the sinks keep.
    pub frame_bytes: Option<Valued<usize>>,
    /// The form of the reports.
    pub output: Option<Valued<OutputFormat>>,
}
