//! A kernel that has not loaded the modules that list sockets, and cannot: there is no modprobe here.

use std::{
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use port12::{
    cli::{
        ban::{self, BanArgs},
        failure::{Code, Failure},
        pins::PinArgs,
        who,
    },
    host::sockets,
    kernel::{
        attach::Wanted,
        banning::{Scope, Terms},
    },
    query,
    state_dir::STATE_DIR,
    watch::Orders,
};
use port12_common::Transport;

use super::persistence::{self, PINS};

const PORT: u16 = 12;

/// The peer of a connection is not known, a ban of all that it sends is refused, and a listener is not said to be
/// absent.
pub fn is_unknown(nics: &[String]) -> Result<String> {
    let nic = nics.first().context("a virtio-net device is needed")?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))?;
    let accepted = listener.accept()?;
    for transport in [Transport::Tcp, Transport::Udp] {
        let open = sockets::scan();
        let why = open.unseen.get(&transport);
        let why = why.with_context(|| format!("the sockets of {transport} are listed"))?;
        ensure!(why.contains("_diag"), "{transport}: {why}");
    }
    ensure!(sockets::peers().unlisted.is_some(), "all peers are known");
    let terms = Terms {
        after: None,
        time: Duration::from_secs(60),
        within: Duration::from_secs(60),
        scope: Scope::All,
    };
    let orders = Orders { ban: Some(terms), ..persistence::orders(None) };
    persistence::attach(nic, Wanted::Auto, &orders)?;
    let refused = ban_all("192.0.2.7".parse()?).err().context("the ban was made")?;
    persistence::detach(nic)?;
    ensure!(refused.code == Code::Config, "{refused:?}");
    ensure!(refused.message.contains("could not be listed"), "{}", refused.message);
    let said = match who(PORT) {
        Ok(found) => bail!("who has found {found}"),
        Err(failure) => failure,
    };
    ensure!(said.code == Code::Usage, "{said:?}");
    drop((client, accepted));
    Ok(refused.message)
}

fn ban_all(source: IpAddr) -> Result<(), Failure> {
    let pins = PinArgs {
        pin_dir: Path::new(PINS).to_owned(),
        runtime_dir: query::RUNTIME_DIR.into(),
        state_dir: STATE_DIR.into(),
    };
    let args = BanArgs { sources: vec![source], time: None, scope: Scope::All, force: false, pins };
    ban::run(&args, &mut Vec::new())
}

fn who(port: u16) -> Result<bool, Failure> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: who::WhoArgs,
    }
    let line = ["who".to_owned(), port.to_string()];
    let line = <Line as clap::Parser>::try_parse_from(line)
        .map_err(|error| Failure::new(Code::Runtime, error))?;
    who::run(&line.args, &mut Vec::new())
}
