//! Transport headers, and the judgement on the port that they name.

use etherparse::{TcpHeaderSlice, UdpHeaderSlice, err::tcp};
use port12_common::{Malformed, Outcome, Shape, Transport, abi::Action};

use super::{
    super::{
        answer::{Answer, Segment},
        environment,
    },
    internet::Carried,
};

/// The answer for a transport header.
pub fn answer(protocol: u8, carried: Carried<'_>) -> Answer {
    let Some(transport) = Transport::ALL.into_iter().find(|known| known.protocol() == protocol)
    else {
        return Answer::bare(Outcome::OtherTransport);
    };
    let read = match transport {
        Transport::Tcp => tcp(carried),
        Transport::Udp | Transport::UdpLite => udp(transport, carried.bytes),
        Transport::Sctp => tiny(transport, carried).map_or_else(|| sctp(carried.bytes), Ok),
        Transport::Dccp => tiny(transport, carried).map_or_else(|| dccp(carried.bytes), Ok),
    };
    match read {
        Ok(segment) => judge(segment, carried),
        Err(reason) => Answer::malformed(reason),
    }
}

fn judge(segment: Segment, carried: Carried<'_>) -> Answer {
    let said = |outcome| Answer::about(segment, outcome);
    let action = match segment.port {
        1024.. => None,
        port => Some(environment::rule(segment.transport, port)),
    };
    let is_watched = matches!(action, Some(Action::Watch | Action::Drop { .. }));
    if segment.shape == Some(Shape::TinyFragment) && !is_watched {
        return Answer::malformed(match segment.transport {
            Transport::Tcp => Malformed::TcpTruncated,
            Transport::Udp | Transport::UdpLite => Malformed::UdpTruncated,
            Transport::Sctp => Malformed::SctpTruncated,
            Transport::Dccp => Malformed::DccpTruncated,
        });
    }
    let is_wanted = environment::has_socket(segment.transport, segment.port);
    let is_local = carried.is_of_host && environment::is_local(carried.destination);
    let is_group = environment::is_group(carried.destination);
    match (action, segment.shape) {
        (None, _) => said(Outcome::HighPort),
        (Some(Action::Assigned), _) => said(Outcome::Assigned),
        (Some(Action::Ignore), _) => said(Outcome::Ignored),
        (Some(_), None) => said(Outcome::Reply),
        (Some(_), Some(_)) if !is_local => said(Outcome::Transit),
        (Some(Action::Drop { enforce: true }), Some(_)) => said(Outcome::Dropped),
        (Some(_), Some(_)) if is_wanted => said(Outcome::LocalSocket),
        (Some(Action::Drop { enforce: false }), Some(_)) if is_group => said(Outcome::Probe),
        (Some(Action::Drop { enforce: false }), Some(_)) => said(Outcome::Dropped),
        (Some(Action::Watch), Some(_)) => said(Outcome::Probe),
    }
}

/// A first fragment of which Linux keeps no more than eight bytes.
fn tiny(transport: Transport, carried: Carried<'_>) -> Option<Segment> {
    let promises_no_kind = carried.promised.is_some_and(|promised| promised < 16);
    let is_tiny = carried.is_first_fragment && promises_no_kind && carried.bytes.len() >= 4;
    is_tiny.then(|| segment(transport, carried.bytes, Some(Shape::TinyFragment)))
}

fn tcp(carried: Carried<'_>) -> Result<Segment, Malformed> {
    let bytes = carried.bytes;
    if let Some(tiny) = tiny(Transport::Tcp, carried) {
        return Ok(tiny);
    }
    if carried.is_first_fragment && carried.promised.is_some_and(|promised| promised < 20) {
        return beheaded(bytes);
    }
    let Some(fixed) = bytes.get(..20) else {
        return Err(Malformed::TcpTruncated);
    };
    let mut without_options = fixed.to_vec();
    without_options[12] = 0x50;
    let header = match TcpHeaderSlice::from_slice(bytes) {
        Ok(header) => header,
        Err(tcp::HeaderSliceError::Len(_)) if carried.is_first_fragment => {
            TcpHeaderSlice::from_slice(&without_options).expect("20 bytes with no options")
        }
        Err(tcp::HeaderSliceError::Len(_) | tcp::HeaderSliceError::Content(_)) => {
            return Err(Malformed::TcpDataOffset);
        }
    };
    let (source_port, port) = (header.source_port(), header.destination_port());
    Ok(Segment { transport: Transport::Tcp, source_port, port, shape: tcp_shape(&header) })
}

/// A first fragment with the flags of a TCP header, and less than all of it.
fn beheaded(bytes: &[u8]) -> Result<Segment, Malformed> {
    let mut whole = [0; 20];
    let Some(start) = bytes.get(..14) else {
        return Err(Malformed::TcpTruncated);
    };
    whole[..14].copy_from_slice(start);
    if whole[12] < 0x50 {
        return Err(Malformed::TcpDataOffset);
    }
    whole[12] = 0x50;
    let header = TcpHeaderSlice::from_slice(&whole).expect("20 bytes with no options");
    let (source_port, port) = (header.source_port(), header.destination_port());
    Ok(Segment { transport: Transport::Tcp, source_port, port, shape: tcp_shape(&header) })
}

fn tcp_shape(header: &TcpHeaderSlice<'_>) -> Option<Shape> {
    let starts = !header.ack() && !header.rst();
    starts.then(|| match (header.syn(), header.fin(), header.psh(), header.urg()) {
        (true, false, false, false) => Shape::TcpSyn,
        (false, false, false, false) => Shape::TcpNull,
        (false, true, false, false) => Shape::TcpFin,
        (false, true, true, true) => Shape::TcpXmas,
        _ => Shape::TcpOther,
    })
}

fn udp(transport: Transport, bytes: &[u8]) -> Result<Segment, Malformed> {
    let header = UdpHeaderSlice::from_slice(bytes).map_err(|_| Malformed::UdpTruncated)?;
    let (source_port, port) = (header.source_port(), header.destination_port());
    Ok(Segment { transport, source_port, port, shape: Some(Shape::Datagram) })
}

fn sctp(bytes: &[u8]) -> Result<Segment, Malformed> {
    let chunk = bytes.get(12..16).ok_or(Malformed::SctpTruncated)?;
    let is_init = chunk[0] == 1;
    Ok(segment(Transport::Sctp, bytes, is_init.then_some(Shape::SctpInit)))
}

fn dccp(bytes: &[u8]) -> Result<Segment, Malformed> {
    let fixed = bytes.get(..12).ok_or(Malformed::DccpTruncated)?;
    let is_request = fixed[8] & 0b0001_1110 == 0;
    Ok(segment(Transport::Dccp, bytes, is_request.then_some(Shape::DccpRequest)))
}

/// The ports are in the same place everywhere.
fn segment(transport: Transport, bytes: &[u8], shape: Option<Shape>) -> Segment {
    let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    Segment { transport, source_port: port(0), port: port(2), shape }
}
