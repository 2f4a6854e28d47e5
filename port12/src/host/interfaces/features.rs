//! Features of an interface that are on, as `ethtool -k` shows them.

use super::{
    Link,
    ethtool::{Command, run},
};
use crate::host::netlink::text;

// linux/ethtool.h.
const ETHTOOL_GSTRINGS: u32 = 0x1b;
const ETHTOOL_GSSET_INFO: u32 = 0x37;
const ETHTOOL_GFEATURES: u32 = 0x3a;
const ETH_SS_FEATURES: u32 = 4;

/// The kernel knows 64 features (6.18). More than there is room for are not asked about.
const MOST: usize = 256;

/// `struct ethtool_sset_info` with one set.
#[repr(C)]
struct Sets {
    command: u32,
    reserved: u32,
    mask: u64,
    count: u32,
}

/// `struct ethtool_gstrings`.
#[repr(C)]
struct Strings {
    command: u32,
    set: u32,
    count: u32,
    names: [[u8; 32]; MOST],
}

/// `struct ethtool_gfeatures`; each block has 32 features.
#[repr(C)]
struct Features {
    command: u32,
    blocks: u32,
    features: [Block; MOST / 32],
}

/// `struct ethtool_get_features_block`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Block {
    changeable: u32,
    requested: u32,
    active: u32,
    never_changed: u32,
}

// SAFETY: `ETHTOOL_GSSET_INFO` writes as many counts as the mask has bits, which is one.
unsafe impl Command for Sets {}

// SAFETY: `ETHTOOL_GSTRINGS` writes one name for each feature of the kernel, and it is run only if
// those are at most `MOST`.
unsafe impl Command for Strings {}

// SAFETY: `ETHTOOL_GFEATURES` writes at most `blocks` blocks.
unsafe impl Command for Features {}

/// A feature that is on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Feature {
    /// Its name in the kernel (net/ethtool/common.c).
    pub name: String,
    /// Whether `ethtool -K` can turn it off.
    pub is_changeable: bool,
}

/// The features of an interface that are on; `None` if they cannot be read. Every driver has an answer, since the
/// kernel gives it.
pub(super) fn active(link: &Link) -> Option<Vec<Feature>> {
    let mut sets =
        Sets { command: ETHTOOL_GSSET_INFO, reserved: 0, mask: 1 << ETH_SS_FEATURES, count: 0 };
    run(link, &mut sets)?;
    let count = usize::try_from(sets.count).ok().filter(|&count| count <= MOST)?;
    let mut strings = Box::new(Strings {
        command: ETHTOOL_GSTRINGS,
        set: ETH_SS_FEATURES,
        count: sets.count,
        names: [[0; 32]; MOST],
    });
    run(link, &mut *strings)?;
    let mut features = Features {
        command: ETHTOOL_GFEATURES,
        blocks: (MOST / 32) as u32,
        features: [Block::default(); MOST / 32],
    };
    run(link, &mut features)?;
    let names = strings.names.iter().take(count).enumerate();
    let active = names.filter_map(|(bit, name)| {
        let block = features.features.get(bit / 32)?;
        let is_set = |word: u32| word >> (bit % 32) & 1 != 0;
        let is_changeable = is_set(block.changeable) && !is_set(block.never_changed);
        is_set(block.active).then(|| Feature { name: text(name), is_changeable })
    });
    Some(active.collect())
}
