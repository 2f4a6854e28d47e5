//! Words for facts that several kinds of event share.

/// The names of TCP's flags that are set, in the order of their bits (RFC 9293 section 3.1).
pub(super) fn flags(bits: u8) -> Vec<&'static str> {
    const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set = NAMES.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.map(|(_, name)| name).collect()
}
