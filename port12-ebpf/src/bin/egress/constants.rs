//! Load-time constants: user space patches them before the verifier sees the program.

use port12_ebpf::constants::patched;

/// [`port12_common::abi::constant::OUT_AGAIN`].
#[unsafe(no_mangle)]
static OUT_AGAIN: u64 = 0;

/// [`port12_common::abi::constant::OUT_PROCESS`].
#[unsafe(no_mangle)]
static OUT_PROCESS: u8 = 0;

/// [`port12_common::abi::constant::OUT_NAMESPACE`].
#[unsafe(no_mangle)]
static OUT_NAMESPACE: u64 = 0;

/// Nanoseconds after which a contact is told of again; 0 where nothing is told.
#[inline(always)]
pub fn again() -> u64 {
    patched(&OUT_AGAIN)
}

/// Whether the kernel is asked for the running process (6.10). The verifier drops what a kernel does not have.
#[inline(always)]
pub fn asks_for_process() -> bool {
    patched(&OUT_PROCESS) != 0
}

/// Whether it is asked for what that calls itself, too (6.16).
#[inline(always)]
pub fn asks_for_name() -> bool {
    patched(&OUT_PROCESS) > 1
}

/// The cookie of the host's network namespace; 0 where the kernel does not tell that of a socket.
#[inline(always)]
pub fn namespace() -> u64 {
    patched(&OUT_NAMESPACE)
}
