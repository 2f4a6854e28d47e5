//! A program that chooses the socket of another port.

use std::{
    io,
    net::TcpListener,
    os::fd::{AsRawFd, FromRawFd as _, OwnedFd},
};

use super::Namespace;

const BPF_MAP_CREATE: i64 = 0;
const BPF_MAP_UPDATE_ELEM: i64 = 2;
const BPF_PROG_LOAD: i64 = 5;
const BPF_LINK_CREATE: i64 = 28;
const BPF_MAP_TYPE_SOCKMAP: u32 = 15;
const BPF_PROG_TYPE_SK_LOOKUP: u32 = 30;
const BPF_SK_LOOKUP: u32 = 36;

/// The head of `union bpf_attr` for `BPF_PROG_LOAD`.
#[repr(C)]
struct Load {
    kind: u32,
    instructions: u32,
    code: u64,
    license: u64,
    log: [u64; 2],
    flags: u64,
    name: [u8; 16],
    interface: u32,
    attach_type: u32,
}

/// A program that is attached while it lives.
pub struct Chooser {
    _link: OwnedFd,
    _map: OwnedFd,
}

/// Has a listener receive what comes for another port of its network namespace (kernel 5.9).
pub fn choose(namespace: &Namespace, port: u16, listener: &TcpListener) -> Chooser {
    let map = opened(bpf(BPF_MAP_CREATE, &[BPF_MAP_TYPE_SOCKMAP, 4, 8, 1, 0, 0]));
    let (key, value) = (0_u32, listener.as_raw_fd() as u64);
    let update = [map.as_raw_fd() as u64, &raw const key as u64, &raw const value as u64, 0];
    bpf(BPF_MAP_UPDATE_ELEM, &update).unwrap();
    let code = code(port, &map);
    let program = opened(bpf(
        BPF_PROG_LOAD,
        &Load {
            kind: BPF_PROG_TYPE_SK_LOOKUP,
            instructions: code.len() as u32,
            code: code.as_ptr() as u64,
            license: c"GPL".as_ptr() as u64,
            log: [0; 2],
            flags: 0,
            name: *b"theirs\0\0\0\0\0\0\0\0\0\0",
            interface: 0,
            attach_type: BPF_SK_LOOKUP,
        },
    ));
    let link = namespace.enter(|| {
        let place = std::fs::File::open("/proc/thread-self/ns/net").unwrap();
        let [program, place] = [program.as_raw_fd() as u32, place.as_raw_fd() as u32];
        opened(bpf(BPF_LINK_CREATE, &[program, place, BPF_SK_LOOKUP, 0]))
    });
    Chooser { _link: link, _map: map }
}

/// `if (ctx->local_port == port && (sk = map[0])) { bpf_sk_assign(ctx, sk, 0); bpf_sk_release(sk); } return SK_PASS;`
fn code(port: u16, map: &OwnedFd) -> Vec<u64> {
    /// Where `local_port` is in `struct bpf_sk_lookup` (linux/bpf.h).
    const LOCAL_PORT: i16 = 60;
    let step = |code: u8, to: u8, from: u8, offset: i16, number: i32| {
        let registers = u64::from(from << 4 | to);
        let offset = u64::from(offset.cast_unsigned());
        u64::from(code) | registers << 8 | offset << 16 | u64::from(number.cast_unsigned()) << 32
    };
    let call = |helper| step(0x85, 0, 0, 0, helper);
    let copy = |to, from| step(0xbf, to, from, 0, 0);
    vec![
        copy(6, 1),
        step(0x61, 2, 6, LOCAL_PORT, 0),
        step(0x55, 2, 0, 15, port.into()),
        step(0x62, 10, 0, -4, 0),
        copy(2, 10),
        step(0x07, 2, 0, 0, -4),
        // The map by its descriptor, in two steps.
        step(0x18, 1, 1, 0, map.as_raw_fd()),
        0,
        call(1),
        step(0x15, 0, 0, 8, 0),
        copy(7, 0),
        copy(1, 6),
        copy(2, 7),
        step(0xb7, 3, 0, 0, 0),
        call(124),
        copy(1, 7),
        call(86),
        step(0x05, 0, 0, 0, 0),
        step(0xb7, 0, 0, 0, 1),
        0x95,
    ]
}

fn bpf<T: ?Sized>(command: i64, attributes: &T) -> io::Result<i32> {
    // SAFETY: the attributes, and all that they point to, outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(attributes).cast::<u8>(),
            size_of_val(attributes),
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}

fn opened(descriptor: io::Result<i32>) -> OwnedFd {
    // SAFETY: the kernel has just opened the descriptor for us.
    unsafe { OwnedFd::from_raw_fd(descriptor.unwrap()) }
}
