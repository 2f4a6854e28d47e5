//! Drop mode that does not drop everything that it says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Transports whose probes drop mode passes on an interface.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NotDropped {
    /// `udp`; and `tcp` while no daemon publishes the ports with sockets.
    pub transports: Vec<String>,
    /// Why a socket look-up that finds nothing proves nothing.
    pub why: String,
}

impl NotDropped {
    /// Those of a program for which look-ups prove nothing.
    pub fn new(why: String, has_daemon: bool) -> Self {
        let transports = if has_daemon { &["udp"][..] } else { &["tcp", "udp"] };
        Self { transports: transports.iter().map(|&it| it.to_owned()).collect(), why }
    }
}

impl fmt::Display for NotDropped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transports = self.transports.join(" and ").to_uppercase();
        write!(
            out,
            "{transports} probes pass in drop mode, unless the policy says `enforce`: {}, so that \
             a socket look-up which finds nothing proves nothing",
            self.why
        )
    }
}
