//! The lab is built as root.

use std::thread;

/// Runs a test that builds a lab; says so where it cannot.
pub fn lab(test: impl FnOnce()) {
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } == 0 {
        return test();
    }
    let name = thread::current().name().unwrap_or("a test").to_owned();
    match std::env::var("PORT12_NO_ROOT").as_deref() {
        Ok("1") => eprintln!("not run: {name} makes network namespaces: needs root"),
        _ => panic!("{name} makes network namespaces: run it as root, or set PORT12_NO_ROOT=1"),
    }
}
