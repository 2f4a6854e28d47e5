//! States that are written and read back.

use std::time::{Duration, SystemTime};

use port12_common::{Malformed, Outcome, Shape, TooDeep, Transport};
use proptest::prelude::*;

use super::*;

fn at(milliseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
}

fn port(transport: Transport, port: u16, packets: u64) -> PortState {
    PortState {
        transport,
        port,
        packets,
        bytes: packets * 60,
        dropped: 0,
        local_socket: 0,
        last_seen: Some(at(1_000)),
        description: "unassigned".to_owned(),
        expected: false,
        rates: None,
    }
}

impl RegistryId {
    /// Identity of a registry of a date.
    pub(crate) fn of(date: &str) -> Self {
        Self { date: date.to_owned(), date_is_floor: false, source: "embedded".to_owned() }
    }
}

impl InterfaceState {
    /// An interface in monitor mode on which nothing was counted.
    pub(crate) fn monitored(name: &str) -> Self {
        Self {
            interface: name.to_owned(),
            pinned_as: None,
            place: Place::Attached,
            xdp_mode: Some(XdpMode::Native),
            counted_at: Some(CountedAt::Driver),
            speed_bits_per_second: Some(1_000),
            program: ProgramState { name: "port12_frags".to_owned(), id: Some(1), tag: None },
            other_program_id: None,
            attached_at: Some(SystemTime::UNIX_EPOCH),
            persistent: Some(false),
            mode: ModeState::plain(Mode::Monitor),
            forwards: Some(false),
            forwarding: None,
            not_dropped: None,
            vlan_tags: None,
            host_changes: Some(Vec::new()),
            sockets_fresh: Some(true),
            policy: PolicyCounts::default(),
            allowed: Some(0),
            bans: BanState {
                after: None,
                scope: BanScope::Unassigned,
                active: Some(0),
                auto: AutoBanStats::default(),
            },
            counts: FrameCounts::default(),
            ports: Vec::new(),
            rates: None,
        }
    }
}

fn state(clock_ns: u64, interfaces: Vec<InterfaceState>) -> State {
    let time = at(clock_ns / 1_000_000);
    State { interfaces, ..State::empty(Origin::Live, time, clock_ns, RegistryId::of("2026-08-17")) }
}

fn counted(packets: u64) -> InterfaceState {
    let mut it = InterfaceState::monitored("eth0");
    it.counts.frames = Counts { packets, bytes: packets * 100 };
    it.ports.push(port(Transport::Tcp, 12, packets));
    it
}

#[test]
fn each_reader_has_the_rates_since_its_own_last_look() {
    let states: Vec<State> =
        (0..=8).map(|half| state(half * 500_000_000, vec![counted(half * 10)])).collect();
    // Three readers, each once a second or two, at different phases.
    for (first, step) in [(0, 2), (1, 2), (0, 4)] {
        for pair in states[first..].iter().step_by(step).collect::<Vec<_>>().windows(2) {
            let mut now = pair[1].clone();
            Baseline::from(pair[0]).fill(&mut now);
            let rates = now.interfaces[0].rates.unwrap();
            assert_eq!((rates.frames_per_second, rates.bits_per_second), (20.0, 16_000.0));
            assert_eq!(rates.utilization, Some(16.0));
            let rates = now.interfaces[0].ports[0].rates;
            let expected = PortRates { packets_per_second: 20.0, bits_per_second: 9_600.0 };
            assert_eq!(rates, Some(expected));
        }
    }
}

#[test]
fn counters_that_began_anew_count_from_zero() {
    let before = state(1_000_000_000, vec![counted(1_000)]);
    let mut now = state(2_000_000_000, vec![counted(7)]);
    Baseline::from(&before).fill(&mut now);
    assert_eq!(now.interfaces[0].rates.unwrap().frames_per_second, 7.0);
}

#[test]
fn an_interface_of_which_nothing_is_known_before_has_no_rates() {
    let before = state(5_000_000_000, Vec::new());
    // It was attached at the epoch, long before.
    let mut now = state(6_000_000_000, vec![counted(1_000)]);
    Baseline::from(&before).fill(&mut now);
    assert_eq!((now.interfaces[0].rates, now.interfaces[0].ports[0].rates), (None, None));
    let mut fresh = counted(1_000);
    fresh.attached_at = Some(at(5_500));
    let mut now = state(6_000_000_000, vec![fresh]);
    Baseline::from(&before).fill(&mut now);
    assert_eq!(now.interfaces[0].rates.unwrap().frames_per_second, 1_000.0);
}

#[test]
fn a_state_without_rates_has_no_key_for_them() {
    let json = serde_json::to_value(state(1, vec![counted(1)])).unwrap();
    let interface = &json["interfaces"][0];
    assert_eq!(interface["ports"][0]["transport"], "tcp");
    assert!(interface.get("frames_per_second").is_none());
    assert!(interface["ports"][0].get("packets_per_second").is_none());
}

fn any_counts() -> impl Strategy<Value = FrameCounts> {
    (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(one, two, three)| {
        let counts = Counts { packets: one.into(), bytes: two.into() };
        FrameCounts {
            frames: counts,
            outcomes: Outcome::ALL.into_iter().map(|it| (it, counts)).collect(),
            malformed: Malformed::ALL.into_iter().map(|it| (it, three.into())).collect(),
            too_deep: TooDeep::ALL
                .into_iter()
                .map(|it| (it, TooDeepCount { packets: two.into(), dropped: one.into() }))
                .collect(),
            probe_types: Shape::ALL.into_iter().map(|it| (it, three.into())).collect(),
            events: EventStats { emitted: one.into(), rate_limited: 1, lost: 2 },
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        counts in any_counts(),
        name in ".{0,20}",
        milliseconds in 0_u64..200_000_000_000,
        optional in any::<bool>(),
        mode in prop::sample::select(vec![Mode::Monitor, Mode::Drop]),
        transport in prop::sample::select(Transport::ALL.to_vec()),
    ) {
        let mut it = InterfaceState { counts, ..InterfaceState::monitored(&name) };
        it.mode.requested = mode;
        it.mode.reason = optional.then_some(ModeReason::Expired);
        it.pinned_as = optional.then(|| name.clone());
        it.not_dropped = optional.then(|| NotDropped::new(name.clone(), optional));
        it.ports = vec![port(transport, 12, 3)];
        let mut state = state(milliseconds * 1_000_000, vec![it]);
        state.sources = optional.then(|| SourcesState {
            tracked: 1,
            evicted: 2,
            top: vec![SourceState {
                source: [192, 0, 2, 1].into(),
                packets: 1,
                bytes: 60,
                first_seen: at(milliseconds),
                last_seen: at(milliseconds),
                port_count: 1,
                details: (milliseconds % 2 == 0).then(|| SourceDetails {
                    ports: [PortId { transport, port: 12 }].into(),
                    other_ports: [transport].into(),
                    interfaces: [name.clone()].into(),
                }),
            }],
        });
        state.outbound = optional.then(OutboundState::default);
        state.listeners = (!optional).then(|| ListenersState {
            listeners: vec![ListenerState {
                transport,
                port: 12,
                address: [0, 0, 0, 0].into(),
                dual_stack: false,
                device: optional.then(|| name.clone()),
                uid: 0,
                owner: event::Owner::Process,
                processes: vec![ProcessState::from(&event::Process {
                    pid: 1,
                    name: Some(name.clone()),
                    uid: Some(0),
                    started: optional.then(|| at(milliseconds)),
                    ..event::Process::default()
                })],
                more_processes: 0,
                first_seen: (milliseconds % 2 == 0).then(|| at(milliseconds)),
            }],
            more_listeners: 1,
            unlisted_transports: vec![transport],
            is_complete: true,
        });
        state.alerts = (!optional).then(AlertStats::default);
        let mut rated = state.clone();
        Baseline::zero(0).fill(&mut rated);
        for state in [state, rated] {
            let text = serde_json::to_string(&state).unwrap();
            prop_assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
        }
    }
}
