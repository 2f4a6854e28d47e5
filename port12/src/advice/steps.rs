//! Next steps: sentences with commands.

use port12_common::Transport;

use super::{Finding, Intent, Names, Suspension};

impl Finding {
    /// Next steps; empty if there are none.
    pub fn steps(self, names: &Names<'_>) -> Vec<String> {
        let (port, policy) = (names.place(), names.policy);
        match self {
            Self::DeletedProgram => {
                [keep_a_copy(names), vec![format!("Then {}.", stop(names))]].concat()
            }
            Self::ReplacedProgram => {
                let upgrade = format!("After an upgrade, {}.", restart(names));
                [vec![upgrade], keep_a_copy(names)].concat()
            }
            Self::ReachedListener => vec![
                format!("If it is not to be there, {}.", stop(names)),
                keep_strangers_off(names),
                expect(names),
            ],
            Self::UnexpectedListener => {
                vec![format!("If it is not to be there, {}.", stop(names)), expect(names)]
            }
            Self::KernelListener => vec![
                "`rpcinfo -p`, `ip -d link` and `wg show` name the kernel's own; `bpftool map` \
                 lists maps that keep sockets."
                    .to_owned(),
            ],
            Self::SocketGone => vec![format!(
                "`port12 events --port {}` and the journal have what `port12 run` told of it.",
                names.port
            )],
            Self::UnseenOwner => vec![match names.needs {
                [] => "Run this command on the host itself, as root.".to_owned(),
                needs => {
                    format!("Run this command as root, or with {}.", needs.join(" and "))
                }
            }],
            Self::ListenersUnseen => vec![format!(
                "Where its sockets cannot be listed, load the kernel's module that does: \
                 `modprobe {}`.",
                names.transport.info().diag_module
            )],
            Self::ExpectedMissing => {
                vec![format!("Start the service, or take `expected` for {port} out of {policy}.")]
            }
            Self::EnforcedListener => vec![format!(
                "If the listener is to be reached, take `enforce` for {port} out of {policy}; if \
                 not, stop it."
            )],
            Self::WatchUnseen => vec![
                "Run this command as root, on the host itself; `--pin-dir` names another \
                 directory."
                    .to_owned(),
            ],
            Self::NothingWatches => nothing_watches(names),
            Self::NotCounted => vec![add(names)],
            Self::Ignored => vec![no_longer_ignore(names)],
            Self::DropSuspended(why) => vec![resume(why, names)],
            Self::KnockedPassed => [vec![drop_them(names)], ban(names)].concat(),
            Self::ExpectedListener
            | Self::OrdinaryListener
            | Self::ConnectionOnly
            | Self::NobodyListens
            | Self::KnockedDropped
            | Self::KnockedEarlier
            | Self::OnlyReached
            | Self::OnlyBanned
            | Self::Quiet
            | Self::KnownUse => Vec::new(),
        }
    }
}

/// Treatment of the port by `port12 run`.
fn nothing_watches(names: &Names<'_>) -> Vec<String> {
    let run = "`port12 run` watches, as root; `port12 attach` does without a daemon.";
    let run = match names.planned {
        Intent::Unknown => run.to_owned(),
        Intent::NotWatched => return vec![format!("{} Then {run}", add(names))],
        Intent::Ignored => return vec![format!("{} Then {run}", no_longer_ignore(names))],
        Intent::Counts => format!("{run} Both only count, unless `--mode drop` is given."),
        Intent::Drops => format!(
            "{run} Both drop, by {}, unless `--mode monitor` is given: then they only count.",
            names.policy
        ),
    };
    vec![run]
}

fn add(names: &Names<'_>) -> String {
    format!("`extra = [\"{}\"]` in {} watches it.", names.port, names.policy)
}

fn no_longer_ignore(names: &Names<'_>) -> String {
    format!(
        "`[[port]]` with `ports = \"{}\"` and `action = \"watch\"`, behind the rule that ignores it in {}, \
         counts it.",
        names.port, names.policy
    )
}

fn keep_a_copy(names: &Names<'_>) -> Vec<String> {
    let Some(process) = names.process else {
        return Vec::new();
    };
    vec![
        format!(
            "Keep what it runs, for it is lost when it ends: `cp /proc/{process}/exe \
             port12-{process}.exe`."
        ),
        format!("See what it has open: `ls -l /proc/{process}/fd /proc/{process}/cwd`."),
    ]
}

fn stop(names: &Names<'_>) -> String {
    match (names.unit(), names.process) {
        (Some(unit), _) => format!("stop it: `systemctl stop {unit}`"),
        (None, Some(process)) => format!("stop it: `kill {process}`"),
        (None, None) => {
            format!("stop it: `port12 who {}`, as root, tells what it is", names.place())
        }
    }
}

fn restart(names: &Names<'_>) -> String {
    match names.unit() {
        Some(unit) => format!("`systemctl restart {unit}`"),
        None => "restart the service".to_owned(),
    }
}

fn keep_strangers_off(names: &Names<'_>) -> String {
    format!(
        "Keep strangers off it meanwhile: `[[port]]` with `ports = \"{}\"`, `action = \"drop\"` and \
         `enforce = true` in {}, in drop mode.",
        names.place(),
        names.policy
    )
}

fn expect(names: &Names<'_>) -> String {
    format!(
        "If it is to be there: `[[port]]` with `ports = \"{}\"` and `expected = true` in {}.",
        names.place(),
        names.policy
    )
}

fn drop_them(names: &Names<'_>) -> String {
    let policy = names.policy;
    if !matches!(names.transport, Transport::Tcp | Transport::Udp) {
        return format!(
            "Drop mode leaves {} alone unless a rule names it: `[[port]]` with `ports = \"{}\"` and \
             `action = \"drop\"` in {policy}.",
            names.transport,
            names.place()
        );
    }
    match names.daemon {
        Some(daemon) => format!(
            "To drop them: `mode = \"drop\"` in {policy} and `kill -HUP {daemon}`; a flag `--mode` \
             of that process goes before the file."
        ),
        None => format!(
            "To drop them: `port12 attach -i {} --mode drop --confirm 60s`, and `port12 confirm` \
             when you are still in.",
            names.interface()
        ),
    }
}

/// In monitor mode, a ban drops all the same.
fn ban(names: &Names<'_>) -> Vec<String> {
    let takes = matches!(names.transport, Transport::Tcp | Transport::Udp);
    let source = names.source.filter(|_| takes);
    let ban = |source| {
        format!("Or that source alone: `port12 ban {source} --for 1h`. Addresses can be forged.")
    };
    source.map(ban).into_iter().collect()
}

fn resume(why: Suspension, names: &Names<'_>) -> String {
    match (why, names.daemon) {
        (Suspension::Bypassed, _) => "`port12 bypass --off` lets it go on.".to_owned(),
        (Suspension::Reverted, Some(daemon)) => format!(
            "`kill -HUP {daemon}` begins another trial; `port12 confirm` within its time keeps it."
        ),
        (Suspension::Reverted, None) => {
            format!("`port12 attach -i {} --mode drop` puts it in force.", names.interface())
        }
        (Suspension::Forwarding, _) => format!(
            "End the forwarding and restart port12, or have `forwarding = \"drop\"` in {}: it drops \
             all the same what is for this host's own addresses and has no socket.",
            names.policy
        ),
        (Suspension::Left, _) => {
            "`port12 detach` clears away what stays of an interface that has gone.".to_owned()
        }
    }
}
