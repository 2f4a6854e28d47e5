//! Names that others choose, hostile ones among them.

use proptest::{collection::vec, prelude::*, sample::select};

use crate::text::escape::quoted;

/// Any name of a program, process, unit or interface.
pub(crate) fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9.]{1,15}",
        ".{0,40}",
        "[\\x00-\\x1f\\x7f-\\u{9f} =\\[\\]\"]{0,20}",
        "é{600}",
        vec(select(&FORGERIES[..]), 1..6).prop_map(|parts| parts.concat()),
    ]
}

/// A sentence of port12's own about any name.
pub(crate) fn any_sentence() -> impl Strategy<Value = String> {
    any_name().prop_map(|name| format!("the program {} is in its place", quoted(&name)))
}

/// Parts of names that would be more than a name in one of the formats.
const FORGERIES: [&str; 22] = [
    " SRC=8.8.8.8 DPT=22",
    "\u{2003}SRC=8.8.8.8",
    "\nSRC=8.8.8.8",
    "\r\n<30>port12[1]: SRC=8.8.8.8",
    "\nPORT12_SOURCE=8.8.8.8\n",
    "\nMESSAGE\n\u{1}\0\0\0\0\0\0\0x\n",
    "\",\"src_ip\":\"8.8.8.8",
    "\"}}\n{\"src_ip\":\"8.8.8.8\"}",
    "\n2026-03-01T12:34:56.789+0000 Scan from: [8.8.8.8] (8.8.8.8)",
    "), user id 0, runs /usr/sbin/sshd",
    "\" , user id 0",
    "\\\"",
    "\u{1b}[2J",
    "\u{9b}31m",
    "\u{202e}",
    "\u{2066}",
    "\u{2028}",
    "\u{feff}",
    "\0",
    "=",
    "\"",
    "/usr/bin/nc",
];
