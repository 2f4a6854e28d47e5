//! The ports that IANA's registry lists as unassigned.
//! Written by `cargo xtask registry FILE`.

/// The date of the registry.
pub const DATE: &str = "2026-08-17";

/// By transport ([`Transport`](crate::Transport)), a bit per port.
pub const BITS: [[u64; 16]; 5] = [[0; 16]; 5];
