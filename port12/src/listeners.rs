//! Listeners on watched ports: opened, closed, and reached by flow starts.
//!
//! A library without I/O or a clock, which is told what is there and the time. [`Register`] compares
//! a look at the sockets with the one before; [`Reached`] says when to tell of knocks that found a
//! taker.
//!
//! - Sockets of one owner at one place are one listener, such as those of a SO_REUSEPORT group. It is
//!   told when its first socket comes and when its last one goes.
//! - One that is told of at its bind is taken in without a look, or told as gone. A look that began before knows
//!   nothing of it.
//! - No more is told in a minute of the listeners of a user than a budget has. What stays longer is told later, and
//!   what has gone untold is counted.

mod list;
mod notice;
mod place;
mod reached;
mod register;
mod room;
mod scope;

pub use crate::model::event::{Listener, Notice, What};
pub use reached::{Knock, Reached};
pub use register::Register;
pub use scope::Scope;

/// Notices of one kind and user in a minute, and at once: as many as alerts of scans.
const PER_MINUTE: u32 = 60;

#[cfg(test)]
mod tests;
