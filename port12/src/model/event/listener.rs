//! A listener on a watched port.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use port12_common::Transport;

use super::{
    Description, Fields, Kind, LISTENER, LISTENER_LEFT, Owner, Process, REACHED, Severity, Subject,
    Tuple,
    description::Urgency,
    process::{self, PROCESSES, named, several},
};
use crate::text::words::counted;

/// A listener, or an unconnected socket, on a watched port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// Its port.
    pub port: u16,
    /// Its address; unspecified where it takes any.
    pub address: IpAddr,
    /// Whether it is an IPv6 socket on any address that takes IPv4 too.
    pub dual_stack: bool,
    /// The interface that it is bound to.
    pub device: Option<String>,
    /// The user who made it.
    pub uid: u32,
    /// The inode of its first socket; 0 where it had gone before it was seen.
    pub inode: u32,
    /// Evidence for the owner.
    pub owner: Owner,
    /// The processes that had it when it was first seen; where that was not seen, who bound it, if that was heard of.
    pub processes: Vec<Process>,
    /// Further processes.
    pub more_processes: usize,
}

impl Listener {
    /// Whether it may be the kernel's own. A socket that is on its way from one process to another has none
    /// either, and whoever sends it to himself can see to that when it is looked at: it has his user id.
    pub fn may_be_kernels(&self) -> bool {
        self.owner == Owner::None && self.uid == 0
    }
}

/// The change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// A listener is there.
    Appeared {
        /// Whether it was there at the first look, or when the port began to be watched.
        at_start: bool,
    },
    /// A listener was there, and had gone when it was looked for. It is known by what its bind told.
    Passed,
    /// The last of its sockets has gone.
    Left,
    /// Conversation starts have reached a socket. From whom the kernel program does not record.
    Reached {
        /// Where they came in.
        interface: Arc<str>,
        /// How many did since that was told last.
        packets: u64,
        /// Other listeners on the port.
        others: usize,
    },
}

/// One thing to tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// When it was seen.
    pub time: SystemTime,
    /// The change.
    pub what: What,
    /// The transport.
    pub transport: Transport,
    /// The port.
    pub port: u16,
    /// The listener, where it was seen: a knock may reach one that is gone before anybody looks.
    pub listener: Option<Arc<Listener>>,
}

impl Kind for Notice {
    fn describe(&self) -> Description {
        let (signature, interface) = match &self.what {
            What::Appeared { .. } | What::Passed => (&LISTENER, None),
            What::Left => (&LISTENER_LEFT, None),
            What::Reached { interface, .. } => (&REACHED, Some(interface.to_string())),
        };
        let listener = self.listener.as_deref();
        let mut description = Description::new(signature, self.time).with_severity(self.severity());
        if listener.is_some_and(Listener::may_be_kernels) {
            description.urgency = Urgency::Notice;
        }
        // It is about no packet, and has no source, which somebody may ban.
        description.tuple = Tuple {
            interface: interface.clone().or_else(|| listener.and_then(|it| it.device.clone())),
            transport: Some(self.transport),
            destination: listener.map(|it| it.address),
            port: Some(self.port),
            ..Tuple::default()
        };
        self.add_fields(interface, &mut description.fields);
        description
    }

    /// `tcp/12 of 0.0.0.0 has a listener: process 4711 (nc), user id 0, runs /usr/bin/nc`.
    fn line(&self) -> String {
        let place = match &self.listener {
            Some(listener) => place(listener),
            None => format!("{}/{}", self.transport, self.port),
        };
        let listener = self.listener.as_deref();
        let owner = listener.map_or_else(|| "it had gone before it was seen".to_owned(), owner);
        match &self.what {
            What::Appeared { at_start: false } => format!("{place} has a listener: {owner}"),
            What::Appeared { at_start: true } => {
                format!("{place} has a listener, which was there before it was watched: {owner}")
            }
            What::Passed => {
                format!("{place} had a listener, which had gone when it was looked for: {owner}")
            }
            What::Left => format!("{place} has lost its listener: {owner}"),
            What::Reached { interface, packets, others } => {
                let others = match others {
                    0 => String::new(),
                    others => {
                        format!("; {} has the port too", counted(*others as u64, "other", "others"))
                    }
                };
                format!(
                    "{} {}/{}: {} reached a listener, from whom is not known: {owner}{others}",
                    named(interface),
                    self.transport,
                    self.port,
                    counted(*packets, "conversation start", "conversation starts"),
                )
            }
        }
    }

    fn subject(&self) -> Subject<'_> {
        let alert = self.listener.as_deref().map(|listener| {
            let Listener { transport, port, address, uid, inode, .. } = listener;
            format!("listener {transport}/{port} {address} {uid} {inode}")
        });
        let interface = match &self.what {
            What::Reached { interface, .. } => Some(&**interface),
            What::Appeared { .. } | What::Passed | What::Left => None,
        };
        Subject { interface, alert, ..Subject::default() }
    }
}

impl Notice {
    /// Facts that are reported of a listener.
    pub fn of(listener: &Arc<Listener>, what: What, time: SystemTime) -> Self {
        let (transport, port) = (listener.transport, listener.port);
        Self { time, what, transport, port, listener: Some(Arc::clone(listener)) }
    }
}

impl Notice {
    /// Severity, which the owner of the listener decides with.
    pub fn severity(&self) -> Severity {
        match (&self.what, &self.listener) {
            (What::Left, _) => Severity::Low,
            (_, Some(listener)) if listener.may_be_kernels() => Severity::Medium,
            (What::Reached { .. }, Some(_)) => Severity::Critical,
            (What::Appeared { .. } | What::Passed, _) | (What::Reached { .. }, None) => {
                Severity::High
            }
        }
    }

    fn add_fields(&self, interface: Option<String>, fields: &mut Fields) {
        let listener = self.listener.as_deref();
        let (packets, others) = match self.what {
            What::Reached { packets, others, .. } => (Some(packets), Some(others)),
            What::Appeared { .. } | What::Passed | What::Left => (None, None),
        };
        let processes = listener.map_or(&[][..], |it| &it.processes);
        let shown = &processes[..processes.len().min(PROCESSES)];
        let more = processes.len() - shown.len() + listener.map_or(0, |it| it.more_processes);
        let device = listener.and_then(|it| it.device.clone());
        let address = listener.map(|it| it.address);
        let owner = listener.map_or(Owner::Unseen, |it| it.owner).as_str();
        let uid = listener.map(|it| it.uid);
        let inode = listener.map(|it| it.inode).filter(|&inode| inode != 0);
        fields.add("interface", interface).journal().message("IN");
        fields.add("packets", packets).context().journal().message("PACKETS");
        fields.add("others", others).context();
        fields.add("address", address).journal().message("DST");
        fields.add("proto", self.transport.info().proto).message("PROTO");
        fields.add("transport", self.transport.as_str()).journal();
        fields.add("port", self.port).journal().message("DPT");
        fields.add("device", device).context().journal();
        fields.add("dual_stack", listener.map(|it| it.dual_stack)).context();
        fields.add("inode", inode).context();
        fields.add("owner", owner).context();
        fields.add("owner", listener.map(|_| owner)).journal();
        fields.add("processes", process::values(shown)).context();
        fields.add("more_processes", more).context();
        process::add_fields(processes, fields);
        fields.add("uid", uid).context().journal().message("UID");
        fields
            .add("listener", self.what.as_str())
            .context()
            .metadata()
            .journal()
            .message("LISTENER");
    }
}

impl What {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Appeared { at_start: false } => "appeared",
            Self::Appeared { at_start: true } => "was_there",
            Self::Passed => "passed",
            Self::Left => "left",
            Self::Reached { .. } => "reached",
        }
    }
}

/// `tcp/12 of 0.0.0.0`; `*` is any address of either family.
fn place(listener: &Listener) -> String {
    let device =
        listener.device.as_ref().map(|name| format!("%{}", named(name))).unwrap_or_default();
    let address = match listener.dual_stack {
        true => "*".to_owned(),
        false => listener.address.to_string(),
    };
    format!("{}/{} of {address}{device}", listener.transport, listener.port)
}

fn owner(listener: &Listener) -> String {
    match listener.owner {
        Owner::Process => several(&listener.processes, listener.more_processes),
        Owner::None if listener.may_be_kernels() => {
            "no process: the kernel's own, or out of sight (user id 0)".to_owned()
        }
        Owner::None => format!("no process: out of sight (user id {})", listener.uid),
        Owner::Unseen if !listener.processes.is_empty() => {
            format!("bound by {}", several(&listener.processes, 0))
        }
        Owner::Unseen | Owner::Unaccepted => {
            let inode = match listener.inode {
                0 => String::new(),
                inode => format!(", inode {inode}"),
            };
            format!("which process it is was not seen (user id {}{inode})", listener.uid)
        }
    }
}
