//! Presence of port12's program on its interface: another process may have detached it.

use crate::{host::interfaces::Link, kernel::foreign};

/// Presence of a program on an interface that is still there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Presence {
    /// The program is attached.
    #[default]
    Attached,
    /// The program was detached.
    Detached {
        /// The id of the program that is attached in its place.
        other: Option<u32>,
    },
}

impl Presence {
    /// Presence of the program with an id.
    pub(super) fn of(program: u32, link: &Link) -> Self {
        match link.xdp.iter().any(|it| it.program == program) {
            true => Self::Attached,
            false => Self::Detached { other: link.xdp.first().map(|it| it.program) },
        }
    }

    /// The program that is attached in place of port12's, for people. Looks into all processes.
    pub fn instead(self) -> Option<String> {
        match self {
            Self::Attached => None,
            Self::Detached { other: None } => Some("no XDP program is attached".to_owned()),
            Self::Detached { other: Some(id) } => {
                Some(format!("attached instead: {}", foreign::describe(id)))
            }
        }
    }
}
