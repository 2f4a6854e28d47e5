//! Values of maps.

use aya::Pod;
use port12_common::abi::{Ban, Evidence, SourceAddress};

/// Plain old data of the map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Plain<T>(pub(super) T);

// SAFETY: two numbers.
unsafe impl Pod for Plain<SourceAddress> {}
// SAFETY: numbers, without a gap between them.
unsafe impl Pod for Plain<Ban> {}
// SAFETY: numbers, without a gap between them.
unsafe impl Pod for Plain<Evidence> {}
