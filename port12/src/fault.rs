//! Places where tests can make a debug build fail.

/// Another build of the kernel object, which `PORT12_OBJECT` names.
pub fn other_object() -> Option<Vec<u8>> {
    if !cfg!(debug_assertions) {
        return None;
    }
    std::fs::read(std::env::var_os("PORT12_OBJECT")?).ok()
}

/// Panics, or is killed, where `PORT12_FAULT` names the place: `interval`, or `kill:pin.maps`.
pub fn fault(place: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Ok(wanted) = std::env::var("PORT12_FAULT") else {
        return;
    };
    if wanted == place {
        panic!("fault injected at {place}");
    }
    if wanted.strip_prefix("kill:") == Some(place) {
        // SAFETY: takes numbers. It does not return.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}

/// Whether `PORT12_FAULT` names the place: something is done in another way there.
pub fn is_set(place: &str) -> bool {
    cfg!(debug_assertions) && std::env::var("PORT12_FAULT").is_ok_and(|wanted| wanted == place)
}
