//! From a frame to its one outcome.

use crate::{
    Frame, Malformed, Outcome, Shape, Transport,
    abi::{Action, HostTable, Policy, TransitPolicy},
    frame::first,
    parse::{
        self, Layer, Packet, Part, Stop, UNBOUNDED, Version,
        segment::{self, Segment},
    },
};

/// The addresses of a packet, network byte order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Addresses {
    /// IPv4.
    V4 {
        /// Where the packet says it comes from.
        source_be: u32,
        /// Where it goes.
        destination_be: u32,
    },
    /// IPv6.
    V6 {
        /// Where the packet says it comes from.
        source_be: [u32; 4],
        /// Where it goes.
        destination_be: [u32; 4],
    },
}

/// What a socket look-up needs: a conversation start and its addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flow {
    /// TCP or UDP: the kernel can look up no other sockets.
    pub transport: Transport,
    /// Source and destination.
    pub addresses: Addresses,
    /// The source port.
    pub source_port: u16,
    /// The destination port.
    pub port: u16,
}

/// What is known about a local socket for a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Socket {
    /// There is none.
    None,
    /// A listener, or an unconnected socket.
    Bound,
    /// A socket connected to the source.
    Connected,
    /// It cannot be known; a would-be drop is passed.
    Unknown,
}

/// Asks the network namespace for the socket that would receive a flow.
pub trait Lookup {
    /// The socket for a TCP or UDP flow. It need not know of sockets that are bound to another
    /// device or address.
    fn socket(&self, flow: &Flow) -> Socket;
}

/// A host without sockets beyond those in the [`HostTable`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLookup;

impl Lookup for NoLookup {
    fn socket(&self, _: &Flow) -> Socket {
        Socket::None
    }
}

/// Everything but the frame that an outcome depends on. Each part is asked for where it is
/// needed: most frames need none, and in the kernel each costs a nanosecond.
pub trait Environment {
    /// The policy in force.
    fn policy(&self) -> Option<&Policy>;

    /// The host's sockets and addresses.
    fn host(&self) -> Option<&HostTable>;

    /// Jiffies.
    fn now(&self) -> u64;

    /// See [`Lookup::socket`].
    fn socket(&self, flow: &Flow) -> Socket;
}

/// An [`Environment`] at hand.
#[derive(Clone, Copy)]
pub struct Tables<'a, L> {
    /// What to do about each port.
    pub policy: &'a Policy,
    /// The host's sockets and addresses.
    pub host: &'a HostTable,
    /// Jiffies.
    pub now: u64,
    /// The namespace's sockets.
    pub lookup: L,
}

impl<L: Lookup> Environment for Tables<'_, L> {
    fn policy(&self) -> Option<&Policy> {
        Some(self.policy)
    }

    fn host(&self) -> Option<&HostTable> {
        Some(self.host)
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn socket(&self, flow: &Flow) -> Socket {
        self.lookup.socket(flow)
    }
}

/// A frame's outcome, and what was read on the way to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The outcome.
    pub outcome: Outcome,
    /// Why, for [`Outcome::Malformed`].
    pub reason: Option<Malformed>,
    /// The transport, where the frame was read as far as its ports.
    pub transport: Option<Transport>,
    /// The source port, where `transport` is known; 0 elsewhere.
    pub source_port: u16,
    /// The destination port, where `transport` is known; 0 elsewhere.
    pub port: u16,
    /// How the conversation starts, where it was asked.
    pub shape: Option<Shape>,
    /// The end of the packet by its own length field, in bytes from the start of the frame;
    /// beyond [`UNBOUNDED`] where it has none or was not read.
    pub end: usize,
}

impl Finding {
    #[inline(always)]
    const fn at_network(outcome: Outcome, end: usize) -> Self {
        Self { outcome, reason: None, transport: None, source_port: 0, port: 0, shape: None, end }
    }

    #[inline(always)]
    const fn malformed(reason: Malformed, end: usize) -> Self {
        Self { reason: Some(reason), ..Self::at_network(Outcome::Malformed, end) }
    }
}

/// Whether a finding over the linear part of a multi-buffer frame may be owed to headers that
/// lie outside of it: the frame is to be classified again through a reader that reaches them.
#[inline(always)]
pub fn may_hide_headers(finding: &Finding) -> bool {
    finding.outcome == Outcome::Malformed
}

/// Decides what becomes of a frame. The checks stand in the order of precedence of the outcomes.
#[inline(always)]
pub fn classify<F: Frame, E: Environment>(frame: &F, layer: Layer, environment: &E) -> Finding {
    classify_then(frame, layer, environment, &Itself)
}

/// What is to be done about a finding.
pub trait Conclude {
    /// What comes of it.
    type End;

    /// Acts upon a finding.
    fn conclude(&self, finding: Finding) -> Self::End;
}

/// The finding is the end.
struct Itself;

impl Conclude for Itself {
    type End = Finding;

    fn conclude(&self, finding: Finding) -> Finding {
        finding
    }
}

/// Decides what becomes of a frame, and concludes at the very place where it is decided: what is
/// known there of the finding, the kernel program need not carry along and look at again.
#[inline(always)]
pub fn classify_then<F: Frame, E: Environment, C: Conclude>(
    frame: &F,
    layer: Layer,
    environment: &E,
    then: &C,
) -> C::End {
    let packet = match parse::packet(frame, layer) {
        Ok(packet) => packet,
        Err(Stop::NotIp) => return then.conclude(Finding::at_network(Outcome::NotIp, UNBOUNDED)),
        Err(Stop::Malformed(reason)) => {
            return then.conclude(Finding::malformed(reason, UNBOUNDED));
        }
    };
    if packet.part == Part::Later {
        return then.conclude(Finding::at_network(Outcome::Fragment, packet.end));
    }
    match Transport::from_protocol(packet.protocol) {
        Some(transport) => classify_segment(frame, &packet, transport, environment, then),
        None => then.conclude(Finding::at_network(Outcome::OtherTransport, packet.end)),
    }
}

#[inline(always)]
fn classify_segment<F: Frame, E: Environment, C: Conclude>(
    frame: &F,
    packet: &Packet,
    transport: Transport,
    environment: &E,
    then: &C,
) -> C::End {
    let segment = match segment::segment(frame, packet, transport) {
        Ok(segment) => segment,
        Err(reason) => return then.conclude(Finding::malformed(reason, packet.end)),
    };
    let found = |outcome| Finding {
        outcome,
        reason: None,
        transport: Some(transport),
        source_port: segment.source_port,
        port: segment.port,
        shape: segment.shape,
        end: packet.end,
    };
    let tiny = segment.shape == Some(Shape::TinyFragment);
    let unwatched = |outcome| match tiny {
        true => Finding::malformed(Malformed::TcpTruncated, packet.end),
        false => found(outcome),
    };
    if segment.port > 1023 {
        return then.conclude(unwatched(Outcome::HighPort));
    }
    // Without a policy nothing is watched.
    let Some(policy) = environment.policy() else {
        return then.conclude(unwatched(Outcome::Assigned));
    };
    let action = policy.action(transport, segment.port);
    match action {
        Action::Assigned => return then.conclude(unwatched(Outcome::Assigned)),
        Action::Ignore => return then.conclude(unwatched(Outcome::Ignored)),
        Action::Watch | Action::Drop { .. } => {}
    }
    if segment.shape.is_none() {
        return then.conclude(found(Outcome::Reply));
    }
    let start = Start { frame, packet, transport, segment: &segment };
    match environment.host() {
        Some(host) => then.conclude(found(judge(&start, action, policy, host, environment))),
        None => then.conclude(found(Outcome::Probe)),
    }
}

/// A conversation start with a watched port.
struct Start<'a, F> {
    frame: &'a F,
    packet: &'a Packet,
    transport: Transport,
    segment: &'a Segment,
}

impl<F: Frame> Start<'_, F> {
    /// Whether the host takes in the destination. What cannot be read is taken in.
    #[inline(always)]
    fn is_local(&self, host: &HostTable) -> Option<bool> {
        let local = &host.local[(host.active & 1) as usize];
        Some(match self.version()? {
            Version::V4 => local.contains_v4(v4(self.frame, self.packet.network + 16)?),
            Version::V6 => local.contains_v6(v6(self.frame, self.packet.network + 24)?),
        })
    }

    /// Whether the destination is multicast or the limited broadcast. What cannot be read is.
    #[inline(always)]
    fn is_group(&self) -> bool {
        let network = self.packet.network;
        let lead = |offset| Some(first(self.frame.words::<1>(network + offset)?[0]));
        match self.version() {
            Some(Version::V4) => lead(16).is_none_or(|lead| lead >= 224),
            Some(Version::V6) => lead(24).is_none_or(|lead| lead == 0xff),
            None => true,
        }
    }

    #[inline(always)]
    fn flow(&self) -> Option<Flow> {
        let network = self.packet.network;
        let addresses = match self.version()? {
            Version::V4 => Addresses::V4 {
                source_be: v4(self.frame, network + 12)?,
                destination_be: v4(self.frame, network + 16)?,
            },
            Version::V6 => Addresses::V6 {
                source_be: v6(self.frame, network + 8)?,
                destination_be: v6(self.frame, network + 24)?,
            },
        };
        let Segment { source_port, port, .. } = *self.segment;
        Some(Flow { transport: self.transport, addresses, source_port, port })
    }

    /// The version of an IP header that was read as what its EtherType says. It is read again
    /// rather than remembered: what is remembered, the kernel's verifier walks two ways with
    /// through everything in between.
    #[inline(always)]
    fn version(&self) -> Option<Version> {
        let [lead] = self.frame.words::<1>(self.packet.network)?;
        Some(if first(lead) >> 4 == 4 { Version::V4 } else { Version::V6 })
    }
}

/// The IPv4 address at an offset.
#[inline(always)]
fn v4<F: Frame>(frame: &F, offset: usize) -> Option<u32> {
    let [a, b] = frame.words::<2>(offset)?;
    Some(join(a, b))
}

/// The IPv6 address at an offset.
#[inline(always)]
fn v6<F: Frame>(frame: &F, offset: usize) -> Option<[u32; 4]> {
    let [a, b, c, d, e, f, g, h] = frame.words::<8>(offset)?;
    Some([join(a, b), join(c, d), join(e, f), join(g, h)])
}

/// Two words in network byte order as the number they are in memory.
#[inline(always)]
const fn join(low: u16, high: u16) -> u32 {
    if cfg!(target_endian = "little") {
        low as u32 | (high as u32) << 16
    } else {
        high as u32 | (low as u32) << 16
    }
}

/// The outcome of a conversation start with a watched port.
#[inline(always)]
fn judge<F: Frame, E: Environment>(
    start: &Start<'_, F>,
    mut action: Action,
    policy: &Policy,
    host: &HostTable,
    environment: &E,
) -> Outcome {
    if start.is_local(host) == Some(false) {
        match TransitPolicy::from_number(policy.transit) {
            // A connected socket has a local address, so none is missed here.
            TransitPolicy::Pass => return Outcome::Transit,
            TransitPolicy::Watch => action = Action::Watch,
            TransitPolicy::Drop => {}
        }
    }
    match (socket(start, policy, host, environment), action) {
        (Socket::Connected, _) => Outcome::Reply,
        // It may be a reply to a connected socket, which no policy drops.
        (Socket::Unknown, _) if start.transport == Transport::Udp => Outcome::Probe,
        (_, Action::Drop { enforce: true }) => Outcome::Dropped,
        (Socket::Bound, _) => Outcome::LocalSocket,
        // What goes to a group may be for others beside this host: containers on a macvlan, a
        // multicast route.
        (Socket::None, Action::Drop { enforce: false }) if start.is_group() => Outcome::Probe,
        (Socket::None, Action::Drop { enforce: false }) => Outcome::Dropped,
        (
            Socket::None | Socket::Unknown,
            Action::Watch | Action::Assigned | Action::Ignore | Action::Drop { .. },
        ) => Outcome::Probe,
    }
}

/// Which mechanism knows about a socket depends on the transport:
///
/// - TCP: the bitmap alone while its heartbeat is fresh. A listener that is younger than the
///   last publication loses its first SYN, and the client sends another.
/// - UDP: a look-up always, since bind, request and answer can happen between two publications;
///   and the bitmap, since the look-up misses sockets that are bound to another device (a bridge
///   above the interface) or another address. Below another device, a look-up that finds nothing
///   proves nothing, for TCP with a stale bitmap neither.
/// - The others cannot be looked up: the bitmap while fresh, and nothing is known without.
#[inline(always)]
fn socket<F: Frame, E: Environment>(
    start: &Start<'_, F>,
    policy: &Policy,
    host: &HostTable,
    environment: &E,
) -> Socket {
    let listed = host.sockets.contains(start.transport, start.segment.port);
    let fresh = environment.now() <= host.sockets.valid_until;
    match start.transport {
        Transport::Tcp if listed => Socket::Bound,
        Transport::Tcp if fresh => Socket::None,
        Transport::Tcp | Transport::Udp => match looked_up(start, environment) {
            Socket::None | Socket::Unknown if listed => Socket::Bound,
            Socket::None if policy.lookup_proves == 0 => Socket::Unknown,
            socket => socket,
        },
        Transport::UdpLite | Transport::Sctp | Transport::Dccp if listed => Socket::Bound,
        Transport::UdpLite | Transport::Sctp | Transport::Dccp if fresh => Socket::None,
        Transport::UdpLite | Transport::Sctp | Transport::Dccp => Socket::Unknown,
    }
}

#[inline(always)]
fn looked_up<F: Frame, E: Environment>(start: &Start<'_, F>, environment: &E) -> Socket {
    start.flow().map_or(Socket::Unknown, |flow| environment.socket(&flow))
}
