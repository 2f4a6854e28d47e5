//! `port12 replay`, as a process and as a library, with both engines.
//! The kernel's needs root, and says so; `PORT12_NO_ROOT=1` skips what needs it.

#[path = "../../../tests/support/support.rs"]
mod support;

mod apart;
mod broken;
mod clock;
mod cut;
mod engines;
mod file;
mod library;
mod links;
mod options;
mod paced;
mod policy;
mod program;
mod root;
mod scan;
