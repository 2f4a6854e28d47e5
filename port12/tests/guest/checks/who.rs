//! Who has a port, for every transport of this kernel.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, Result, bail, ensure};
use port12::{
    host::sockets::PortRanges,
    who::{Entry, Owner, Question},
};
use port12_common::Transport;
use socket2::{Domain, Protocol, Socket, Type};

const V4: u16 = 12;
const V6: u16 = 14;

/// `SOCK_DCCP` (include/linux/net.h).
const DCCP: i32 = 6;

/// Sockets of each transport and family are found, with this process; a transport that the kernel does not have is
/// said to be absent.
pub fn has_them() -> Result<String> {
    let mut sockets = Vec::new();
    let (mut here, mut absent) = (Vec::new(), Vec::new());
    for transport in Transport::ALL {
        let both = [(Domain::IPV4, V4), (Domain::IPV6, V6)].map(|it| listener(transport, it));
        match both {
            [Ok(Some(v4)), Ok(Some(v6))] => {
                sockets.extend([v4, v6]);
                here.push(transport);
            }
            [Ok(None), Ok(None)] => absent.push(transport),
            [v4, v6] => bail!("{transport}: {v4:?} and {v6:?}"),
        }
    }
    let ports = Transport::ALL.map(|_| PortRanges::from_iter([(V4, V4), (V6, V6)]));
    let answer = Question { ports, all_namespaces: false }.ask();
    ensure!(answer.unseen.is_empty(), "sockets of {:?} cannot be listed", answer.unseen);
    ensure!(answer.absent.iter().eq(&absent), "absent: {:?}, not {absent:?}", answer.absent);
    ensure!(answer.entries.len() == sockets.len(), "{:?}", answer.entries);
    for &transport in &here {
        for port in [V4, V6] {
            let mut of_port = answer.entries.iter();
            let entry = of_port.find(|it| (it.transport, it.port) == (transport, port));
            check(entry.with_context(|| format!("{transport}/{port} is not found"))?)?;
        }
    }
    let names = |transports: &[Transport]| {
        transports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    Ok(format!("{}; absent: {}", names(&here), names(&absent)))
}

fn check(entry: &Entry) -> Result<()> {
    let pids: Vec<i32> = entry.holders.iter().map(|holder| holder.pid).collect();
    let is_own = entry.owner == Owner::Process && pids == [std::process::id() as i32];
    ensure!(is_own && entry.sockets == 1 && entry.uid == 0, "{entry:?}");
    ensure!(
        entry.address.is_unspecified() && entry.address.is_ipv6() == (entry.port == V6),
        "{entry:?}"
    );
    Ok(())
}

/// A socket that takes what comes for a port; `None` where the kernel does not have the transport.
fn listener(transport: Transport, (domain, port): (Domain, u16)) -> Result<Option<Socket>> {
    let kind = match transport {
        Transport::Tcp | Transport::Sctp => Type::STREAM,
        Transport::Udp | Transport::UdpLite => Type::DGRAM,
        Transport::Dccp => Type::from(DCCP),
    };
    let protocol = Protocol::from(i32::from(transport.protocol()));
    let socket = match Socket::new(domain, kind, Some(protocol)) {
        Ok(socket) => socket,
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EPROTONOSUPPORT | libc::ESOCKTNOSUPPORT)
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("a socket of {transport}")),
    };
    let address: SocketAddr = match domain == Domain::IPV4 {
        true => (Ipv4Addr::UNSPECIFIED, port).into(),
        false => (Ipv6Addr::UNSPECIFIED, port).into(),
    };
    socket.bind(&address.into()).with_context(|| format!("bind {transport}/{port}"))?;
    if !matches!(transport, Transport::Udp | Transport::UdpLite) {
        socket.listen(1).with_context(|| format!("listen on {transport}/{port}"))?;
    }
    Ok(Some(socket))
}
