//! Scans: what many touches of one source come to.

mod alert;

pub use alert::{Alert, Kind};
