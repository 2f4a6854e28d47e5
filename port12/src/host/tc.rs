//! Programs on packets that leave, as filters of the qdisc `clsact` (kernel 4.5): what there is before TCX.

use std::os::fd::{AsRawFd as _, BorrowedFd};

use netlink_packet_core::{DecodeError, NLA_F_NESTED};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::{
    HostError,
    netlink::{Request, Scope, attributes, behind, number, push_attribute, text},
};

/// `sizeof(struct tcmsg)` (linux/rtnetlink.h).
pub(super) const FIXED: usize = 20;

// linux/pkt_sched.h: the qdisc, its place, and the places of its filters.
const CLSACT_HANDLE: u32 = 0xffff_0000;
pub(super) const CLSACT: u32 = 0xffff_fff1;
pub(super) const INGRESS: u32 = 0xffff_fff2;
pub(super) const EGRESS: u32 = 0xffff_fff3;

// linux/rtnetlink.h.
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_INGRESS_BLOCK: u16 = 13;
const TCA_EGRESS_BLOCK: u16 = 14;

// linux/pkt_cls.h.
const TCA_BPF_FD: u16 = 6;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_FLAGS: u16 = 8;
const TCA_BPF_ID: u16 = 11;
const TCA_BPF_FLAG_ACT_DIRECT: u32 = 1;

/// A filter of packets that leave by an interface, which runs a program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Filter {
    /// The interface's index.
    pub interface: u32,
    /// Handle among filters of its priority.
    pub handle: u32,
    /// The program's name, as whoever attached it has it.
    pub name: String,
    /// The program's id.
    pub program: Option<u32>,
    /// Its priority, and the protocol of the packets that it takes.
    info: u32,
}

/// The head of a message about queueing.
pub(super) fn head(interface: u32, handle: u32, parent: u32, info: u32) -> Vec<u8> {
    let mut payload = vec![0; 4];
    for word in [interface, handle, parent, info] {
        payload.extend(word.to_ne_bytes());
    }
    payload
}

/// The words of the head of an answer behind the address family.
pub(super) fn words(message: &[u8]) -> Option<[u32; 4]> {
    let mut words = message.get(4..FIXED)?.chunks_exact(4);
    let mut next = || Some(u32::from_ne_bytes(words.next()?.try_into().ok()?));
    Some([next()?, next()?, next()?, next()?])
}

pub(super) fn request<T>(
    (kind, what): (u16, &'static str),
    scope: Scope,
    payload: &[u8],
    read: impl FnMut(&[u8]) -> Result<Option<T>, DecodeError>,
) -> Result<Vec<T>, HostError> {
    Request { protocol: NETLINK_ROUTE, kind, scope, payload, what }.ask(read)
}

pub(super) const QDISCS: &str = "qdiscs";
pub(super) const FILTERS: &str = "tc filters";

/// Qdisc in the place of `clsact`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// It is, and was made just now.
    Made,
    /// It is, and was there.
    There,
    /// The qdisc `ingress`, whose filters would see what comes in.
    Taken,
}

/// Makes the qdisc where it is not there.
///
/// # Errors
///
/// Where the kernel refuses.
pub fn add_clsact(interface: u32) -> Result<Place, HostError> {
    let mut payload = head(interface, CLSACT_HANDLE, CLSACT, 0);
    push_attribute(&mut payload, TCA_KIND, b"clsact\0");
    let made = request::<()>((libc::RTM_NEWQDISC, QDISCS), Scope::Create, &payload, |_| Ok(None));
    match made {
        Ok(_) => Ok(Place::Made),
        Err(error) => match qdisc(interface)? {
            Some(found) if found.kind == "clsact" => Ok(Place::There),
            Some(_) => Ok(Place::Taken),
            None => Err(error),
        },
    }
}

/// Takes the qdisc off where nobody has a filter, or a block of filters, in it. Whether it did.
///
/// # Errors
///
/// Where the kernel refuses.
pub fn remove_unused_clsact(interface: u32) -> Result<bool, HostError> {
    let is_plain = qdisc(interface)?.is_some_and(|it| it.kind == "clsact" && !it.shares);
    if !is_plain || has_filters(interface, INGRESS)? || has_filters(interface, EGRESS)? {
        return Ok(false);
    }
    let mut payload = head(interface, CLSACT_HANDLE, CLSACT, 0);
    push_attribute(&mut payload, TCA_KIND, b"clsact\0");
    request::<()>((libc::RTM_DELQDISC, QDISCS), Scope::Single, &payload, |_| Ok(None))?;
    Ok(true)
}

/// A qdisc in the place of `clsact`.
struct Qdisc {
    kind: String,
    /// Whether it has a block of filters that others have, too.
    shares: bool,
}

/// The qdisc that an interface has in the place of `clsact`.
fn qdisc(interface: u32) -> Result<Option<Qdisc>, HostError> {
    let payload = head(interface, 0, 0, 0);
    let found = request((libc::RTM_GETQDISC, QDISCS), Scope::List, &payload, |message| {
        let mut qdisc = Qdisc { kind: String::new(), shares: false };
        for attribute in attributes(behind(message, FIXED)?) {
            match attribute? {
                (TCA_KIND, kind) => qdisc.kind = text(kind),
                (TCA_INGRESS_BLOCK | TCA_EGRESS_BLOCK, _) => qdisc.shares = true,
                _ => {}
            }
        }
        let is_it = |[index, _, parent, _]: [u32; 4]| index == interface && parent == CLSACT;
        Ok(words(message).is_some_and(is_it).then_some(qdisc))
    })?;
    Ok(found.into_iter().next())
}

fn has_filters(interface: u32, parent: u32) -> Result<bool, HostError> {
    let payload = head(interface, 0, parent, 0);
    let found = request((libc::RTM_GETTFILTER, FILTERS), Scope::List, &payload, |_| Ok(Some(())))?;
    Ok(!found.is_empty())
}

/// The filters of packets that leave by an interface which run a program.
///
/// # Errors
///
/// Where the kernel refuses, or garbles the list. An interface without the qdisc, and a kernel without filters, has
/// none.
pub fn programs(interface: u32) -> Result<Vec<Filter>, HostError> {
    let payload = head(interface, 0, EGRESS, 0);
    let listed = request((libc::RTM_GETTFILTER, FILTERS), Scope::List, &payload, read);
    match listed {
        Err(error) if error.is_invalid() || error.is_unsupported() => Ok(Vec::new()),
        listed => listed,
    }
}

/// The first priority that filters of packets that leave by an interface have.
fn first_priority(interface: u32) -> Result<Option<u16>, HostError> {
    let payload = head(interface, 0, EGRESS, 0);
    let priority = |[_, _, _, info]: [u32; 4]| (info >> 16) as u16;
    let listed = request((libc::RTM_GETTFILTER, FILTERS), Scope::List, &payload, |message| {
        Ok(words(message).map(priority).filter(|&it| it != 0))
    })?;
    Ok(listed.into_iter().min())
}

/// Reads a filter; `None` for one that runs no program, such as the head of a priority.
fn read(message: &[u8]) -> Result<Option<Filter>, DecodeError> {
    let rest = behind(message, FIXED)?;
    let (mut is_bpf, mut name, mut program) = (false, None, None);
    for attribute in attributes(rest) {
        match attribute? {
            (TCA_KIND, kind) => is_bpf = text(kind) == "bpf",
            (TCA_OPTIONS, options) => {
                for option in attributes(options) {
                    match option? {
                        (TCA_BPF_NAME, value) => name = Some(text(value)),
                        (TCA_BPF_ID, value) => program = Some(number(value)?),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let filter = |[interface, handle, _, info]: [u32; 4]| {
        let name = name.filter(|_| is_bpf && handle != 0)?;
        Some(Filter { interface, handle, name, program, info })
    };
    Ok(words(message).and_then(filter))
}

/// Puts a program before all filters of packets that leave by an interface, under a name and with a handle. Nothing
/// comes before priority 1: of the programs there it is the first, and where there is anything else, it comes behind.
///
/// # Errors
///
/// Where the kernel refuses, such as where the qdisc is not there.
pub fn add_program_first(
    interface: u32,
    program: BorrowedFd<'_>,
    name: &str,
    handle: u32,
) -> Result<(), HostError> {
    let first = first_priority(interface)?.map_or(0, |first| (first - 1).max(1));
    match add_program(interface, program, name, handle, first) {
        Err(error) if first != 0 && error.is_invalid() => {
            add_program(interface, program, name, handle, 0)
        }
        added => added,
    }
}

/// Puts a program among the filters of packets that leave by an interface, before the other programs of its
/// priority. Where that is 0, the kernel finds one, which it looks for behind all below 0x8000.
///
/// # Errors
///
/// Where the kernel refuses, such as where the qdisc is not there.
pub fn add_program(
    interface: u32,
    program: BorrowedFd<'_>,
    name: &str,
    handle: u32,
    priority: u16,
) -> Result<(), HostError> {
    // `ETH_P_ALL`, in network byte order.
    let protocol = u32::from((libc::ETH_P_ALL as u16).to_be());
    let info = u32::from(priority) << 16 | protocol;
    let mut payload = head(interface, handle, EGRESS, info);
    push_attribute(&mut payload, TCA_KIND, b"bpf\0");
    let mut options = Vec::new();
    push_attribute(&mut options, TCA_BPF_FD, &program.as_raw_fd().to_ne_bytes());
    push_attribute(&mut options, TCA_BPF_NAME, &[name.as_bytes(), &[0]].concat());
    push_attribute(&mut options, TCA_BPF_FLAGS, &TCA_BPF_FLAG_ACT_DIRECT.to_ne_bytes());
    push_attribute(&mut payload, TCA_OPTIONS | NLA_F_NESTED, &options);
    request::<()>((libc::RTM_NEWTFILTER, FILTERS), Scope::Create, &payload, |_| Ok(None)).map(drop)
}

/// Takes a filter off, and no other.
///
/// # Errors
///
/// Where the kernel refuses: it is not there.
pub fn remove_program(filter: &Filter) -> Result<(), HostError> {
    let mut payload = head(filter.interface, filter.handle, EGRESS, filter.info);
    push_attribute(&mut payload, TCA_KIND, b"bpf\0");
    request::<()>((libc::RTM_DELTFILTER, FILTERS), Scope::Single, &payload, |_| Ok(None)).map(drop)
}
