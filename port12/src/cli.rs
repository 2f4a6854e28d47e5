//! The commands, without their wiring: arguments in, a report out.

pub mod check;
pub mod explain;
pub mod output;
pub mod ports;
pub mod registry;
pub mod replay;
pub mod run;
pub mod settings;
mod text;
