//! The table: what a situation comes to.

use super::{Finding, Listening, Severity, Situation, Watching};

/// Findings of a situation, the most severe first; at least one.
pub fn decide(situation: &Situation) -> Vec<(Finding, Severity)> {
    let mut findings = vec![listening(situation)];
    if situation.listening == Listening::OwnerUnseen {
        findings.push((Finding::UnseenOwner, Severity::Low));
    }
    // port12 looks at no port above 1023.
    if situation.state.is_some() {
        findings.push(watching(situation));
        findings.extend(knocks(situation));
        if situation.watching == Watching::Enforces && situation.listening.takes() {
            findings.push((Finding::EnforcedListener, Severity::Medium));
        }
    }
    let Situation { has_known_use, came, listening, .. } = situation;
    if *has_known_use && (came.knocked() || came.reached || listening.takes()) {
        findings.push((Finding::KnownUse, Severity::Low));
    }
    findings.sort_by_key(|&(_, severity)| std::cmp::Reverse(severity));
    findings
}

fn listening(situation: &Situation) -> (Finding, Severity) {
    use Severity::{High, Low, Medium};
    let is_unexpected = situation.is_unexpected();
    let reached = situation.came.reached;
    match situation.listening {
        Listening::Deleted if is_unexpected => (Finding::DeletedProgram, High),
        Listening::Deleted => (Finding::DeletedProgram, Medium),
        Listening::Replaced if is_unexpected && reached => (Finding::ReplacedProgram, High),
        Listening::Replaced if is_unexpected => (Finding::ReplacedProgram, Medium),
        Listening::Replaced => (Finding::ReplacedProgram, Low),
        Listening::Process | Listening::OwnerUnseen => match (is_unexpected, reached) {
            (true, true) => (Finding::ReachedListener, High),
            (true, false) => (Finding::UnexpectedListener, Medium),
            (false, _) if situation.is_expected => (Finding::ExpectedListener, Low),
            (false, _) => (Finding::OrdinaryListener, Low),
        },
        Listening::Kernel => (Finding::KernelListener, Low),
        Listening::Connected => (Finding::ConnectionOnly, Low),
        // Clients of known uses come and go.
        Listening::Nobody if reached && is_unexpected && !situation.has_known_use => {
            (Finding::SocketGone, Medium)
        }
        Listening::Nobody if reached => (Finding::SocketGone, Low),
        Listening::Nobody if situation.is_expected => (Finding::ExpectedMissing, Low),
        Listening::Nobody => (Finding::NobodyListens, Low),
        Listening::Unseen => (Finding::ListenersUnseen, Low),
    }
}

fn watching(situation: &Situation) -> (Finding, Severity) {
    use Severity::{Low, Medium};
    let knocked = situation.came.knocked();
    match situation.watching {
        Watching::Unseen => (Finding::WatchUnseen, Low),
        Watching::Nothing => (Finding::NothingWatches, Low),
        Watching::NotWatched => (Finding::NotCounted, Low),
        Watching::Ignored => (Finding::Ignored, Low),
        Watching::Suspended(why) => (Finding::DropSuspended(why), Medium),
        Watching::Monitors if knocked => (Finding::KnockedPassed, Low),
        Watching::Drops | Watching::Enforces if knocked => (Finding::KnockedDropped, Low),
        Watching::Monitors | Watching::Drops | Watching::Enforces if situation.came.reached => {
            (Finding::OnlyReached, Low)
        }
        Watching::Monitors | Watching::Drops | Watching::Enforces if situation.came.banned => {
            (Finding::OnlyBanned, Low)
        }
        Watching::Monitors | Watching::Drops | Watching::Enforces => (Finding::Quiet, Low),
    }
}

/// Findings about counted packets.
fn knocks(situation: &Situation) -> Option<(Finding, Severity)> {
    let knocked = situation.came.knocked();
    match situation.watching {
        Watching::Suspended(_) if knocked => Some((Finding::KnockedPassed, Severity::Low)),
        Watching::Unseen | Watching::Nothing | Watching::NotWatched | Watching::Ignored
            if knocked || situation.came.reached =>
        {
            Some((Finding::KnockedEarlier, Severity::Low))
        }
        Watching::Unseen
        | Watching::Nothing
        | Watching::NotWatched
        | Watching::Ignored
        | Watching::Suspended(_)
        | Watching::Monitors
        | Watching::Drops
        | Watching::Enforces => None,
    }
}
