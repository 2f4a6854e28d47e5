//! IPv4, IPv6 and the extension headers.

use std::net::IpAddr;

use etherparse::{
    IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice,
    Ipv6RawExtHeaderSlice,
    err::{ip_auth, ipv4},
};
use port12_common::{Malformed, Outcome, TooDeep};

use super::{
    super::{answer::Answer, environment},
    Link, segment,
};

/// What IP says about a transport header.
#[derive(Clone, Copy)]
pub struct Carried<'a> {
    pub destination: IpAddr,
    /// The bytes that lie both in the frame and in the packet.
    pub bytes: &'a [u8],
    /// How long the packet says the transport header and its payload are, where it says so.
    pub promised: Option<usize>,
    /// Its VLAN tags are for the host.
    pub is_of_host: bool,
    /// More fragments follow this one, the first.
    pub is_first_fragment: bool,
}

pub fn v4(frame: &[u8], link: &Link) -> Answer {
    let header = match Ipv4HeaderSlice::from_slice(frame) {
        Ok(header) => header,
        Err(ipv4::HeaderSliceError::Len(error)) if error.required_len == 20 => {
            return Answer::malformed(Malformed::Ipv4Truncated);
        }
        Err(ipv4::HeaderSliceError::Content(ipv4::HeaderError::UnexpectedVersion { .. })) => {
            return Answer::malformed(Malformed::IpVersion);
        }
        Err(_) => return Answer::malformed(Malformed::Ipv4HeaderLength),
    };
    let header_length = header.slice().len();
    let promised = match usize::from(header.total_len()).checked_sub(header_length) {
        Some(length) => Some(length),
        None if header.total_len() == 0 => None,
        None => return Answer::malformed(Malformed::Ipv4TotalLength),
    };
    if header.fragments_offset().value() != 0 {
        return Answer::bare(Outcome::Fragment);
    }
    let carried = Carried {
        destination: header.destination_addr().into(),
        bytes: at_most(&frame[header_length..], promised),
        promised,
        is_of_host: link.is_of_host(),
        is_first_fragment: header.more_fragments(),
    };
    segment::answer(header.protocol().0, carried)
}

pub fn v6(frame: &[u8], link: &Link) -> Answer {
    // The version is looked at as soon as the first eight bytes are there.
    match frame {
        [first, _, _, _, _, _, _, _, ..] if first >> 4 != 6 => {
            return Answer::malformed(Malformed::IpVersion);
        }
        _ => {}
    }
    let Ok(header) = Ipv6HeaderSlice::from_slice(frame) else {
        return Answer::malformed(Malformed::Ipv6Truncated);
    };
    let promised = Some(usize::from(header.payload_length())).filter(|length| *length != 0);
    let carried = Carried {
        destination: header.destination_addr().into(),
        bytes: at_most(&frame[40..], promised),
        promised,
        is_of_host: link.is_of_host(),
        is_first_fragment: false,
    };
    let is_for_host = link.is_of_host() && environment::is_local(carried.destination);
    extensions(header.next_header().0, carried, is_for_host, 12)
}

/// Walks the extension headers, of which `left` more are allowed.
fn extensions(next: u8, carried: Carried<'_>, is_for_host: bool, left: usize) -> Answer {
    // The rest of the chain is in the next fragment: the packet itself ends here, not just the frame.
    let cut_before = |needed: usize| {
        carried.is_first_fragment && carried.promised.is_some_and(|promised| promised < needed)
    };
    let first_fragment = Answer::too_deep(TooDeep::ExtensionHeaders, is_for_host);
    let truncated = || {
        let needed = match carried.bytes {
            [_, units, _, _, _, _, _, _, ..] => length(next, *units),
            _ => 8,
        };
        let malformed = Answer::malformed(Malformed::Ipv6ExtensionTruncated);
        if cut_before(needed) { first_fragment } else { malformed }
    };
    let is_extension = [0, 43, 44, 51, 60, 135, 139, 140].contains(&next);
    if is_extension && left == 0 {
        return Answer::too_deep(TooDeep::ExtensionHeaders, is_for_host);
    }
    let (next, length, is_first_fragment) = match next {
        44 => {
            let Ok(header) = Ipv6FragmentHeaderSlice::from_slice(carried.bytes) else {
                return truncated();
            };
            if header.fragment_offset().value() != 0 {
                return Answer::bare(Outcome::Fragment);
            }
            (header.next_header().0, 8, carried.is_first_fragment || header.more_fragments())
        }
        51 => match authentication(carried.bytes) {
            Some((next, length)) => (next, length, carried.is_first_fragment),
            None => return truncated(),
        },
        _ if is_extension => match Ipv6RawExtHeaderSlice::from_slice(carried.bytes) {
            Ok(header) => (header.next_header().0, header.slice().len(), carried.is_first_fragment),
            Err(_) => return truncated(),
        },
        _ if cut_before(4) => return first_fragment,
        upper => return segment::answer(upper, carried),
    };
    let rest = Carried {
        bytes: &carried.bytes[length..],
        promised: carried.promised.map(|promised| promised - length),
        is_first_fragment,
        ..carried
    };
    extensions(next, rest, is_for_host, left - 1)
}

/// The bytes of an extension header by its second byte.
fn length(kind: u8, units: u8) -> usize {
    match kind {
        44 => 8,
        51 => ((usize::from(units) + 2) * 4).max(8),
        _ => (usize::from(units) + 1) * 8,
    }
}

/// The next header and the length of an authentication header.
fn authentication(bytes: &[u8]) -> Option<(u8, usize)> {
    match IpAuthHeaderSlice::from_slice(bytes) {
        Ok(header) => Some((header.next_header().0, header.slice().len())),
        Err(ip_auth::HeaderSliceError::Len(_) | ip_auth::HeaderSliceError::Content(_)) => {
            match bytes {
                [next, 0, _, _, _, _, _, _, ..] => Some((*next, 8)),
                _ => None,
            }
        }
    }
}

fn at_most(bytes: &[u8], length: Option<usize>) -> &[u8] {
    &bytes[..length.map_or(bytes.len(), |length| length.min(bytes.len()))]
}
