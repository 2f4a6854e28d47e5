//! File of the bans.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::abi::Ban;
use serde::{Deserialize, Serialize};

use super::{InterfaceBans, KeptBans};
use crate::{
    model::BanScope,
    state_dir::{StateDirectory, document::Document},
    trusted_path::PathError,
};

/// Bans of all interfaces.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    boot: Option<String>,
    hz: u64,
    jiffies: u64,
    interfaces: BTreeMap<String, Vec<Entry>>,
}

impl Document for File {
    const NAME: &'static str = "bans.json";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = "no ban is read back";
}

/// A ban, with times in jiffies.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    source: IpAddr,
    origin: Origin,
    scope: BanScope,
    since: u64,
    until: Option<u64>,
    times: u32,
    packets: u64,
}

/// Origin of a ban: no other is written.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Origin {
    Operator,
    Threshold,
}

impl KeptBans {
    /// Reads the file of a directory. A file that cannot be used is set aside, with a line about it, and no bans are
    /// returned.
    pub fn read_or_set_aside(directory: &StateDirectory) -> (Self, Option<String>) {
        let (file, line) = directory.document_or_set_aside::<File>();
        (file.map_or_else(Self::default, Self::from), line)
    }

    /// Writes the file of a directory.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn write(&self, directory: &StateDirectory) -> Result<(), PathError> {
        directory.write_document(&File::from(self))
    }
}

impl From<File> for KeptBans {
    fn from(file: File) -> Self {
        let File { version: _, boot, hz, jiffies, interfaces } = file;
        let bans = |entries: Vec<Entry>| entries.into_iter().map(ban).collect::<InterfaceBans>();
        let interfaces = interfaces.into_iter().map(|(name, it)| (name, bans(it))).collect();
        Self { boot, hz, jiffies, interfaces }
    }
}

impl From<&KeptBans> for File {
    fn from(kept: &KeptBans) -> Self {
        let entries = |bans: &InterfaceBans| bans.iter().map(entry).collect();
        let interfaces = kept.interfaces.iter().map(|(name, it)| (name.clone(), entries(it)));
        Self {
            version: Self::VERSION,
            boot: kept.boot.clone(),
            hz: kept.hz,
            jiffies: kept.jiffies,
            interfaces: interfaces.collect(),
        }
    }
}

fn ban(entry: Entry) -> (IpAddr, Ban) {
    let Entry { source, origin, scope, since, until, times, packets } = entry;
    let origin = match origin {
        Origin::Operator => Ban::OPERATOR,
        Origin::Threshold => Ban::THRESHOLD,
    };
    let until = until.unwrap_or(Ban::FOR_EVER);
    (source, Ban { until, packets, since, times, origin, scope: scope.code(), reserved: 0 })
}

fn entry((source, ban): (&IpAddr, &Ban)) -> Entry {
    Entry {
        source: *source,
        origin: if ban.origin == Ban::OPERATOR { Origin::Operator } else { Origin::Threshold },
        scope: BanScope::of(ban.scope),
        since: ban.since,
        until: (ban.until != Ban::FOR_EVER).then_some(ban.until),
        times: ban.times,
        packets: ban.packets,
    }
}
