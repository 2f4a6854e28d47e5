//! Scans: what many touches of one source come to.
//!
//! A [`Detector`] is told every [`Probe`](crate::event::Probe) and, about once a second, the time. It has
//! no clock of its own, and does nothing but say what is a scan:
//!
//! - Each source has a score of what it touched, which fades in days, and of how long it goes on, which
//!   fades in minutes (`score.rs`). Both together make it a scan.
//! - A scan is told once, with all that its source touched from the beginning on: when it has been quiet
//!   for much longer than was its way (`pace.rs`), or ten minutes after it became a scan, while it goes on.
//!   Then its end is told too, where anything came after.
//! - What is plainly an answer of a service weighs nearly nothing (`answer.rs`).
//!
//! Sources are told apart by their whole address, and believed.

mod answer;
mod budget;
mod clock;
mod detector;
mod pace;
mod ports;
mod score;
mod source;
mod targets;
mod user_budgets;

pub(crate) use budget::Budget;
pub(crate) use clock::Clock;
pub use detector::{Detector, Limits};
pub(crate) use user_budgets::UserBudgets;

pub use crate::model::event::{Scan, ScanKind};

#[cfg(test)]
mod tests;
