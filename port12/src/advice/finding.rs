//! Findings, and their meaning.

use super::Suspension;

/// One thing to say of a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Finding {
    /// A process listens whose program has been deleted.
    DeletedProgram,
    /// A process listens whose program another file has taken the place of.
    ReplacedProgram,
    /// Conversation starts reached a listener that nothing accounts for.
    ReachedListener,
    /// There is a listener that nothing accounts for.
    UnexpectedListener,
    /// There is one, and the policy expects it.
    ExpectedListener,
    /// There is one on a port that is not watched.
    OrdinaryListener,
    /// No process has the socket.
    KernelListener,
    /// There is no listener, but a connection or a socket that is merely bound.
    ConnectionOnly,
    /// A socket took conversation starts, and is gone.
    SocketGone,
    /// The policy expects a listener, and there is none.
    ExpectedMissing,
    /// Nobody listens.
    NobodyListens,
    /// Whether somebody listens cannot be seen.
    ListenersUnseen,
    /// The owner of the socket cannot be seen.
    UnseenOwner,
    /// The policy drops what comes for a listener.
    EnforcedListener,
    /// Whether anything watches cannot be seen.
    WatchUnseen,
    /// Nothing watches.
    NothingWatches,
    /// The port is not among those that are watched.
    NotCounted,
    /// The policy ignores the port.
    Ignored,
    /// A rule that drops is not in force.
    DropSuspended(Suspension),
    /// Probes pass.
    KnockedPassed,
    /// Probes are dropped.
    KnockedDropped,
    /// The counters are of another time.
    KnockedEarlier,
    /// Nothing came but what a socket took.
    OnlyReached,
    /// No probe was counted, and packets of banned sources were dropped.
    OnlyBanned,
    /// Nothing came.
    Quiet,
    /// Somebody is known to use the port.
    KnownUse,
}

impl Finding {
    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeletedProgram => "deleted_program",
            Self::ReplacedProgram => "replaced_program",
            Self::ReachedListener => "reached_listener",
            Self::UnexpectedListener => "unexpected_listener",
            Self::ExpectedListener => "expected_listener",
            Self::OrdinaryListener => "ordinary_listener",
            Self::KernelListener => "kernel_listener",
            Self::ConnectionOnly => "connection_only",
            Self::SocketGone => "socket_gone",
            Self::ExpectedMissing => "expected_missing",
            Self::NobodyListens => "nobody_listens",
            Self::ListenersUnseen => "listeners_unseen",
            Self::UnseenOwner => "unseen_owner",
            Self::EnforcedListener => "enforced_listener",
            Self::WatchUnseen => "watch_unseen",
            Self::NothingWatches => "nothing_watches",
            Self::NotCounted => "not_counted",
            Self::Ignored => "ignored",
            Self::DropSuspended(Suspension::Reverted) => "drop_reverted",
            Self::DropSuspended(Suspension::Bypassed) => "drop_bypassed",
            Self::DropSuspended(Suspension::Forwarding) => "drop_given_up",
            Self::DropSuspended(Suspension::Left) => "interface_left",
            Self::KnockedPassed => "knocked_passed",
            Self::KnockedDropped => "knocked_dropped",
            Self::KnockedEarlier => "knocked_earlier",
            Self::OnlyReached => "only_reached",
            Self::OnlyBanned => "only_banned",
            Self::Quiet => "quiet",
            Self::KnownUse => "known_use",
        }
    }

    /// Meaning.
    pub const fn means(self) -> &'static str {
        match self {
            Self::DeletedProgram => {
                "A process has the port whose program has been deleted. Malware does that to hide; \
                 so does a package that is removed while its service runs."
            }
            Self::ReplacedProgram => {
                "A process has the port that runs another program than the file in its place. An \
                 upgrade leaves that behind until the service is restarted; an intruder may, too."
            }
            Self::ReachedListener => {
                "Somebody has started conversations with a socket on this port, and nothing \
                 accounts for a listener here: neither the registry nor the policy. From outside \
                 that is what a back door looks like."
            }
            Self::UnexpectedListener => {
                "There is a listener here that neither the registry nor the policy accounts for. \
                 That nobody is seen to have reached it does not make it harmless."
            }
            Self::ExpectedListener => "The listener is what the policy expects.",
            Self::OrdinaryListener => {
                "There is a listener, and that is nothing unusual on this port. That it is the \
                 service which the registry names does not follow."
            }
            Self::KernelListener => {
                "No process has the socket: as a rule it is the kernel's own (NFS, lockd, VXLAN, \
                 WireGuard). One that is kept in a BPF map, a message or an io_uring looks the \
                 same."
            }
            Self::ConnectionOnly => {
                "Nobody listens, but a socket has this local port: a connection of a client that \
                 binds source ports below 1024 (NFS, rsh, RPC), or one that a listener accepted \
                 which has gone; or it is merely bound."
            }
            Self::SocketGone => {
                "Conversation starts were left to a socket that had this port, and it is gone: a \
                 listener that has ended, or a client that used the port for its questions."
            }
            Self::ExpectedMissing => "The policy expects a listener, and there is none.",
            Self::NobodyListens => "Nobody listens: no socket takes what knocks.",
            Self::ListenersUnseen => "Whether anybody listens cannot be seen.",
            Self::UnseenOwner => {
                "Which process has the socket cannot be seen with the privileges of this command."
            }
            Self::EnforcedListener => {
                "The policy enforces the drop on this port: nobody who is not on the allowlist \
                 begins a conversation with the listener, from the interfaces that are watched."
            }
            Self::WatchUnseen => {
                "Whether port12 watches, and what came, cannot be seen by this command."
            }
            Self::NothingWatches => "port12 watches nothing here: what comes is not counted.",
            Self::NotCounted => {
                "The port is not among those that are watched: what comes for it passes and is \
                 counted for no port."
            }
            Self::Ignored => "The policy ignores the port: what comes for it is not counted.",
            Self::DropSuspended(Suspension::Reverted) => {
                "The rule drops, and is not in force: drop mode has reverted to monitor, for nobody \
                 confirmed it in time."
            }
            Self::DropSuspended(Suspension::Bypassed) => {
                "The rule drops, and is not in force: `port12 bypass` stops all dropping."
            }
            Self::DropSuspended(Suspension::Forwarding) => {
                "The rule drops, and is not in force: this host forwards, or may, so that a missing \
                 socket proves nothing."
            }
            Self::DropSuspended(Suspension::Left) => {
                "The rule drops, and is not in force: the interface has left this network namespace."
            }
            Self::KnockedPassed => {
                "Somebody has knocked while no socket had the port, and was passed on: the host or \
                 its firewall answers as for any closed port. It is a scan, or somebody's mistake."
            }
            Self::KnockedDropped => {
                "Somebody has knocked. What knocks while no socket has the port is dropped, before \
                 the host sees it."
            }
            Self::KnockedEarlier => {
                "The counts are of before: nothing that comes is added to them as things stand."
            }
            Self::OnlyReached => "Nobody has knocked while no socket had the port.",
            Self::OnlyBanned => {
                "No probe was counted, but packets of banned sources were dropped. They may have been for this port: they \
                 are counted for no port."
            }
            Self::Quiet => "Nobody has knocked since the counters began.",
            Self::KnownUse => {
                "Somebody is known to use this port without an assignment, as told above: this may \
                 be that, on purpose or by mistake."
            }
        }
    }
}
