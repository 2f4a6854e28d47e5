//! An outbound flow start.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use port12_common::{Shape, Transport};

use super::{
    Behind, Description, Fields, Kind, STARTED, Sender, Subject, Tuple,
    process::{self, PROCESSES, named, several},
};

/// The start of a conversation with a watched port: the first for a while of its process, or user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    /// When it left.
    pub time: SystemTime,
    /// The interface by which it left.
    pub interface: Arc<str>,
    /// The transport.
    pub transport: Transport,
    /// How it starts.
    pub shape: Shape,
    /// The address that it says it comes from.
    pub source: IpAddr,
    /// The source port.
    pub source_port: u16,
    /// Where it goes.
    pub destination: IpAddr,
    /// The destination port.
    pub port: u16,
    /// The user who made the socket.
    pub uid: u32,
    /// Identity of the socket.
    pub cookie: u64,
    /// The process that was running, where the kernel tells (6.10), and what it called itself, where it tells that
    /// (6.16). The kernel sends for others too.
    pub running: Option<(i32, Option<String>)>,
}

/// A conversation that this host has started, to be told of once for each process, port and destination.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Started {
    /// The first packet of it.
    pub contact: Contact,
    /// Sender.
    pub sender: Sender,
}

impl Kind for Started {
    /// The source is not offered to readers: it would be the host's own address, which somebody may ban.
    fn describe(&self) -> Description {
        let contact = &self.contact;
        let mut description = Description::new(&STARTED, contact.time);
        description.tuple = Tuple {
            interface: Some(contact.interface.to_string()),
            transport: Some(contact.transport),
            source: Some(contact.source),
            source_port: Some(contact.source_port),
            destination: Some(contact.destination),
            port: Some(contact.port),
            ..Tuple::default()
        };
        self.add_fields(&mut description.fields);
        description
    }

    /// `eth0 tcp/12 of 198.51.100.7: this host has started a conversation: process 4711 (nc), user id 0, runs
    /// /usr/bin/nc`.
    fn line(&self) -> String {
        let contact = &self.contact;
        format!(
            "{} {}/{} of {}: this host has started a conversation: {}",
            named(&contact.interface),
            contact.transport,
            contact.port,
            contact.destination,
            sent_by(&self.sender, contact.uid),
        )
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            interface: Some(&self.contact.interface),
            destination: Some(self.contact.destination),
            ..Subject::default()
        }
    }
}

impl Started {
    fn add_fields(&self, fields: &mut Fields) {
        let Self { contact, sender } = self;
        let shown = &sender.processes[..sender.processes.len().min(PROCESSES)];
        let more = sender.processes.len() - shown.len() + sender.more_processes;
        let owner = sender.behind.as_str();
        fields.add("interface", contact.interface.to_string()).journal().message("OUT");
        fields.add("source", contact.source).context().journal().message("SRC");
        fields.add("destination", contact.destination).journal().message("DST");
        fields.add("proto", contact.transport.info().proto).message("PROTO");
        fields.add("transport", contact.transport.as_str()).journal();
        fields.add("source_port", contact.source_port).context().journal().message("SPT");
        fields.add("port", contact.port).journal().message("DPT");
        fields.add("outbound", contact.shape.as_str()).context();
        fields.add("shape", contact.shape.as_str()).journal();
        process::add_fields(&sender.processes, fields);
        fields.add("uid", contact.uid).context().journal().message("UID");
        fields.add("owner", owner).context().metadata().journal().message("OWNER");
        fields.add("processes", process::values(shown)).context();
        fields.add("more_processes", more).context();
    }
}

fn sent_by(sender: &Sender, uid: u32) -> String {
    let said = match sender.behind {
        Behind::Holders => "",
        Behind::Running => "it was running when the packet left: ",
        Behind::Ended => "it was running when the packet left, and has ended: ",
        Behind::Unseen => return format!("which process it was was not seen, user id {uid}"),
    };
    format!("{said}{}", several(&sender.processes, sender.more_processes))
}
