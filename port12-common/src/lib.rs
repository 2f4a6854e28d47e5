//! What port12's kernel program and its user space agree on: the outcomes, the parser and
//! classifier that reach them, and the layout of the maps that carry the results.
//!
//! The classifier reads a frame through [`Frame`] and the host through [`Tables`]; the kernel
//! program, the replay engine, the tests and the fuzzers all run this one copy.
#![no_std]

#[cfg(feature = "schema")]
extern crate alloc;

pub mod abi;
mod classify;
mod documents;
mod frame;
mod hint;
mod outcome;
pub mod parse;
mod transport;
pub mod watched;

pub use abi::{Inspection, Membership};
pub use classify::{
    Addresses, Allowed, Beginning, Conclude, Departure, Depth, Environment, Finding, Flow, Lookup,
    NoLookup, Socket, Tables, classify, classify_common, classify_then, departure,
    departure_common, is_answer, may_hide_headers,
};
pub use frame::Frame;
pub use outcome::{Malformed, Outcome, TooDeep, Verdict};
pub use parse::{Layer, Version};
pub use transport::{
    Header, RegistryRows, Shape, SocketProof, SocketStates, SocketVisibility, Transport,
    TransportInfo,
};
