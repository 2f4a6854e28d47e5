//! The log of the tracing build, from the kernel to this process's log.

use crate::{failure::Failure, kernel::instance::Instance};

/// Starts passing an instance's log lines on, at level info. It ends with the runtime.
///
/// # Errors
///
/// [`Failure`]: the object has no log, or it cannot be read.
#[cfg(feature = "trace")]
pub(super) fn follow(instance: &mut Instance) -> Result<(), Failure> {
    use aya_log::EbpfLogger;
    use tokio::io::{Interest, unix::AsyncFd};

    use crate::failure::Code;

    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Code::Runtime, format!("the kernel program's log: {error}"))
    };
    let logger = EbpfLogger::init(instance.ebpf_mut()).map_err(|error| failed(&error))?;
    // SAFETY: the logger owns the ring buffer's descriptor, and the registration owns the logger.
    let registered = unsafe { AsyncFd::register_with_interest(logger, Interest::READABLE) };
    let mut logger = registered.map_err(|error| failed(&error))?;
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
pub(super) fn follow(_: &mut Instance) -> Result<(), Failure> {
    Ok(())
}
