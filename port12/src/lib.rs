//! port12: an XDP watcher for the unassigned well-known ports.
//!
//! [`Agent`] watches interfaces, and publishes one [`State`] that any number of readers load, and a stream of
//! [`Event`]s. [`Query`] gives the same state to other processes. Errors keep their sources; nothing here writes to
//! standard error or ends the process. `examples/headless.rs` watches an interface, `examples/replay.rs` replays a
//! capture under a policy.
//!
//! ```no_run
//! use std::path::Path;
//! use port12::{Agent, Error, agent::{Options, Plan, StateDir}, config::{Config, Layer}};
//!
//! # async fn watch() -> Result<(), Error> {
//! let config = Config::load(Some(Path::new("port12.toml")), Layer::default())?;
//! let pins = Path::new("/sys/fs/bpf/port12");
//! let options = Options {
//!     pin_dir: pins,
//!     runtime_dir: Path::new("/run/port12"),
//!     state_dir: StateDir::None,
//!     stay: false,
//!     trace: false,
//!     tell: |line| println!("{line}"),
//! };
//! let mut agent = Agent::start(Plan::make(config, pins)?, options)?;
//! agent.turn().await?;
//! for interface in &agent.state().interfaces {
//!     println!("{}: {} frames", interface.interface, interface.counts.frames.packets);
//! }
//! agent.end();
//! # Ok(())
//! # }
//! ```

pub mod advice;
pub mod agent;
pub mod capture;
pub mod cli;
pub mod config;
pub mod error;
pub mod event;
pub mod event_log;
pub mod explain;
pub mod fault;
pub mod host;
pub mod kernel;
pub mod ledger;
pub mod listeners;
pub mod model;
pub mod outbound;
pub mod outlook;
pub mod policy;
pub mod privileges;
pub mod query;
pub mod registry;
pub mod replay;
pub mod report;
pub mod scan;
pub mod sink;
pub mod snapshot;
pub mod state_dir;
pub mod story;
mod text;
pub mod trusted_path;
pub mod truth;
pub mod watch;
pub mod who;

pub use agent::Agent;
pub use error::Error;
pub use model::{State, event::Event};
pub use query::Query;
