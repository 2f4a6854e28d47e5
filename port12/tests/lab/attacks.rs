//! Attacks of a local user without privileges on root's port12. Each is carried out, and fails: what
//! was attached stays attached and drops, a daemon lives and answers, nothing outside of port12's own
//! files is written, and what port12 refuses it refuses with one clear line.
//!
//! The comment of a test names the change that lets its attack succeed.

mod commands;
mod files;
mod kernel;
mod pins;
mod process;
mod sinks;

/// The sources of the attacks.
const SOURCES: [&str; 6] = [
    include_str!("attacks/commands.rs"),
    include_str!("attacks/files.rs"),
    include_str!("attacks/kernel.rs"),
    include_str!("attacks/pins.rs"),
    include_str!("attacks/process.rs"),
    include_str!("attacks/sinks.rs"),
];

#[test]
fn there_are_at_least_25_attacks() {
    let count: usize = SOURCES.iter().map(|source| source.matches("#[test]").count()).sum();
    assert!(count >= 25, "{count}");
}
