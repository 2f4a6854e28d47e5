//! State of pinned maps, on its way to state directories that no daemon owns.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::{Path, PathBuf},
};

use super::{
    StateDirError, StateDirectory,
    bans::{Change, InterfaceBans, KeptBans},
    confirmations::{Confirmations, RulesHash},
};
use crate::{
    kernel::{
        bans::BansError,
        pinned::{Pinned, PinnedError},
    },
    trusted_path::PathError,
    truth::TruthError,
};

/// Reason why bans are not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A state directory cannot be used.
    #[error(transparent)]
    Directory(#[from] StateDirError),
    /// Its file cannot be written.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The pinned maps cannot be read.
    #[error(transparent)]
    Pinned(#[from] PinnedError),
    /// The bans cannot be read.
    #[error(transparent)]
    Bans(#[from] BansError),
    /// The kernel does not say its time.
    #[error(transparent)]
    Clock(#[from] TruthError),
}

/// Bans to remove from interfaces that have nothing pinned.
#[derive(Clone, Copy, Debug)]
pub enum Removal<'a> {
    /// Those of some sources.
    Of(&'a [IpAddr]),
    /// All.
    All,
}

/// Outcome of [`record`].
#[derive(Debug, Default)]
pub struct Recorded {
    /// Directories that no daemon owns, and that have been written or are as they should be.
    pub directories: Vec<PathBuf>,
    /// Sources whose bans were removed from interfaces that have nothing pinned.
    pub removed: BTreeSet<IpAddr>,
}

/// Writes the bans of pinned maps into those state directories that exist and that no daemon owns. A daemon writes its own.
///
/// # Errors
///
/// [`RecordError`]; directories before that one are written.
pub fn record(
    directories: &[PathBuf],
    pinned: &[Pinned],
    removal: Removal<'_>,
) -> Result<Recorded, RecordError> {
    let mut recorded = Recorded::default();
    for path in directories {
        let Some(directory) = free(path)? else {
            continue;
        };
        let (mut bans, line) = KeptBans::read_or_set_aside(&directory);
        if let Some(line) = line {
            log::warn!("{line}");
        }
        let change = update(&mut bans, pinned)?;
        let is_present = |name: &str| pinned.iter().any(|it| it.interface() == name);
        let removed = match removal {
            Removal::Of(sources) => bans.remove(Some(sources), is_present),
            Removal::All => bans.remove(None, is_present),
        };
        if change > Change::Counts || !removed.is_empty() {
            bans.write(&directory)?;
        }
        recorded.removed.extend(removed);
        recorded.directories.push(path.clone());
    }
    Ok(recorded)
}

/// Writes confirmed rules of interfaces into those state directories that exist and that no daemon owns.
///
/// # Errors
///
/// [`RecordError`]; directories before that one are written.
pub fn record_confirmed(
    directories: &[PathBuf],
    confirmed: &[(String, RulesHash)],
) -> Result<(), RecordError> {
    for path in directories.iter().filter(|_| !confirmed.is_empty()) {
        let Some(directory) = free(path)? else {
            continue;
        };
        let (mut confirmations, line) = Confirmations::read_or_set_aside(&directory);
        if let Some(line) = line {
            log::warn!("{line}");
        }
        for (interface, rules) in confirmed {
            confirmations.confirm(interface, rules.clone());
        }
        confirmations.write(&directory)?;
    }
    Ok(())
}

/// A directory that exists, if no process owns it.
fn free(path: &Path) -> Result<Option<StateDirectory>, StateDirError> {
    match StateDirectory::open(path) {
        Err(StateDirError::Held { .. }) => Ok(None),
        opened => opened,
    }
}

fn update(bans: &mut KeptBans, pinned: &[Pinned]) -> Result<Change, RecordError> {
    let Some(first) = pinned.first() else {
        return Ok(Change::None);
    };
    bans.continue_at(&first.now().map_err(TruthError::from)?);
    let listed = pinned.iter().map(|it| Ok((it.interface(), it.bans()?.list()?)));
    let listed: Vec<(&str, InterfaceBans)> = listed.collect::<Result<_, RecordError>>()?;
    let present: BTreeMap<&str, &InterfaceBans> =
        listed.iter().map(|(name, bans)| (*name, bans)).collect();
    Ok(bans.update(&present))
}
