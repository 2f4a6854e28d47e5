//! Getting a program past the verifier.

use aya::programs::ProgramError;

use super::errno;

/// Loads a program. A signal that is pending makes the verifier give up with EAGAIN (kernel 4.19).
pub(super) fn load(mut load: impl FnMut() -> Result<(), ProgramError>) -> Result<(), ProgramError> {
    const ATTEMPTS: u32 = 20;
    let mut loaded = load();
    for _ in 1..ATTEMPTS {
        match &loaded {
            Err(error) if errno::number(error) == Some(libc::EAGAIN) => loaded = load(),
            Ok(()) | Err(_) => break,
        }
    }
    loaded
}
