//! Meaning of the facts about a port, and next steps.
//!
//! [`Situation`] is what is known of a port on one transport, [`decide`] the table that finds what it
//! comes to, and [`Finding`] has the words. Nothing here asks the host.

mod decide;
mod finding;
mod names;
mod severity;
mod situation;
mod steps;
#[cfg(test)]
mod tests;

pub use decide::decide;
pub use finding::Finding;
pub use names::{Intent, Names};
pub use severity::Severity;
pub use situation::{Came, Listening, Situation, Suspension, Watching};
