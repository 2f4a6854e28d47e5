//! What is asked before anything is attached.

use crate::{
    failure::{Code, Failure},
    host::{
        capabilities, forwarding,
        interfaces::{self, Link},
    },
    policy::Mode,
};

use super::{Forwarding, RunArgs};

/// The interfaces to watch, each once.
pub fn links(names: &[String]) -> Result<Vec<Link>, Failure> {
    let mut links: Vec<Link> = Vec::new();
    for name in names {
        let link = interfaces::by_name(name)?;
        if !links.iter().any(|known| known.index == link.index) {
            links.push(link);
        }
    }
    if links.is_empty() {
        links.push(match interfaces::default_route()? {
            Some(link) => link,
            None => interfaces::by_name("lo")?,
        });
    }
    Ok(links)
}

/// Whether this process may watch.
pub fn check_capabilities() -> Result<(), Failure> {
    let missing = capabilities::missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Permission,
        format!("watching takes {}: run as root, or grant them to the program", missing.join(", ")),
    ))
}

/// Why a missing socket proves nothing on this interface; drop mode is refused then.
pub fn check_forwarding(link: &Link, args: &RunArgs) -> Result<Option<String>, Failure> {
    let name = &link.name;
    let refuses = args.mode == Mode::Drop && args.forwarding == Forwarding::Refuse;
    let reasons = match forwarding::reasons(link.index) {
        // Reading legacy iptables takes more than watching does, and rules may change all the time.
        Err(error) if !refuses => {
            return Ok(Some(format!("whether this host forwards cannot be read ({error})")));
        }
        reasons => reasons?,
    };
    let Some(first) = reasons.first() else {
        return Ok(None);
    };
    match (args.mode, args.forwarding) {
        (Mode::Drop, Forwarding::Refuse) => Err(Failure::new(
            Code::Config,
            format!(
                "drop mode is refused on {name}: {first}; a port that is forwarded has no socket \
                 here. Use `--mode monitor`, or `--forwarding drop` to drop what is for this \
                 host's own addresses all the same"
            ),
        )),
        (Mode::Drop, Forwarding::Drop) | (Mode::Monitor, _) => Ok(Some(first.to_string())),
    }
}
