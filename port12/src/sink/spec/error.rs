//! Why a text is no sink.

use super::{Form, MAX_SOCKET_PATH};
use crate::text::Printable;

/// Fault of the text of a sink.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// No such form.
    #[error(
        "`{}` is no kind of sink; a sink is written KIND[/LEVEL]:TARGET, KIND being human, eve, \
         portsentry, pcapng, syslog or journald",
        Printable(.0)
    )]
    Form(String),
    /// No such level.
    #[error("`{}` is no level of a sink: events or alerts", Printable(.0))]
    Level(String),
    /// It does not say where.
    #[error(
        "{0} wants a target: {0}:PATH, {0}:unix:PATH for a socket, or {0}:- for standard output"
    )]
    NoTarget(Form),
    /// Syslog and the journal are sockets.
    #[error("{0} writes to a socket: `{0}`, or `{0}:PATH` where it is elsewhere")]
    NotASocket(Form),
    /// A form without alerts.
    #[error("{form} has no alerts: {why}; leave `/alerts` out")]
    NoAlerts {
        /// The form.
        form: Form,
        /// Why it has none.
        why: &'static str,
    },
    /// Another kind of target.
    #[error(
        "`{}` is no target of a sink: a path, `unix:` and the path of a socket, or `-`; a file with \
         such a name is written with its directory",
        Printable(.0)
    )]
    Scheme(String),
    /// No socket can have this path.
    #[error("the path of a socket has {MAX_SOCKET_PATH} bytes at most, not {0}")]
    LongSocket(usize),
    /// No path has a zero byte.
    #[error("a path has no zero byte")]
    Zero,
}
