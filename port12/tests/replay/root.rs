//! Tests that need root say so.

/// Whether a test that needs root can run. Where it cannot, it fails, unless `PORT12_NO_ROOT=1`
/// says that this is known.
pub fn or_skip(what: &str) -> bool {
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } == 0 {
        return true;
    }
    match std::env::var("PORT12_NO_ROOT").as_deref() {
        Ok("1") => eprintln!("not run: {what}: needs root"),
        _ => panic!("{what}: run it as root, or set PORT12_NO_ROOT=1"),
    }
    false
}
