//! The checks that need another kernel than this machine's: `cargo xtask vm-test` boots this
//! binary as the init of a virtual machine.

mod cable;
mod checks;
#[path = "../kernel/counts.rs"]
#[expect(dead_code, reason = "the tests of this machine's kernel use the rest")]
mod counts;
#[path = "../../../tests/dressing/dressing.rs"]
mod dressing;
mod frames;
mod init;
mod interface;
mod kernel;
mod object;
mod report;
#[path = "../kernel/subject.rs"]
#[expect(dead_code, reason = "the tests of this machine's kernel use the rest")]
mod subject;
#[path = "../../../tests/support/support.rs"]
mod support;

use std::{panic, process};

use crate::report::Report;

fn main() {
    if process::id() != 1 {
        println!("guest: runs as the init of a virtual machine, by `cargo xtask vm-test`");
        return;
    }
    let passed = panic::catch_unwind(|| {
        let mut report = Report::default();
        report.check("boot", init::boot);
        checks::run(&mut report);
        report.close()
    });
    // The panic's message is on the console already.
    init::power_off(passed.unwrap_or(false));
}
