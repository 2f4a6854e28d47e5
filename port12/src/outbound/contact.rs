//! A contact, as the kernel program tells it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use port12_common::abi::{OutboundRecord, PROCESS_NAME};
use zerocopy::FromBytes as _;

use crate::{host::time::since_boot, model::event::Contact, who::PacketOrigin};

impl Contact {
    /// Facts by which its sender is found.
    pub fn origin(&self) -> PacketOrigin {
        PacketOrigin {
            transport: self.transport,
            source_port: self.source_port,
            uid: self.uid,
            cookie: self.cookie,
            running: self.running.clone(),
        }
    }
}

/// How records are read.
pub struct Reading {
    /// When the machine booted, by the time of day and as if it had not been set since.
    boot: SystemTime,
}

impl Reading {
    /// From now on: the time of day is the present one's.
    pub fn new() -> Self {
        let now = SystemTime::now();
        Self { boot: now.checked_sub(since_boot()).unwrap_or(SystemTime::UNIX_EPOCH) }
    }

    /// The time of day of a time in nanoseconds since boot.
    pub fn wall(&self, boot_ns: u64) -> SystemTime {
        self.boot + Duration::from_nanos(boot_ns)
    }

    /// The contact of a record; `None` for one of another version. `interface` names an interface.
    pub fn contact(
        &self,
        bytes: &[u8],
        interface: impl FnOnce(u32) -> Arc<str>,
    ) -> Option<Contact> {
        let record = OutboundRecord::read_from_bytes(bytes).ok()?;
        let process = i32::try_from(record.contact.process).ok().filter(|&process| process > 0);
        Some(Contact {
            time: self.wall(record.boot_ns),
            interface: interface(record.contact.interface),
            transport: record.transport()?,
            shape: record.shape()?,
            source: record.source.address(),
            source_port: record.source_port,
            destination: record.contact.destination.address(),
            port: record.contact.port,
            uid: record.contact.uid,
            cookie: record.cookie,
            running: process
                .map(|process| (process, Some(text(&record.name)).filter(|name| !name.is_empty()))),
        })
    }
}

impl Default for Reading {
    fn default() -> Self {
        Self::new()
    }
}

/// Name that a process gives itself.
fn text(name: &[u8; PROCESS_NAME]) -> String {
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..end]).into_owned()
}
