//! `port12 allow`: sources that are never dropped, on what is attached.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use ipnet::IpNet;
use port12_common::abi::origin;
use serde::{Deserialize, Serialize};

use super::{
    output::{OutputFormat, write_list},
    pins::PinArgs,
};
use crate::{
    cli::failure::Failure,
    config::{
        DEFAULT_PATH,
        edit::{self, Edit},
        prefix::{prefix, shown},
    },
    kernel::{
        allowlist::Allowlist,
        pinned::{self, Pinned},
        slot::Slot,
    },
    text::Printable,
};

/// Show or change the allowlist in force, with a daemon or without.
#[derive(Clone, Debug, clap::Args)]
pub struct AllowArgs {
    /// Change
    #[command(subcommand)]
    pub act: Act,
}

/// Change of the allowlist.
#[derive(Clone, Debug, Subcommand)]
pub enum Act {
    /// Add sources whose packets are never dropped
    Add(Change),
    /// Remove sources
    Remove(Change),
    /// List the sources whose packets are never dropped
    List(List),
}

/// A change.
#[derive(Clone, Debug, clap::Args)]
pub struct Change {
    /// An address or a prefix: 192.0.2.7, 2001:db8::/32
    #[arg(required = true, value_name = "CIDR", value_parser = prefix)]
    pub prefixes: Vec<IpNet>,
    /// Write it to the policy file, too, so that it outlives a reload and a reboot
    #[arg(long)]
    pub write: bool,
    /// The policy file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH, env = "PORT12_CONFIG")]
    pub config: PathBuf,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// A listing.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Does it.
///
/// # Errors
///
/// [`Failure`]: nothing is attached, the lists are full, or the file cannot be written.
pub fn run(args: &AllowArgs, out: &mut impl Write) -> Result<(), Failure> {
    match &args.act {
        Act::Add(change) => add(change, out),
        Act::Remove(change) => remove(change, out),
        Act::List(list) => self::list(list, out),
    }
}

fn lists(pins: &PinArgs) -> Result<Vec<(String, Allowlist)>, Failure> {
    let open = |slot: Slot| -> Result<_, Failure> {
        Ok((slot.interface().to_owned(), pinned::writable_allowlist(&slot)?))
    };
    pins.some_slots()?.into_iter().map(open).collect()
}

fn add(change: &Change, out: &mut impl Write) -> Result<(), Failure> {
    let prefixes: BTreeSet<IpNet> = change.prefixes.iter().copied().collect();
    let lists = lists(&change.pins)?;
    write(change, Edit::Add, out)?;
    for (interface, mut list) in lists {
        let added = list.add(&prefixes)?;
        for prefix in &prefixes {
            let said = if added.contains(prefix) { "allowed" } else { "allowed already" };
            writeln!(out, "{interface}: {} {said}", shown(prefix))?;
        }
    }
    Ok(())
}

fn remove(change: &Change, out: &mut impl Write) -> Result<(), Failure> {
    let prefixes: BTreeSet<IpNet> = change.prefixes.iter().copied().collect();
    let lists = lists(&change.pins)?;
    write(change, Edit::Remove, out)?;
    for (interface, mut list) in lists {
        let removed: BTreeMap<IpNet, u8> = list.remove(&prefixes)?.into_iter().collect();
        for prefix in &prefixes {
            let said = match removed.get(prefix) {
                Some(from) if from & origin::POLICY != 0 && !change.write => {
                    "removed; the policy has it, so that the next reload brings it back: `--write` \
                     takes it out of the file"
                }
                Some(_) => "removed",
                None => "was not on the list by itself",
            };
            writeln!(out, "{interface}: {} {said}", shown(prefix))?;
        }
    }
    Ok(())
}

/// The file first: where it cannot be written, nothing has changed.
fn write(change: &Change, edit: Edit, out: &mut impl Write) -> Result<(), Failure> {
    if change.write {
        let path: &Path = &change.config;
        for (prefix, origin) in edit::allow(path, edit, &change.prefixes)? {
            let (path, prefix) = (Printable(path.display()), shown(&prefix));
            writeln!(out, "{prefix}: {origin} has it already, {path} needs no entry")?;
        }
    }
    Ok(())
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Entry {
    source: String,
    /// Whether the policy has it.
    policy: bool,
    /// Whether `port12 allow add` has added it.
    operator: bool,
    interfaces: Vec<String>,
}

fn list(args: &List, out: &mut impl Write) -> Result<(), Failure> {
    let mut entries: BTreeMap<IpNet, Entry> = BTreeMap::new();
    for slot in args.pins.some_slots()? {
        // A list of another layout is not this build's to read.
        Pinned::state_of(&slot)?;
        let interface = slot.interface().to_owned();
        for (prefix, from) in pinned::allowlist(&slot)?.list()? {
            let entry = entries.entry(prefix).or_insert_with(|| Entry {
                source: shown(&prefix),
                policy: false,
                operator: false,
                interfaces: Vec::new(),
            });
            entry.policy |= from & origin::POLICY != 0;
            entry.operator |= from & origin::OPERATOR != 0;
            entry.interfaces.push(interface.clone());
        }
    }
    let entries: Vec<Entry> = entries.into_values().collect();
    Ok(write_list(args.output, &entries, out, table)?)
}

fn table(entries: &[Entry], out: &mut impl Write) -> std::io::Result<()> {
    if entries.is_empty() {
        return writeln!(out, "no source is allowed");
    }
    writeln!(out, "{:<43} {:<16} INTERFACES", "SOURCE", "FROM")?;
    for entry in entries {
        let from = match (entry.policy, entry.operator) {
            (true, true) => "policy, operator",
            (true, false) => "policy",
            (false, true) => "operator",
            (false, false) => "?",
        };
        writeln!(out, "{:<43} {from:<16} {}", entry.source, entry.interfaces.join(", "))?;
    }
    Ok(())
}
