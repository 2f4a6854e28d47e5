//! What a person is to read although the test passes.

use std::io::{Write as _, stderr};

/// Writes a line past the test harness, which keeps what a passing test prints.
pub fn tell(line: &str) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(stderr(), "{line}");
}

/// Bytes in hexadecimal digits, for a message that reproduces a failure.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
