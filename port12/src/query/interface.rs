//! State of one interface, from the maps of its program. Every reader takes this one way from counters to a state.

use std::time::{Duration, SystemTime};

use port12_common::{
    Malformed, Outcome, Shape, TooDeep, Transport,
    abi::{Action, PortCounters},
};

use crate::{
    host::{HostError, forwarding::Reason},
    kernel::{
        clock::{Moment, Timeline},
        state::{Expected, Rules, Standing, StateMap},
    },
    model::{
        BanScope, BanState, CountedAt, Counts, FrameCounts, HostChange, InterfaceState, Mode,
        ModeReason, ModeState, NotDropped, Place, PolicyCounts, PortState, ProgramState,
        TooDeepCount, VlanTags, XdpMode,
    },
    registry::{Registry, unofficial},
    snapshot::Snapshot,
};

/// Last second of the year 9999, in seconds since the epoch: RFC 3339 can write none after it.
const LAST_SECOND: u64 = 253_402_300_799;

/// Descriptions of ports.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Registry with the state of each port.
    pub registry: &'a Registry,
    /// Ports on which the policy expects a listener.
    pub expected: Expected,
}

/// A program, as its maps describe it.
pub struct ProgramReading<'a> {
    /// Policy, deadline and socket table.
    pub state: &'a StateMap,
    /// Counters.
    pub counters: &'a Snapshot,
    /// Moment of the counters.
    pub now: Moment,
    /// Times of day up to that moment.
    pub timeline: &'a Timeline,
    /// The program.
    pub program: ProgramState,
    /// Whether the program remains when the process that attached it ends.
    pub persistent: bool,
    /// Probes after which the program bans a source by itself.
    pub bans_after: Option<u64>,
    /// Sources that are banned.
    pub active_bans: Option<usize>,
    /// Networks on the allowlist.
    pub allowed: Option<usize>,
}

/// Place of a program, and the interface there.
pub struct Attachment {
    /// Name of the interface.
    pub interface: String,
    /// Name under which the maps are pinned, if it is another one.
    pub pinned_as: Option<String>,
    /// Place of the program.
    pub place: Place,
    /// Hook, if the program is on an interface of this network namespace.
    pub xdp_mode: Option<XdpMode>,
    /// Speed of the link in bit/s.
    pub speed: Option<u64>,
    /// Program that is attached instead, by id.
    pub other_program_id: Option<u32>,
    /// Answer of the host about forwarding.
    pub forwarding: ForwardingAnswer,
    /// Transports whose probes drop mode passes there.
    pub not_dropped: Option<NotDropped>,
    /// Visibility of VLAN tags, if the program is on an interface of this network namespace.
    pub vlan_tags: Option<VlanTags>,
    /// Changes of the host that the program does not take into account; `None` if they were not looked for.
    pub host_changes: Option<Vec<HostChange>>,
}

/// State of an interface.
pub fn interface_state(
    reading: ProgramReading<'_>,
    at: Attachment,
    registry: &Registry,
) -> InterfaceState {
    let ProgramReading { state, counters, now, timeline, .. } = reading;
    // Any process with the map can have written the time.
    let attached_at = Duration::from_secs(state.header().attached_at.min(LAST_SECOND));
    let names = Names { registry, expected: state.expected() };
    InterfaceState {
        interface: at.interface,
        pinned_as: at.pinned_as,
        place: at.place,
        xdp_mode: at.xdp_mode,
        counted_at: at.xdp_mode.map(CountedAt::from),
        speed_bits_per_second: at.speed,
        program: reading.program,
        other_program_id: at.other_program_id,
        attached_at: Some(SystemTime::UNIX_EPOCH + attached_at),
        persistent: Some(reading.persistent),
        mode: mode_state(state, at.place, &now),
        forwards: at.forwarding.forwards,
        forwarding: at.forwarding.why,
        not_dropped: at.not_dropped,
        vlan_tags: at.vlan_tags,
        host_changes: at.host_changes,
        sockets_fresh: Some(state.is_fresh(&now)),
        policy: policy_counts(&state.rules()),
        allowed: reading.allowed,
        bans: BanState {
            after: reading.bans_after,
            scope: if state.shuts_out() { BanScope::All } else { BanScope::Unassigned },
            active: reading.active_bans,
            auto: counters.bans(),
        },
        counts: frame_counts(counters),
        ports: counters.ports().map(|(of, port, it)| names.port(of, port, it, timeline)).collect(),
        rates: None,
    }
}

/// Mode of an interface, by its maps and the place of its program.
pub fn mode_state(state: &StateMap, place: Place, now: &Moment) -> ModeState {
    let timeout = state.trial(now);
    let requested = match timeout {
        Standing::Monitor => Mode::Monitor,
        Standing::Drop
        | Standing::Unconfirmed { .. }
        | Standing::Reverted { .. }
        | Standing::Bypassed
        | Standing::Forwarding
        | Standing::Left => Mode::Drop,
    };
    let standing = state.standing(now);
    let drops = standing.drops() && place == Place::Attached;
    let reason = match standing {
        Standing::Bypassed => Some(ModeReason::Bypassed),
        Standing::Forwarding => Some(ModeReason::Forwarding),
        Standing::Left => Some(ModeReason::Gone),
        Standing::Reverted { .. } => Some(ModeReason::Expired),
        Standing::Drop | Standing::Unconfirmed { .. } if !drops => Some(ModeReason::NotAttached),
        Standing::Unconfirmed { .. } => Some(ModeReason::Unconfirmed),
        Standing::Drop | Standing::Monitor => None,
    };
    let seconds = |jiffies: u64| jiffies.saturating_sub(now.jiffies).div_ceil(now.hz.max(1));
    ModeState {
        requested,
        effective: if drops { Mode::Drop } else { Mode::Monitor },
        reason,
        reverts_in_seconds: match timeout {
            Standing::Unconfirmed { until } => Some(seconds(until)),
            Standing::Monitor
            | Standing::Drop
            | Standing::Reverted { .. }
            | Standing::Bypassed
            | Standing::Forwarding
            | Standing::Left => None,
        },
    }
}

/// Answer of the host about forwarding.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ForwardingAnswer {
    /// Whether the host forwards; `None` if that cannot be read, or was not asked.
    pub forwards: Option<bool>,
    /// Evidence, or cause of the missing answer.
    pub why: Option<String>,
}

/// Whether the host forwards, by its reasons.
pub fn forwarding(reasons: Result<&[Reason], &HostError>) -> ForwardingAnswer {
    match reasons {
        Ok(reasons) => ForwardingAnswer {
            forwards: Some(!reasons.is_empty()),
            why: reasons.first().map(ToString::to_string),
        },
        Err(error) => ForwardingAnswer {
            forwards: None,
            why: Some(format!("whether this host forwards cannot be read ({error})")),
        },
    }
}

/// Frames by outcome.
pub fn frame_counts(counters: &Snapshot) -> FrameCounts {
    let outcome = |it: Outcome| (it, Counts::from(counters.outcome(it)));
    FrameCounts {
        frames: counters.frames().into(),
        outcomes: Outcome::ALL.into_iter().map(outcome).collect(),
        malformed: Malformed::ALL
            .into_iter()
            .map(|it| (it, counters.reason(it)))
            .filter(|&(_, count)| count > 0)
            .collect(),
        too_deep: TooDeep::ALL
            .into_iter()
            .map(|it| (it, TooDeepCount::from(counters.too_deep(it))))
            .filter(|(_, count)| count.packets > 0)
            .collect(),
        probe_types: Shape::ALL
            .into_iter()
            .map(|it| (it, counters.shape(it)))
            .filter(|&(_, count)| count > 0)
            .collect(),
        events: counters.events(),
    }
}

impl Names<'_> {
    /// State of a port.
    pub fn port(
        &self,
        transport: Transport,
        port: u16,
        counters: &PortCounters,
        timeline: &Timeline,
    ) -> PortState {
        let probes = counters.probes();
        let is_seen = probes.packets > 0 || counters.local_socket > 0;
        PortState {
            transport,
            port,
            packets: probes.packets,
            bytes: probes.bytes,
            dropped: counters.dropped.packets,
            local_socket: counters.local_socket,
            last_seen: is_seen.then(|| timeline.wall_at(counters.last_seen)),
            description: describe(self.registry, transport, port),
            expected: self.expected.contains(transport, port),
            rates: None,
        }
    }
}

/// Registry state of a port, and the best known of its users.
pub fn describe(registry: &Registry, transport: Transport, port: u16) -> String {
    let known = unofficial::uses(port)
        .find(|known| known.transport.is_none_or(|known| known == transport))
        .map(|known| known.who);
    let state = registry.state(transport, port).as_str();
    known.map_or_else(|| state.to_owned(), |who| format!("{state}; {who}"))
}

/// Number of transport ports for each action.
pub fn policy_counts(rules: &Rules) -> PolicyCounts {
    let mut counts = PolicyCounts::default();
    for rule in rules.iter().flatten() {
        match rule.action() {
            Action::Assigned => {}
            Action::Ignore => counts.ignore += 1,
            Action::Watch => counts.watch += 1,
            Action::Drop { enforce: false } => counts.drop += 1,
            Action::Drop { enforce: true } => counts.enforce += 1,
        }
    }
    counts
}
