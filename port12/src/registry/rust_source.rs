//! The watched set as Rust source, for the kernel program.

use std::fmt::Write as _;

use port12_common::Transport;

use super::Registry;

impl Registry {
    /// The text of `port12-common/src/watched.rs`, formatted as rustfmt would.
    pub fn to_rust(&self) -> String {
        let mut text = format!(
            "//! The ports that IANA's registry lists as unassigned.\n\
             //! Written by `cargo xtask registry FILE`.\n\
             \n\
             /// The date of the registry.\n\
             pub const DATE: &str = \"{}\";\n\
             \n\
             /// By transport ([`Transport`](crate::Transport)), bit `port % 64` of word `port / 64`.\n\
             pub const BITS: [[u64; 16]; {}] = [\n",
            self.edition(),
            Transport::ALL.len()
        );
        for (transport, words) in Transport::ALL.into_iter().zip(self.bits()) {
            let count = self.watched(transport).len();
            let _ = writeln!(text, "    // {transport}: {count} ports\n    [");
            for word in words {
                let _ = writeln!(text, "        {},", literal(word));
            }
            text.push_str("    ],\n");
        }
        text.push_str("];\n");
        text
    }
}

fn literal(word: u64) -> String {
    let [a, b, c, d] = [48, 32, 16, 0].map(|shift| word >> shift & 0xffff);
    format!("0x{a:04x}_{b:04x}_{c:04x}_{d:04x}")
}
