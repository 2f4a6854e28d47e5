//! One question to the kernel over netlink, and its whole answer.

use std::{fs, io};

use netlink_packet_core::{
    DecodeError, NLA_TYPE_MASK, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL,
    NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, NetlinkBuffer, NlasIterator,
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use super::HostError;

/// Larger than any message of a dump: the kernel fills at most 32 KiB.
const BUFFER: usize = 64 << 10;

/// `sizeof(struct nlmsghdr)` (linux/netlink.h).
const HEADER: usize = 16;

/// How often a list that changes under the reader is read.
const ATTEMPTS: usize = 10;

/// Whether a list or a single object is asked for, or one is to be made that is not there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    List,
    Single,
    Create,
}

/// A question.
pub(super) struct Request<'a> {
    /// The netlink protocol, `NETLINK_*`.
    pub(super) protocol: isize,
    /// The message type.
    pub(super) kind: u16,
    pub(super) scope: Scope,
    /// The message behind the netlink header.
    pub(super) payload: &'a [u8],
    /// Requested objects, for error messages: a plural.
    pub(super) what: &'static str,
}

enum Progress {
    More,
    Complete,
}

/// Result of one attempt.
struct Answer<T> {
    items: Vec<T>,
    interrupted: bool,
}

impl Request<'_> {
    /// Asks, and reads each message of the answer. A list that changed while it was read
    /// (`NLM_F_DUMP_INTR`) is read again.
    pub(super) fn ask<T>(
        &self,
        mut read: impl FnMut(&[u8]) -> Result<Option<T>, DecodeError>,
    ) -> Result<Vec<T>, HostError> {
        for _ in 0..ATTEMPTS {
            let answer = self.attempt(&mut read)?;
            if !answer.interrupted {
                return Ok(answer.items);
            }
        }
        Err(HostError::Unsteady { what: self.what, attempts: ATTEMPTS })
    }

    fn attempt<T>(
        &self,
        read: &mut impl FnMut(&[u8]) -> Result<Option<T>, DecodeError>,
    ) -> Result<Answer<T>, HostError> {
        let socket = self.open()?;
        let mut answer = Answer { items: Vec::new(), interrupted: false };
        let mut buffer = Vec::with_capacity(BUFFER);
        loop {
            buffer.clear();
            let length = match socket.recv(&mut buffer, libc::MSG_TRUNC) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                received => received.map_err(|source| self.unasked(source))?,
            };
            if length > buffer.len() {
                return Err(self.unreadable(format!("a message of {length} bytes")));
            }
            if let Progress::Complete = self.read_messages(&buffer, &mut answer, read)? {
                return Ok(answer);
            }
        }
    }

    /// A socket that was asked. It is connected to the kernel, which keeps others from answering.
    fn open(&self) -> Result<Socket, HostError> {
        let socket = Socket::new(self.protocol).map_err(|source| {
            let is_absent = source.raw_os_error() == Some(libc::EPROTONOSUPPORT)
                && !may_be_registered(self.protocol);
            if is_absent { self.refused(source) } else { self.unasked(source) }
        })?;
        self.send(&socket).map_err(|source| self.unasked(source))?;
        Ok(socket)
    }

    fn send(&self, socket: &Socket) -> io::Result<()> {
        if self.protocol == NETLINK_ROUTE {
            // Strict checking (4.20) is what makes the kernel honour the filters of a route dump.
            socket.set_netlink_get_strict_chk(true)?;
        }
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.send(&self.message(), 0).map(drop)
    }

    fn message(&self) -> Vec<u8> {
        let length = HEADER + self.payload.len();
        let mut message = vec![0; HEADER];
        message.extend_from_slice(self.payload);
        let mut header = NetlinkBuffer::new(&mut message);
        header.set_length(length as u32);
        header.set_message_type(self.kind);
        header.set_flags(match self.scope {
            Scope::List => NLM_F_REQUEST | NLM_F_DUMP,
            Scope::Single => NLM_F_REQUEST | NLM_F_ACK,
            Scope::Create => NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
        });
        header.set_sequence_number(1);
        message
    }

    fn read_messages<T>(
        &self,
        mut rest: &[u8],
        answer: &mut Answer<T>,
        read: &mut impl FnMut(&[u8]) -> Result<Option<T>, DecodeError>,
    ) -> Result<Progress, HostError> {
        while !rest.is_empty() {
            let message = NetlinkBuffer::new_checked(rest)
                .map_err(|error| self.unreadable(error.to_string()))?;
            answer.interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
            match message.message_type() {
                NLMSG_NOOP => {}
                // The error of a dump that was under way travels in its last message.
                NLMSG_DONE | NLMSG_ERROR => {
                    return self.conclude(message.payload()).map(|()| Progress::Complete);
                }
                NLMSG_OVERRUN => return Err(self.unreadable("data was lost".to_owned())),
                _ => answer.items.extend(
                    read(message.payload()).map_err(|error| self.unreadable(error.to_string()))?,
                ),
            }
            let length = (message.length() as usize).next_multiple_of(4);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(Progress::More)
    }

    fn conclude(&self, payload: &[u8]) -> Result<(), HostError> {
        let code = payload.first_chunk().copied().map_or(0, i32::from_ne_bytes);
        match code {
            0.. => Ok(()),
            _ => Err(self.refused(io::Error::from_raw_os_error(code.saturating_neg()))),
        }
    }

    fn refused(&self, source: io::Error) -> HostError {
        HostError::Refused { what: self.what, source }
    }

    fn unasked(&self, source: io::Error) -> HostError {
        HostError::Unasked { what: self.what, source }
    }

    fn unreadable(&self, detail: String) -> HostError {
        HostError::Unreadable { what: self.what, detail }
    }
}

/// Whether the kernel may have a netlink protocol: its own socket is listed, or the list cannot be read.
/// A seccomp filter may answer like a kernel without the protocol.
fn may_be_registered(protocol: isize) -> bool {
    let listed = |line: &str| line.split_whitespace().nth(1) == Some(&protocol.to_string());
    fs::read_to_string("/proc/thread-self/net/netlink")
        .map_or(true, |sockets| sockets.lines().any(listed))
}

/// The attributes of a message, each with its type and value. Reading them one by one, rather
/// than decoding all, keeps an attribute that a later kernel adds or widens from mattering.
pub(super) fn attributes(bytes: &[u8]) -> impl Iterator<Item = Result<(u16, &[u8]), DecodeError>> {
    NlasIterator::new(bytes).map(move |attribute| {
        let attribute = attribute?;
        let value = attribute.into_inner();
        let length = usize::from(u16::from_ne_bytes([value[0], value[1]]));
        Ok((u16::from_ne_bytes([value[2], value[3]]) & NLA_TYPE_MASK, &value[4..length]))
    })
}

/// The bytes of a message behind its fixed part.
pub(super) fn behind(message: &[u8], fixed: usize) -> Result<&[u8], DecodeError> {
    message.get(fixed..).ok_or_else(|| DecodeError::buffer_too_small(message.len(), fixed))
}

/// Appends an attribute to a request.
pub(super) fn push_attribute(payload: &mut Vec<u8>, kind: u16, value: &[u8]) {
    payload.extend_from_slice(&((value.len() + 4) as u16).to_ne_bytes());
    payload.extend_from_slice(&kind.to_ne_bytes());
    payload.extend_from_slice(value);
    payload.resize(payload.len().next_multiple_of(4), 0);
}

/// A string attribute, without its terminator.
pub(super) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// A 32-bit attribute in the host's byte order.
pub(super) fn number(value: &[u8]) -> Result<u32, DecodeError> {
    netlink_packet_core::parse_u32(value)
}

#[cfg(test)]
mod tests;
