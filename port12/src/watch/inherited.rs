//! Orders of the operator on attached interfaces, which apply to interfaces that appear.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use port12_common::abi::{Ban, bypass, origin};

use crate::kernel::{
    allowlist::AllowedNetworks,
    older::Older,
    pin::PinDirectory,
    pinned::{self, Pinned, PinnedError},
    slot::Slot,
};

/// Orders for every interface of a pin directory.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// Whether somebody stopped all dropping.
    pub bypass: bool,
    /// The sources that `port12 allow add` added.
    pub allow: BTreeSet<IpNet>,
    /// The sources that `port12 ban` banned.
    pub bans: BTreeMap<IpAddr, Ban>,
}

impl Inherited {
    /// Asks the interfaces that are attached to stay. One that cannot be read has nothing to say.
    pub fn of(pins: &PinDirectory) -> Self {
        let mut inherited = Self::default();
        for slot in pins.slots().unwrap_or_default() {
            if let Err(error) = inherited.add(&slot) {
                log::info!("{error}");
            }
        }
        inherited
    }

    fn add(&mut self, slot: &Slot) -> Result<(), PinnedError> {
        let state = match Pinned::state_of(slot) {
            Ok(state) => state,
            Err(error) => {
                // The rest is taken along when it is copied into new maps.
                let older = Older::open(slot).ok().flatten();
                self.bypass |= older.is_some_and(|it| it.gate().bypass & bypass::OPERATOR != 0);
                return Err(error);
            }
        };
        self.bypass |= state.gate().bypass & bypass::OPERATOR != 0;
        let bans = pinned::bans(slot)?;
        let list = pinned::allowlist(slot)?;
        self.allow.extend(operators(&list));
        let bans = bans.list().unwrap_or_default().into_iter();
        self.bans.extend(bans.filter(|(_, ban)| ban.origin == Ban::OPERATOR));
        Ok(())
    }
}

fn operators(list: &AllowedNetworks) -> Vec<IpNet> {
    let all = list.list().unwrap_or_default();
    all.into_iter().filter(|(_, from)| from & origin::OPERATOR != 0).map(|(net, _)| net).collect()
}
