//! The commands, without their wiring: arguments in, a report out.

pub mod allow;
pub mod attach;
pub mod ban;
pub mod bans;
pub mod bypass;
pub mod check;
pub mod confirm;
pub mod detach;
pub mod events;
pub mod explain;
mod knocks;
pub mod output;
pub mod pins;
mod plan;
pub mod ports;
mod preflight;
pub mod registry;
pub mod replay;
pub mod run;
mod selection;
mod session;
pub mod settings;
pub mod sources;
pub mod stats;
pub mod status;
mod text;
pub mod who;
