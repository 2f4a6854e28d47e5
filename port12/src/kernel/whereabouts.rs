//! The interface that a pinned program is attached to. Another process may have detached it, and an
//! interface may have been renamed, have swapped names, have moved or vanished.

use std::{fs, os::unix::fs::MetadataExt as _};

use super::pinned::Pinned;
use crate::host::{
    HostError,
    interfaces::{self, Link, XdpMode},
};

/// The interface that a pinned program is attached to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Whereabouts {
    /// An interface of this network namespace, by whatever name.
    Here(Box<Link>, XdpMode),
    /// An interface of another network namespace: it was attached there, or its interface moved.
    Elsewhere,
    /// None; the interface is there.
    Detached {
        /// The id of the program that is attached in its place.
        other: Option<u32>,
    },
    /// None; the interface is not there.
    Vanished,
}

impl Whereabouts {
    fn of(pinned: &Pinned) -> Result<Self, HostError> {
        let links = interfaces::all()?;
        let id = pinned.program_id();
        for link in &links {
            if let Some(attached) = link.xdp.iter().find(|it| it.program == id) {
                return Ok(Self::Here(Box::new(link.clone()), attached.mode));
            }
        }
        let is_elsewhere = match pinned.link_id() {
            Some(link) => is_attached(link),
            None => own_namespace() != Some(pinned.state().header().namespace),
        };
        let name = pinned.interface();
        Ok(match links.iter().find(|link| link.name == name) {
            _ if is_elsewhere => Self::Elsewhere,
            Some(link) => Self::Detached { other: link.xdp.first().map(|it| it.program) },
            None => Self::Vanished,
        })
    }
}

impl Pinned {
    /// The interface that the program is attached to.
    ///
    /// # Errors
    ///
    /// Where the host cannot be asked.
    pub fn whereabouts(&self) -> Result<Whereabouts, HostError> {
        Whereabouts::of(self)
    }

    /// The interface that the program is on, and where it runs; `None` where it is on none of this
    /// network namespace.
    ///
    /// # Errors
    ///
    /// Where the host cannot be asked.
    pub fn attachment(&self) -> Result<Option<(Link, XdpMode)>, HostError> {
        Ok(match self.whereabouts()? {
            Whereabouts::Here(link, mode) => Some((*link, mode)),
            Whereabouts::Elsewhere | Whereabouts::Detached { .. } | Whereabouts::Vanished => None,
        })
    }
}

/// Whether an XDP link that this process has open is on an interface: the kernel shows the index of
/// the interface, or 0, with the descriptor (`bpf_xdp_link_show_fdinfo`, kernel 5.9).
fn is_attached(link: u32) -> bool {
    let field = |text: &str, key: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(key))?;
        value.trim().parse::<u32>().ok()
    };
    let texts = fs::read_dir("/proc/thread-self/fdinfo").into_iter().flatten().flatten();
    let texts = texts.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    { texts }
        .find(|text| field(text, "link_id:") == Some(link))
        .and_then(|text| field(&text, "ifindex:"))
        .is_some_and(|index| index != 0)
}

fn own_namespace() -> Option<u64> {
    Some(fs::metadata("/proc/thread-self/ns/net").ok()?.ino())
}
