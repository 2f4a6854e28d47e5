//! What is measured.

pub mod product;
pub mod xdp_filter;

use anyhow::Result;

use super::case::Case;

/// A program that frames are run through.
pub trait Subject {
    /// Nanoseconds per frame over `repeat` frames of a case.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses, or the program did not do what the case says.
    fn time(&self, case: &Case, repeat: u32) -> Result<f64>;
}
