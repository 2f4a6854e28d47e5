//! Load-time constants: user space patches them before the verifier sees the program.

use port12_common::Layer;
use port12_ebpf::constants::patched;

/// [`port12_common::abi::constant::LINK_LAYER`].
#[unsafe(no_mangle)]
static LINK_LAYER: u8 = Layer::Ethernet as u8;

/// [`port12_common::abi::constant::REPLAY`].
#[unsafe(no_mangle)]
static REPLAY: u8 = 0;

/// [`port12_common::abi::constant::SOURCES`].
#[unsafe(no_mangle)]
static SOURCES: u8 = 1;

/// [`port12_common::abi::constant::TELL_AGAIN`].
#[unsafe(no_mangle)]
static TELL_AGAIN: u32 = 0;

/// What the first byte of a frame belongs to.
#[inline(always)]
pub fn layer() -> Layer {
    if patched(&LINK_LAYER) == Layer::Ip as u8 { Layer::Ip } else { Layer::Ethernet }
}

/// Whether the frames come from a capture: of another time, and of other sockets.
#[inline(always)]
pub fn replay() -> bool {
    patched(&REPLAY) != 0
}

/// Whether it is recorded who knocks.
#[inline(always)]
pub fn sources() -> bool {
    patched(&SOURCES) != 0
}

/// Jiffies after which a source that goes on is told of again; 0 where nothing is told.
#[inline(always)]
pub fn tell_again() -> u32 {
    patched(&TELL_AGAIN)
}
