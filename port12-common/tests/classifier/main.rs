//! The classifier in user space: named frames, truncated frames, random frames, an oracle.

#[path = "../../../tests/support/support.rs"]
mod support;

mod catalogue;
mod differential;
mod judgement;
mod named;
mod properties;
mod shut_out;
mod table;
mod too_deep;
mod truncation;
