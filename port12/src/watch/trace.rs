//! The log of the tracing build, from the kernel to this process's log.

use super::WatchError;
use crate::kernel::instance::Instance;

/// Starts passing an instance's log lines on, at level info. It ends with the runtime.
///
/// # Errors
///
/// [`WatchError`]: the object has no log, or it cannot be read.
#[cfg(feature = "trace")]
pub(super) fn follow(instance: &mut Instance) -> Result<(), WatchError> {
    use aya_log::EbpfLogger;
    use tokio::io::{Interest, unix::AsyncFd};

    let logger =
        EbpfLogger::init(instance.ebpf_mut()).map_err(|error| WatchError::Trace(error.into()))?;
    // SAFETY: the logger owns the ring buffer's descriptor, and the registration owns the logger.
    let registered = unsafe { AsyncFd::register_with_interest(logger, Interest::READABLE) };
    let mut logger = registered.map_err(|error| WatchError::Trace(error.into()))?;
    tokio::spawn(async move {
        while let Ok(mut guard) = logger.readable_mut().await {
            guard.get_inner_mut().flush();
            guard.clear_ready();
        }
    });
    Ok(())
}

/// Without the `trace` feature an instance has no log, and loading one has failed before.
#[cfg(not(feature = "trace"))]
pub(super) fn follow(_: &mut Instance) -> Result<(), WatchError> {
    Ok(())
}
