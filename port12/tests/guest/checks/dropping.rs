//! An interface in drop mode, and the frames that it drops.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpStream},
    slice, thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use port12::{
    cli::failure::{Code, Failure},
    host::interfaces,
    kernel::attach::Wanted,
    listeners::Scope,
    policy::Mode,
    snapshot::Snapshot,
    watch::{Keeper, Lookout, Orders, Setup, WatchError, Watched},
};
use port12_common::{Outcome, Transport};

use crate::{dressing::End, frames};

/// The port that [`frames::policy`] enforces.
pub const ENFORCED: u16 = 81;

/// An interface with the program in drop mode.
pub struct Dropping {
    watched: Watched,
}

impl Dropping {
    /// Attaches the program in this network namespace.
    pub fn start(interface: &str, wanted: Wanted) -> Result<Self> {
        Ok(Self { watched: start(interface, wanted).map_err(|it| anyhow!(it))? })
    }

    /// Packets to the enforced port that were dropped.
    pub fn dropped(&self) -> u64 {
        self.snapshot().port(Transport::Tcp, ENFORCED).dropped.packets
    }

    /// Packets for others.
    pub fn transit(&self) -> u64 {
        self.snapshot().outcome(Outcome::Transit).packets
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::read(self.watched.instance().counters())
    }

    /// Sends a frame with tags, which must be dropped.
    pub fn expect_dropped(&self, tags: &[u16], send: impl Fn(&[u16]) -> Result<()>) -> Result<()> {
        let before = self.dropped();
        send(tags)?;
        ensure!(self.dropped() == before + 1, "a SYN with the tags {tags:?} is not dropped");
        Ok(())
    }

    /// Sends a frame with tags, which must pass as another network's.
    pub fn expect_transit(&self, tags: &[u16], send: impl Fn(&[u16]) -> Result<()>) -> Result<()> {
        let before = (self.dropped(), self.transit());
        send(tags)?;
        let now = (self.dropped(), self.transit());
        ensure!(
            now == (before.0, before.1 + 1),
            "a SYN with the tags {tags:?}: {before:?}, {now:?}"
        );
        Ok(())
    }

    /// Lets the host's changes be published while something is done.
    pub fn keep(&self, act: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        let lookout = Lookout::start(Scope::of(&frames::policy(), &BTreeSet::new()))?;
        let _keeper = Keeper::start(slice::from_ref(&self.watched), false, lookout.eye())?;
        act(self)
    }

    /// Sends until frames are dropped, or until they are not.
    pub fn until(&self, is_dropped: bool, send: impl Fn() -> Result<()>) -> Result<()> {
        loop {
            let before = self.dropped();
            send()?;
            if (self.dropped() > before) == is_dropped {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Attaches the program in drop mode.
pub fn start(interface: &str, wanted: Wanted) -> Result<Watched, WatchError> {
    let host = interfaces::by_name(interface)?;
    let orders = Orders {
        policy: Box::new(frames::policy()),
        mode: Mode::Drop,
        confirm: None,
        confirmed: false,
        allow: BTreeSet::new(),
        ban: None,
        expected: BTreeSet::new(),
    };
    let setup =
        Setup { orders: &orders, wanted, trace: false, pins: None, stay: false, kept: None };
    Watched::start(&host, &setup)
}

/// The message of a refusal with an exit code.
pub fn refused(interface: &str, wanted: Wanted, code: Code) -> Result<String> {
    match start(interface, wanted) {
        Ok(_) => bail!("{interface} takes the program"),
        Err(error) => match Failure::from(error) {
            failure if failure.code == code => Ok(failure.message),
            failure => bail!("the code is {:?}: {}", failure.code, failure.message),
        },
    }
}

/// Connects to the enforced port of an address.
pub fn connect(from: &End, to: Ipv4Addr) -> Result<TcpStream> {
    let address = (to, ENFORCED).into();
    from.enter(|| TcpStream::connect_timeout(&address, Duration::from_secs(60)))
        .context("the other host does not answer")
}
