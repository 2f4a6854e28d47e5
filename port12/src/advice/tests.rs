use port12_common::Transport;

use super::*;
use crate::registry::State;

const SUSPENSIONS: [Suspension; 4] =
    [Suspension::Reverted, Suspension::Bypassed, Suspension::Forwarding, Suspension::Left];

fn watchings() -> Vec<Watching> {
    let mut all = vec![
        Watching::Unseen,
        Watching::Nothing,
        Watching::NotWatched,
        Watching::Ignored,
        Watching::Monitors,
        Watching::Drops,
        Watching::Enforces,
    ];
    all.extend(SUSPENSIONS.map(Watching::Suspended));
    all
}

const LISTENINGS: [Listening; 8] = [
    Listening::Unseen,
    Listening::Nobody,
    Listening::Connected,
    Listening::Kernel,
    Listening::OwnerUnseen,
    Listening::Process,
    Listening::Replaced,
    Listening::Deleted,
];

const BOTH: [bool; 2] = [false, true];

/// Every situation there is.
fn all() -> Vec<Situation> {
    let states = [Some(State::Unassigned), Some(State::Reserved), Some(State::Assigned), None];
    let mut all = Vec::new();
    for state in states {
        for watching in watchings() {
            for listening in LISTENINGS {
                for bits in 0..64_u8 {
                    let bit = |index: u8| bits >> index & 1 == 1;
                    let came =
                        Came { passed: bit(0), dropped: bit(1), reached: bit(2), banned: bit(3) };
                    let (is_expected, has_known_use) = (bit(4), bit(5));
                    all.push(Situation {
                        state,
                        watching,
                        listening,
                        is_expected,
                        came,
                        has_known_use,
                    });
                }
            }
        }
    }
    all
}

fn names(transport: Transport) -> Names<'static> {
    Names {
        planned: Intent::Counts,
        port: 12,
        transport,
        process: Some(4711),
        unit: Some("app.service"),
        source: Some([192, 0, 2, 7].into()),
        interface: Some("eth0"),
        daemon: None,
        policy: "/etc/port12/port12.toml",
        needs: &["CAP_SYS_PTRACE"],
    }
}

/// The findings alone.
fn found(situation: &Situation) -> Vec<Finding> {
    decide(situation).into_iter().map(|(finding, _)| finding).collect()
}

const QUIET: Situation = Situation {
    state: Some(State::Unassigned),
    watching: Watching::Monitors,
    listening: Listening::Nobody,
    is_expected: false,
    came: Came { passed: false, dropped: false, reached: false, banned: false },
    has_known_use: false,
};

#[test]
fn there_is_always_something_to_say_once_and_the_worst_first() {
    for situation in all() {
        let decided = decide(&situation);
        assert!(!decided.is_empty(), "{situation:?}");
        assert!(decided.is_sorted_by_key(|&(_, severity)| std::cmp::Reverse(severity)));
        for (index, (finding, _)) in decided.iter().enumerate() {
            let again = decided[..index].iter().any(|(earlier, _)| earlier == finding);
            assert!(!again, "{situation:?}: {finding:?} twice");
        }
    }
}

#[test]
fn everything_that_can_be_said_is_said_of_some_situation_in_plain_words() {
    let mut said = Vec::new();
    for situation in all() {
        for finding in found(&situation) {
            if !said.contains(&finding) {
                said.push(finding);
            }
        }
    }
    assert_eq!(said.len(), 29);
    let codes: std::collections::BTreeSet<&str> = said.iter().map(|it| it.as_str()).collect();
    assert_eq!(codes.len(), said.len(), "a code stands for one finding");
    for finding in said {
        for transport in Transport::ALL {
            for daemon in [None, Some(99)] {
                for process in [None, Some(4711)] {
                    let names = Names { daemon, process, unit: None, ..names(transport) };
                    let mut texts = finding.steps(&names);
                    texts.push(finding.means().to_owned());
                    for text in texts {
                        assert!(text.ends_with('.'), "{finding:?}: {text}");
                        assert!(!text.contains("  ") && !text.contains("None"), "{text}");
                        assert_eq!(text.matches('`').count() % 2, 0, "{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_deleted_program_is_severe_wherever_nothing_accounts_for_it() {
    for situation in all().into_iter().filter(|it| it.listening == Listening::Deleted) {
        let (finding, severity) = decide(&situation)[0];
        match situation.is_unexpected() {
            true => {
                assert_eq!((finding, severity), (Finding::DeletedProgram, Severity::High));
            }
            false => assert!(found(&situation).contains(&Finding::DeletedProgram)),
        }
    }
}

#[test]
fn a_knock_that_reached_a_listener_nobody_accounts_for_is_severe() {
    for situation in all().into_iter().filter(|it| it.came.reached && it.is_unexpected()) {
        let worst = decide(&situation)[0].1;
        match situation.listening {
            Listening::OwnerUnseen
            | Listening::Process
            | Listening::Replaced
            | Listening::Deleted => assert_eq!(worst, Severity::High, "{situation:?}"),
            Listening::Unseen | Listening::Nobody | Listening::Connected | Listening::Kernel => {
                assert!(worst < Severity::High, "{situation:?}");
            }
        }
    }
}

#[test]
fn what_is_expected_is_never_called_severe_but_for_a_deleted_program() {
    for situation in all().into_iter().filter(|it| it.is_expected) {
        assert!(decide(&situation)[0].1 < Severity::High, "{situation:?}");
        assert!(!found(&situation).contains(&Finding::UnexpectedListener));
    }
}

#[test]
fn nothing_is_claimed_that_was_not_seen() {
    for situation in all() {
        let found = found(&situation);
        let has = |finding| found.contains(&finding);
        let claims_nobody = has(Finding::NobodyListens) || has(Finding::ExpectedMissing);
        assert!(!claims_nobody || situation.listening == Listening::Nobody, "{situation:?}");
        let claims_quiet = has(Finding::Quiet) || has(Finding::OnlyReached);
        assert!(!claims_quiet || situation.watching.is_watched(), "{situation:?}");
        assert!(!has(Finding::Quiet) || situation.came == Came::default(), "{situation:?}");
        assert!(!claims_quiet || !situation.came.knocked(), "{situation:?}");
        let claims_dropped = has(Finding::KnockedDropped);
        let drops = matches!(situation.watching, Watching::Drops | Watching::Enforces);
        assert!(!claims_dropped || drops, "{situation:?}");
        assert!(!has(Finding::KnockedPassed) || situation.came.knocked(), "{situation:?}");
        assert_eq!(
            has(Finding::WatchUnseen),
            situation.watching == Watching::Unseen && situation.state.is_some()
        );
        let unseen = situation.listening == Listening::OwnerUnseen;
        assert_eq!(has(Finding::UnseenOwner), unseen, "{situation:?}");
    }
}

#[test]
fn of_a_port_above_1023_it_is_told_who_has_it_and_nothing_of_what_is_watched() {
    for situation in all().into_iter().filter(|it| it.state.is_none()) {
        for finding in found(&situation) {
            let of_watching = [
                Finding::NothingWatches,
                Finding::WatchUnseen,
                Finding::NotCounted,
                Finding::Quiet,
                Finding::KnockedPassed,
                Finding::KnockedDropped,
            ];
            assert!(!of_watching.contains(&finding), "{situation:?}: {finding:?}");
        }
    }
}

#[test]
fn the_usual_situations_come_to_what_an_operator_would_say() {
    let passed = Came { passed: true, ..Came::default() };
    let dropped = Came { dropped: true, ..Came::default() };
    let reached = Came { reached: true, ..Came::default() };
    let assigned = Some(State::Assigned);
    use Finding::*;
    for (situation, expected) in [
        (QUIET, vec![NobodyListens, Quiet]),
        (Situation { came: passed, ..QUIET }, vec![NobodyListens, KnockedPassed]),
        (
            Situation { came: dropped, watching: Watching::Drops, ..QUIET },
            vec![NobodyListens, KnockedDropped],
        ),
        (
            Situation { listening: Listening::Process, came: reached, ..QUIET },
            vec![ReachedListener, OnlyReached],
        ),
        (Situation { listening: Listening::Process, ..QUIET }, vec![UnexpectedListener, Quiet]),
        (
            Situation { listening: Listening::OwnerUnseen, watching: Watching::Unseen, ..QUIET },
            vec![UnexpectedListener, UnseenOwner, WatchUnseen],
        ),
        (
            Situation { listening: Listening::Process, is_expected: true, ..QUIET },
            vec![ExpectedListener, Quiet],
        ),
        (
            Situation { state: assigned, watching: Watching::NotWatched, ..QUIET },
            vec![NobodyListens, NotCounted],
        ),
        (
            Situation {
                state: assigned,
                watching: Watching::Nothing,
                listening: Listening::Process,
                ..QUIET
            },
            vec![OrdinaryListener, NothingWatches],
        ),
        (
            Situation { came: passed, has_known_use: true, ..QUIET },
            vec![NobodyListens, KnockedPassed, KnownUse],
        ),
        (
            Situation {
                watching: Watching::Suspended(Suspension::Bypassed),
                came: passed,
                ..QUIET
            },
            vec![DropSuspended(Suspension::Bypassed), NobodyListens, KnockedPassed],
        ),
        (
            Situation {
                watching: Watching::Enforces,
                listening: Listening::Process,
                is_expected: true,
                ..QUIET
            },
            vec![EnforcedListener, ExpectedListener, Quiet],
        ),
        (Situation { came: reached, ..QUIET }, vec![SocketGone, OnlyReached]),
        (
            Situation { watching: Watching::Nothing, came: dropped, ..QUIET },
            vec![NobodyListens, NothingWatches, KnockedEarlier],
        ),
    ] {
        assert_eq!(found(&situation), expected, "{situation:?}");
    }
}

#[test]
fn commands_name_what_they_act_on() {
    let steps = |finding: Finding, names: &Names<'_>| finding.steps(names).join(" ");
    let tcp = names(Transport::Tcp);
    let text = steps(Finding::DeletedProgram, &tcp);
    assert!(text.contains("`cp /proc/4711/exe port12-4711.exe`"), "{text}");
    assert!(text.contains("`systemctl stop app.service`"), "{text}");
    let hostile = Names { unit: Some("x; rm -rf"), interface: Some("$(reboot)"), ..tcp };
    let text = steps(Finding::DeletedProgram, &hostile);
    assert!(text.contains("`kill 4711`") && !text.contains("rm -rf"), "{text}");
    let text = steps(Finding::KnockedPassed, &hostile);
    assert!(text.contains("`port12 attach -i IFACE --mode drop"), "{text}");
    assert!(text.contains("`port12 ban 192.0.2.7 --for 1h`"), "{text}");
    let text = steps(Finding::KnockedPassed, &Names { daemon: Some(99), ..tcp });
    assert!(text.contains("`kill -HUP 99`"), "{text}");
    let text = steps(Finding::KnockedPassed, &names(Transport::Sctp));
    assert!(text.contains("`ports = \"12/sctp\"`") && !text.contains("port12 ban"), "{text}");
    let text = steps(Finding::UnseenOwner, &Names { needs: &["CAP_A", "CAP_B"], ..tcp });
    assert!(text.contains("CAP_A and CAP_B"), "{text}");
    let text = steps(Finding::NotCounted, &tcp);
    assert!(text.contains("`extra = [\"12\"]` in /etc/port12/port12.toml"), "{text}");
}

#[test]
fn a_known_use_is_told_where_there_is_something_that_it_may_explain() {
    for is_known in BOTH {
        for situation in all().into_iter().filter(|it| it.has_known_use == is_known) {
            let may_explain =
                situation.came.knocked() || situation.came.reached || situation.listening.takes();
            let told = found(&situation).contains(&Finding::KnownUse);
            assert_eq!(told, is_known && may_explain, "{situation:?}");
        }
    }
}

#[test]
fn what_run_would_do_about_the_port_is_what_its_policy_says() {
    let step = |planned| {
        Finding::NothingWatches.steps(&Names { planned, ..names(Transport::Tcp) }).join(" ")
    };
    assert!(step(Intent::Counts).contains("only count, unless `--mode drop`"));
    assert!(step(Intent::Drops).contains("Both drop, by /etc/port12/port12.toml"));
    assert!(step(Intent::NotWatched).starts_with("`extra = ["));
    assert!(step(Intent::Ignored).starts_with("`[[port]]` with"));
    assert!(!step(Intent::Unknown).contains("count"));
}

#[test]
fn packets_of_banned_sources_are_not_passed_over_in_silence() {
    let came = Came { banned: true, ..Came::default() };
    let situation = Situation { came, watching: Watching::Monitors, ..QUIET };
    let findings = decide(&situation);
    assert!(findings.iter().any(|(it, _)| *it == Finding::OnlyBanned), "{findings:?}");
    assert!(findings.iter().all(|(it, _)| *it != Finding::Quiet), "{findings:?}");
}
