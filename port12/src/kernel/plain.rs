//! Values of maps.

use aya::Pod;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Plain old data of the map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Plain<T>(pub(super) T);

// SAFETY: any bytes are a value, and the value has no gap and no pointer.
unsafe impl<T: FromBytes + IntoBytes + Immutable + Copy + 'static> Pod for Plain<T> {}
