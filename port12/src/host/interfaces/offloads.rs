//! Receive offloads that drivers refuse XDP with: they merge packets before the program could see them.

use super::{Link, features};

/// The features, by their names in the kernel (net/ethtool/common.c), and those that `ethtool -K`
/// takes.
const MERGING: [(&str, &str); 2] = [("rx-lro", "lro"), ("rx-gro-hw", "rx-gro-hw")];

/// An offload that merges packets, and is on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Merging {
    /// The name that `ethtool -K` takes.
    pub name: &'static str,
    /// Whether `ethtool -K` can turn it off.
    pub changeable: bool,
}

/// The offloads of an interface that merge packets and are on; empty if the driver does not say.
pub fn merging(link: &Link) -> Vec<Merging> {
    let merging = features::active(link).unwrap_or_default().into_iter().filter_map(|feature| {
        let (_, name) = MERGING.into_iter().find(|(kernel, _)| *kernel == feature.name)?;
        Some(Merging { name, changeable: feature.is_changeable })
    });
    merging.collect()
}
