//! Attacks of a local user without privileges on root's port12. Each is carried out, and fails: what
//! was attached stays attached and drops, a daemon lives and answers, nothing outside of port12's own
//! files is written, and what port12 refuses it refuses with one clear line.
//!
//! The comment of a test names the change that lets its attack succeed.

mod pins;
mod process;
