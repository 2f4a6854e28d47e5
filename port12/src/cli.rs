//! The commands, without their wiring: arguments in, a report out.

pub mod allow;
mod arguments;
pub mod attach;
pub mod ban;
pub mod bans;
pub mod bypass;
pub mod check;
mod choice;
pub mod confirm;
pub mod detach;
pub mod events;
pub mod explain;
pub mod failure;
pub mod output;
pub mod pins;
pub mod ports;
pub mod registry;
pub mod replay;
pub mod run;
#[cfg(test)]
mod schemas;
pub mod settings;
pub mod sources;
pub mod stats;
pub mod status;
pub mod stderr;
pub mod who;

pub use arguments::{Cli, Command};
