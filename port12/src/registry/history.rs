//! History of ports that the registry's rows do not have.

/// Where a port comes from, in full sentences.
pub const fn remarks(port: u16) -> &'static [&'static str] {
    match port {
        9 => &["The specification of discard is RFC 863, which the row does not cite."],
        12 => &[
            "Unassigned on TCP and UDP, without a contact and without a date; first printed so in \
             RFC 1340 (July 1992).",
        ],
        13 => &["The specification of daytime is RFC 867."],
        15 => &[
            "Once netstat: the registry keeps the remark \"[was netstat]\" on TCP. \"Historical\" \
             is not a state of RFC 6335.",
        ],
        300 | 854 | 914 | 915 | 953 => {
            &["One of the five ports that left the unassigned set between 2017 and 2026; none \
             entered it."]
        }
        716 | 1008 => &["Unassigned on TCP because no row is about it there; UDP has one."],
        _ => &[],
    }
}
