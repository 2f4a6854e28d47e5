//! Sends ways of dressing, completes the handshakes that are answered, and says which have come how far.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};

use super::{
    application::Application,
    dressed::{Dressed, Ipv4, Ipv6},
    segment::{ACK, RST, Segment, Transport},
    site::Site,
    way::{Aim, Way},
    wire::Wire,
};

/// A port of the near host above the well-known ones: what arrives there says that all before it has.
const BARRIER: u16 = 9000;

/// Ways that are sent before the next barrier: the queue of a veth device holds 256 frames.
const CHUNK: usize = 24;

/// Longer than the headers of any way, in bytes.
const HEADERS: usize = 2400;

/// Longer than a datagram needs on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// Who a packet is from, as an application sees it.
type Caller = (Transport, IpAddr, u16);

/// What has become of ways, by their places in the table.
#[derive(Debug, Default)]
pub struct Seen {
    /// A SYN-ACK or an INIT ACK answered them.
    pub answered: BTreeSet<usize>,
    /// A listener accepted the connection, or a socket received the datagram.
    pub delivered: BTreeSet<usize>,
    /// The stack received the frame that starts the conversation.
    pub received: BTreeSet<usize>,
    /// A reset or an ICMP error answered them.
    pub refused: BTreeSet<usize>,
}

impl Seen {
    /// Those that the stack has accepted.
    pub fn accepted(&self) -> BTreeSet<usize> {
        &self.answered | &self.delivered
    }
}

/// A site with its packet sockets.
pub struct Field {
    pub site: Site,
    attacker: Wire,
    observer: Wire,
    barrier: UdpSocket,
    serial: u16,
}

impl Field {
    /// Opens the sockets.
    pub fn new(site: Site) -> Self {
        let attacker = site.far.enter(|| Wire::sender(&site.far.interface));
        let (observer, barrier) = site.near.enter(|| {
            (Wire::observer(), UdpSocket::bind((site.near.v4, BARRIER)).expect("a socket"))
        });
        barrier.set_read_timeout(Some(LONG)).expect("a timeout");
        Self { site, attacker, observer, barrier, serial: 10_000 }
    }

    /// Sends some of the ways to a port, and waits until all of them have arrived or gone.
    pub fn exchange(
        &mut self,
        ways: &[Way],
        chosen: &BTreeSet<usize>,
        port: u16,
        application: Option<&Application>,
    ) -> Seen {
        pin_to_one_cpu();
        self.observer.seen();
        let notes_marks = application.is_none();
        let mut run = Run {
            notes_marks,
            port,
            sent: BTreeMap::new(),
            marks: HashMap::new(),
            seen: Seen::default(),
            resets: Vec::new(),
        };
        let chosen: Vec<usize> = chosen.iter().copied().collect();
        for chunk in chosen.chunks(CHUNK) {
            for &index in chunk {
                self.serial += 1;
                let aim = Aim { port, serial: self.serial };
                let dressed = ways[index].dressed(&self.site, aim);
                let frames = dressed.frames();
                if frames.iter().any(|frame| frame.len() > self.site.mtu + 14) {
                    continue;
                }
                run.expect(index, &dressed);
                for frame in frames {
                    self.attacker.send(&frame);
                }
            }
            self.barrier();
            self.look(&mut run);
        }
        self.barrier();
        self.look(&mut run);
        for (transport, peer) in application.into_iter().flat_map(Application::reached) {
            if let Some(&index) = run.sent.get(&(transport, peer.ip(), peer.port())) {
                run.seen.delivered.insert(index);
            }
        }
        // Half-open connections would hold ports that are used again.
        for reset in &run.resets {
            self.attacker.send(reset);
        }
        self.barrier();
        run.seen
    }

    /// Takes in what the observer has seen, and acknowledges each SYN-ACK.
    fn look(&mut self, run: &mut Run) {
        for frame in self.observer.seen() {
            if !frame.is_outgoing {
                run.seen.received.extend(run.marked(&frame.bytes));
            } else if let Some(answer) = run.answer(&frame.bytes) {
                self.attacker.send(&self.reply(&answer, ACK));
                run.resets.push(self.reply(&answer, RST));
            }
        }
    }

    /// The next segment of who was answered.
    fn reply(&self, answer: &Answer, flags: u8) -> Vec<u8> {
        let mut segment = Segment::new(Transport::Tcp, answer.to.port(), answer.from.port());
        segment.flags = flags;
        segment.sequence = answer.acknowledged;
        segment.acknowledged = answer.sequence.wrapping_add(1);
        self.plain(answer.to.ip(), answer.from.ip(), segment)
    }

    fn plain(&self, source: IpAddr, destination: IpAddr, segment: Segment) -> Vec<u8> {
        let plain = Dressed {
            to_mac: self.site.near.mac,
            from_mac: self.site.far.mac,
            tags: Vec::new(),
            logical_link: None,
            ether_type: None,
            source,
            destination,
            identification: 0,
            v4: Ipv4::default(),
            v6: Ipv6::default(),
            segment,
            cuts: Vec::new(),
            unfragmentable: 0,
            trailer: Vec::new(),
        };
        plain.frames().swap_remove(0)
    }

    /// Waits until everything that was sent has gone through the near host's stack.
    fn barrier(&mut self) {
        self.serial += 1;
        let mut segment = Segment::new(Transport::Udp, self.serial, BARRIER);
        segment.data = self.serial.to_be_bytes().to_vec();
        let (far, near) = (self.site.far.v4.into(), self.site.near.v4.into());
        self.attacker.send(&self.plain(far, near, segment));
        let mut bytes = [0; 2];
        loop {
            self.barrier.recv(&mut bytes).expect("the barrier: a plain datagram to a high port");
            if u16::from_be_bytes(bytes) == self.serial {
                return;
            }
        }
    }
}

/// A SYN-ACK.
struct Answer {
    from: SocketAddr,
    to: SocketAddr,
    sequence: u32,
    acknowledged: u32,
}

struct Run {
    port: u16,
    sent: BTreeMap<Caller, usize>,
    /// Whether it matters how far ways come that reach no application.
    notes_marks: bool,
    marks: HashMap<Vec<u8>, usize>,
    seen: Seen,
    resets: Vec<Vec<u8>>,
}

impl Run {
    fn expect(&mut self, index: usize, dressed: &Dressed) {
        let caller = (dressed.segment.transport, dressed.source, dressed.segment.source_port);
        let other = self.sent.insert(caller, index);
        assert_eq!(other, None, "two ways come from {caller:?}");
        if self.notes_marks {
            self.marks.extend(dressed.marks().into_iter().map(|mark| (mark, index)));
        }
    }

    /// Those whose marks a frame has.
    fn marked(&self, frame: &[u8]) -> BTreeSet<usize> {
        if self.marks.is_empty() {
            return BTreeSet::new();
        }
        let headers = &frame[..frame.len().min(HEADERS)];
        let windows = headers.windows(4).chain(headers.windows(6));
        windows.filter_map(|window| self.marks.get(window)).copied().collect()
    }

    fn note_init_ack(&mut self, (_, to): Addresses, segment: &[u8]) {
        const INIT_ACK: u8 = 2;
        let caller = port(segment, 2).map(|port| (Transport::Sctp, to, port));
        let index = caller.and_then(|caller| self.sent.get(&caller));
        let is_answer = segment.get(12) == Some(&INIT_ACK) && port(segment, 0) == Some(self.port);
        self.seen.answered.extend(index.filter(|_| is_answer));
    }

    /// The SYN-ACK that a frame of the near host is, the first time.
    fn answer(&mut self, frame: &[u8]) -> Option<Answer> {
        let Some((transport, addresses, segment)) = transport_of(frame) else {
            // An ICMP error quotes what it answers.
            self.seen.refused.extend(self.marked(frame));
            return None;
        };
        if transport == Transport::Sctp {
            self.note_init_ack(addresses, segment);
            return None;
        }
        let segment = Tcp::read(addresses, segment)?;
        let caller = (Transport::Tcp, segment.to.ip(), segment.to.port());
        let &index = self.sent.get(&caller).filter(|_| segment.from.port() == self.port)?;
        match segment.flags & 0x17 {
            0x12 if self.seen.answered.insert(index) => Some(Answer {
                from: segment.from,
                to: segment.to,
                sequence: segment.sequence,
                acknowledged: segment.acknowledged,
            }),
            flags => {
                if flags & 0x04 != 0 {
                    self.seen.refused.insert(index);
                }
                None
            }
        }
    }
}

/// Source and destination.
type Addresses = (IpAddr, IpAddr);

/// The TCP or SCTP segment in a frame without tags and without extension headers.
fn transport_of(frame: &[u8]) -> Option<(Transport, Addresses, &[u8])> {
    let packet = frame.get(14..)?;
    let (protocol, addresses, segment): (_, Addresses, _) = match frame.get(12..14)? {
        [8, 0] => {
            let address = |at| Some(IpAddr::from(*packet.get(at..)?.first_chunk::<4>()?));
            let length = usize::from(packet.first()? & 0xf) * 4;
            (packet.get(9)?, (address(12)?, address(16)?), packet.get(length..)?)
        }
        [0x86, 0xdd] => {
            let address = |at| Some(IpAddr::from(*packet.get(at..)?.first_chunk::<16>()?));
            (packet.get(6)?, (address(8)?, address(24)?), packet.get(40..)?)
        }
        _ => return None,
    };
    let transport = match protocol {
        6 => Transport::Tcp,
        132 => Transport::Sctp,
        _ => return None,
    };
    Some((transport, addresses, segment))
}

fn port(segment: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*segment.get(at..)?.first_chunk()?))
}

/// A TCP segment.
struct Tcp {
    from: SocketAddr,
    to: SocketAddr,
    sequence: u32,
    acknowledged: u32,
    flags: u8,
}

impl Tcp {
    fn read((from, to): Addresses, segment: &[u8]) -> Option<Self> {
        let number = |at| Some(u32::from_be_bytes(*segment.get(at..)?.first_chunk()?));
        Some(Self {
            from: SocketAddr::new(from, port(segment, 0)?),
            to: SocketAddr::new(to, port(segment, 2)?),
            sequence: number(4)?,
            acknowledged: number(8)?,
            flags: *segment.get(13)?,
        })
    }
}

/// Frames of one sender keep their order as long as the same CPU takes them in.
fn pin_to_one_cpu() {
    // SAFETY: takes no arguments.
    let cpu = unsafe { libc::sched_getcpu() };
    // SAFETY: an all-zero set is valid, and the calls take it by its size.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(usize::try_from(cpu).unwrap_or(0), &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    assert_eq!(result, 0, "sched_setaffinity: {}", std::io::Error::last_os_error());
}
