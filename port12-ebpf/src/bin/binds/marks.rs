//! The bytes that say on which ports a socket may be.

use port12_common::{
    Transport,
    abi::{HEARERS, PORTS, Sockets},
};

use port12_ebpf::opaque::opaque;

use crate::maps::STATES;

/// Says to the program of every interface that a port has a socket. A byte is written, and nothing read:
/// a bind on another CPU, and a listing that is written at the same time, find either what was there or this.
#[inline(always)]
pub fn set(transport: Transport, port: u16, hearers: u64) {
    for index in 0..HEARERS as u32 {
        if u64::from(index) >= hearers {
            break;
        }
        let Some(state) = STATES.get_value_ptr_mut(index, &0) else {
            continue;
        };
        // Bounded where it is used: the verifier of kernel 5.10 forgets the bounds of what was on the stack.
        let port = opaque(usize::from(port)) & (PORTS - 1);
        // SAFETY: the element outlives the program, and the port is within the table. Any byte is one to
        // whoever reads it.
        unsafe {
            let listed = &raw mut (*state).host.sockets.listed;
            let listed = listed.cast::<u8>().add(transport as usize * PORTS);
            listed.add(port).write_volatile(Sockets::FRESH);
        }
    }
}
