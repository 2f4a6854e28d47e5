//! The programs at `bind` and `listen` in this kernel.

use std::net::{TcpListener, UdpSocket};

use anyhow::{Context as _, Result, ensure};
use port12::{
    host::cgroups,
    kernel::{
        binds::Binds,
        instance::{Instance, LoadOptions},
        object::EntryPoint,
    },
};
use port12_common::{Transport, abi::Sockets};

/// They are taken, attached to the highest cgroup, called, and gone with what loaded them.
pub fn are_heard_of() -> Result<String> {
    let instance = Instance::load(&LoadOptions::live(EntryPoint::Linear))?;
    let cgroup = cgroups::open_highest()?;
    let mut binds = Binds::load()?;
    binds.attach(&cgroup.directory)?;
    binds.listen_to_this_namespace()?;
    binds.set_hearers(vec![instance.state_map()?])?;
    let mut ring = binds.ring()?;

    let udp = UdpSocket::bind("0.0.0.0:12").context("a bind is refused")?;
    ensure!(mark(&instance, Transport::Udp, 12) == Sockets::FRESH, "UDP is not marked");
    let told = ring.pop().context("UDP is not told")?;
    ensure!((told.transport, told.port) == (Transport::Udp, 12), "{told:?}");
    ensure!(told.process == std::process::id() as i32, "{told:?}");

    let tcp = TcpListener::bind("[::]:14").context("a bind is refused")?;
    ensure!(mark(&instance, Transport::Tcp, 14) == Sockets::FRESH, "TCP is not marked");
    let told = ring.pop().context("TCP is not told")?;
    ensure!((told.transport, told.port) == (Transport::Tcp, 14), "{told:?}");
    ensure!(told.address.is_unspecified() && told.address.is_ipv6(), "{told:?}");
    ensure!(ring.pop().is_none() && binds.losses().count() == 0, "more is told, or lost");

    drop((udp, tcp, ring, binds));
    let _again = UdpSocket::bind("0.0.0.0:16").context("a bind is refused")?;
    ensure!(mark(&instance, Transport::Udp, 16) == 0, "they are still called");
    Ok(format!("in {}", cgroup.path.display()))
}

fn mark(instance: &Instance, transport: Transport, port: u16) -> u8 {
    instance.state().sockets().listed[transport as usize][usize::from(port)]
}
