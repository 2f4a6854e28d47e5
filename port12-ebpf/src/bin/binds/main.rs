//! port12's programs at `bind` and `listen`: they see a socket before user space can list it.
//!
//! None of them refuses anything: each returns [`ALLOW`], whatever it finds.
#![no_std]
#![no_main]
#![expect(
    missing_docs,
    reason = "the entry points' wrappers come from a macro that documents none"
)]

mod bound;
mod maps;
mod marks;
mod ring;

use aya_ebpf::{
    bindings::BPF_SOCK_OPS_TCP_LISTEN_CB,
    macros::{cgroup_sock, sock_ops},
    programs::{SockContext, SockOpsContext},
};

port12_ebpf::licence!();

/// What lets a bind go on.
const ALLOW: i32 = 1;

/// `::ffff:0:0/96` (RFC 4291 section 2.5.5.2).
const MAPPED_BE: u32 = 0xffff_u32.to_be();

/// A bind of an IPv4 socket that has its port (kernel 4.17, by `bpf_link` 5.7).
#[cgroup_sock(post_bind4)]
pub fn port12_bind4(ctx: SockContext) -> i32 {
    // SAFETY: the context is that of the running program, which may read the address at this hook.
    bound::note(&ctx, || unsafe { [0, 0, MAPPED_BE, (*ctx.sock).src_ip4] });
    ALLOW
}

/// A bind of an IPv6 socket that has its port (kernel 4.17, by `bpf_link` 5.7).
#[cgroup_sock(post_bind6)]
pub fn port12_bind6(ctx: SockContext) -> i32 {
    // Word by word: the kernel takes no pointer into the context, which copying the array would make.
    let word = |index: usize| {
        // SAFETY: as above, and the index is within the array.
        unsafe { (&raw const (*ctx.sock).src_ip6).cast::<u32>().add(index).read_volatile() }
    };
    bound::note(&ctx, || [word(0), word(1), word(2), word(3)]);
    ALLOW
}

/// A TCP socket that has begun to listen (kernel 4.19), and much else that is let go by. The field for an
/// answer stays as it is.
#[sock_ops]
pub fn port12_listen(ctx: SockOpsContext) -> u32 {
    if ctx.op() == BPF_SOCK_OPS_TCP_LISTEN_CB {
        bound::note_listener(&ctx);
    }
    ALLOW as u32
}
