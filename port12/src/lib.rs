//! port12's library: loading, attaching, reading and reporting.

pub mod advice;
pub mod capture;
pub mod cli;
pub mod config;
pub mod event;
pub mod failure;
pub mod fault;
pub mod host;
pub mod kernel;
pub mod ledger;
pub mod listeners;
pub mod outbound;
pub mod outlook;
pub mod policy;
pub mod privileges;
pub mod registry;
pub mod replay;
pub mod report;
pub mod scan;
pub mod sink;
pub mod snapshot;
pub mod story;
pub mod trusted_path;
pub mod truth;
pub mod watch;
pub mod who;
