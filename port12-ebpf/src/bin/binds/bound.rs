//! Sockets that get a well-known port.

use core::{ffi::c_void, ptr};

use aya_ebpf::{
    EbpfContext as _,
    bindings::BPF_SK_STORAGE_GET_F_CREATE,
    helpers::{
        bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_current_uid_gid,
        bpf_get_netns_cookie, bpf_get_socket_cookie, bpf_ktime_get_boot_ns,
        generated::{bpf_get_current_cgroup_id, bpf_sk_storage_get},
    },
    programs::{SockContext, SockOpsContext},
};
use port12_common::{
    SocketVisibility, Transport,
    abi::{BindRecord, PORTS},
};

use crate::{
    maps::{BOUND, HEARING},
    marks, ring,
};

/// Takes note of a socket that has just got its port. A TCP socket is told of when it listens: until then
/// it is a client's as likely.
#[inline(always)]
pub fn note(ctx: &SockContext, address_be: impl FnOnce() -> [u32; 4]) {
    let Some(hearing) = HEARING.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: the context is that of the running program; the element outlives it, and is only read whole
    // words of.
    let (port, protocol, probe) =
        unsafe { ((*ctx.sock).src_port, (*ctx.sock).protocol, (*hearing).probe) };
    let is_well_known = port < PORTS as u32;
    if !is_well_known && probe == 0 {
        return;
    }
    // SAFETY: as above.
    let (namespace, cookie) =
        unsafe { (bpf_get_netns_cookie(ctx.as_ptr()), bpf_get_socket_cookie(ctx.as_ptr())) };
    // SAFETY: as above. Who set the probe is the only one to bind it.
    let (heard_of, hearers) = unsafe {
        if probe == cookie {
            (*hearing).namespace = namespace;
        }
        ((*hearing).namespace, (*hearing).hearers)
    };
    if !is_well_known || namespace != heard_of {
        return;
    }
    let Some(transport) = Transport::from_protocol(protocol as u8) else {
        return;
    };
    let port = port as u16;
    marks::set(transport, port, hearers);
    let record = || record(transport, port, cookie, address_be());
    match transport.info().visibility {
        SocketVisibility::Listen => {
            // SAFETY: without a value, what is made is all zero.
            let kept = unsafe {
                bpf_sk_storage_get(
                    (&raw const BOUND).cast_mut().cast(),
                    ctx.as_ptr(),
                    ptr::null_mut(),
                    BPF_SK_STORAGE_GET_F_CREATE.into(),
                )
            };
            match kept.cast::<BindRecord>() {
                kept if kept.is_null() => ring::lose(hearing),
                // SAFETY: the value outlives the program, and the socket is locked: nobody else reads it.
                kept => unsafe { kept.write(record()) },
            }
        }
        SocketVisibility::Bind => ring::tell(&record(), hearing),
        SocketVisibility::Listing => {}
    }
}

/// Takes note of a TCP socket that listens, where its bind was seen.
#[inline(always)]
pub fn note_listener(ctx: &SockOpsContext) {
    // SAFETY: the context is that of the running program.
    let (socket, port) = unsafe { ((*ctx.ops).__bindgen_anon_2.sk, (*ctx.ops).local_port) };
    if socket.is_null() {
        return;
    }
    // SAFETY: the socket is not null; without the flag, nothing is made.
    let kept = unsafe {
        bpf_sk_storage_get(
            (&raw const BOUND).cast_mut().cast(),
            socket.cast::<c_void>(),
            ptr::null_mut(),
            0,
        )
    };
    let Some(hearing) = HEARING.get_ptr_mut(0).filter(|_| !kept.is_null()) else {
        return;
    };
    // SAFETY: the value outlives the program, and only a bind of this very socket writes to it.
    let record = unsafe { kept.cast::<BindRecord>().read() };
    // It may have lost that port, and have another that is none of those.
    if port != u32::from(record.port) {
        return;
    }
    // SAFETY: the element outlives the program.
    marks::set(Transport::Tcp, record.port, unsafe { (*hearing).hearers });
    ring::tell(&record, hearing);
}

/// What is known of a socket, and of who binds it.
#[inline(always)]
fn record(transport: Transport, port: u16, cookie: u64, address_be: [u32; 4]) -> BindRecord {
    let who = bpf_get_current_pid_tgid();
    BindRecord {
        // SAFETY: the helper takes no arguments.
        boot_ns: unsafe { bpf_ktime_get_boot_ns() },
        cookie,
        // SAFETY: the helper takes no arguments.
        cgroup: unsafe { bpf_get_current_cgroup_id() },
        address_be,
        process: (who >> 32) as u32,
        thread: who as u32,
        uid: bpf_get_current_uid_gid() as u32,
        port,
        transport: transport as u8,
        reserved: 0,
        name: bpf_get_current_comm().unwrap_or_default(),
    }
}
