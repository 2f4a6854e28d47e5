//! What `RTM_GETLINK` says of an interface's XDP program.

use std::io;

use anyhow::{Context as _, Result, bail};

use super::{index, raw, socket};

const IFLA_XDP: u16 = 43;
const IFLA_XDP_ATTACHED: u16 = 2;
const IFLA_XDP_PROG_ID: u16 = 4;

const NLMSG_HEADER: usize = 16;
const IFINFOMSG: usize = 16;

/// How a program is attached: `XDP_ATTACHED_*` of the kernel's `if_link.h`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attachment {
    /// None is.
    None,
    /// By the driver, with the program's id.
    Native(u32),
    /// By the stack, with the program's id.
    Generic(u32),
    /// Another way, with the kernel's number for it.
    Other(u8),
}

/// What is attached to an interface.
pub fn attachment(name: &str) -> Result<Attachment> {
    let reply = get_link(index(name)?).with_context(|| format!("RTM_GETLINK of {name} failed"))?;
    let attributes = reply.get(NLMSG_HEADER + IFINFOMSG..).unwrap_or_default();
    let Some(xdp) = attribute(attributes, IFLA_XDP) else {
        return Ok(Attachment::None);
    };
    let mode = attribute(xdp, IFLA_XDP_ATTACHED).and_then(|value| value.first().copied());
    let id = attribute(xdp, IFLA_XDP_PROG_ID)
        .and_then(|value| value.get(..4))
        .map_or(0, |value| u32::from_ne_bytes([value[0], value[1], value[2], value[3]]));
    Ok(match mode.unwrap_or(0) {
        0 => Attachment::None,
        1 => Attachment::Native(id),
        2 => Attachment::Generic(id),
        other => Attachment::Other(other),
    })
}

fn get_link(index: u32) -> Result<Vec<u8>> {
    let socket = socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)?;
    let mut request = Vec::with_capacity(NLMSG_HEADER + IFINFOMSG);
    request.extend(((NLMSG_HEADER + IFINFOMSG) as u32).to_ne_bytes());
    request.extend(libc::RTM_GETLINK.to_ne_bytes());
    request.extend((libc::NLM_F_REQUEST as u16).to_ne_bytes());
    request.extend([0; 8 + 4]);
    request.extend(index.to_ne_bytes());
    request.extend([0; 8]);
    let mut reply = vec![0; 32 * 1024];
    // SAFETY: both buffers outlive the calls, and their lengths are theirs.
    let received = unsafe {
        if libc::send(raw(&socket), request.as_ptr().cast(), request.len(), 0) < 0 {
            return Err(io::Error::last_os_error().into());
        }
        libc::recv(raw(&socket), reply.as_mut_ptr().cast(), reply.len(), 0)
    };
    let Ok(received) = usize::try_from(received) else {
        return Err(io::Error::last_os_error().into());
    };
    reply.truncate(received);
    let kind = reply.get(4..6).map(|kind| u16::from_ne_bytes([kind[0], kind[1]]));
    if kind != Some(libc::RTM_NEWLINK) {
        bail!("the kernel answered with message type {kind:?}");
    }
    Ok(reply)
}

/// The value of an attribute among others.
fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let header = attributes.get(..4)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & libc::NLA_TYPE_MASK as u16;
        if kind == wanted {
            return attributes.get(4..length);
        }
        // An attribute of under 4 bytes would never end the loop.
        attributes = attributes.get(length.max(4).next_multiple_of(4)..)?;
    }
}
