//! What is asked before anything is attached.

use crate::{
    config::{Config, Pattern},
    failure::{Code, Failure},
    host::{
        capabilities, forwarding,
        interfaces::{self, Link},
    },
    policy::{Forwarding, Mode},
};

/// The interfaces to watch, each once.
pub fn links(config: &Config) -> Result<Vec<Link>, Failure> {
    let mut links: Vec<Link> = Vec::new();
    for pattern in &config.interfaces.value {
        for link in meant(pattern, config)? {
            if !links.iter().any(|known| known.index == link.index) {
                links.push(link);
            }
        }
    }
    match links.is_empty() {
        false => Ok(links),
        true if config.interfaces.value.is_empty() => Ok(vec![default_link(config)?]),
        true => Err(Failure::new(
            Code::Attach,
            format!(
                "no interface of this network namespace is in `interfaces` ({}) and not in \
                 `exclude` ({}): `ip link` lists them",
                config.interfaces.origin, config.exclude.origin
            ),
        )),
    }
}

/// A name that is given has to be there; a glob may match nothing.
fn meant(pattern: &Pattern, config: &Config) -> Result<Vec<Link>, Failure> {
    let mut links = match pattern.is_glob() {
        true => interfaces::all()?,
        false => vec![interfaces::by_name(pattern.as_str())?],
    };
    if pattern.is_glob() {
        links.retain(|link| pattern.matches(&link.name));
    }
    links.retain(|link| !config.excludes(&link.name));
    Ok(links)
}

fn default_link(config: &Config) -> Result<Link, Failure> {
    let link = match interfaces::default_route()? {
        Some(link) => link,
        None => interfaces::by_name("lo")?,
    };
    match config.excludes(&link.name) {
        false => Ok(link),
        true => Err(Failure::new(
            Code::Config,
            format!(
                "{} is the interface to watch by default, and `exclude` ({}) has it: name others \
                 with `--interface` or `interfaces`",
                link.name, config.exclude.origin
            ),
        )),
    }
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
pub fn check_forwarding(link: &Link, config: &Config) -> Result<Option<String>, Failure> {
    let name = &link.name;
    let refuses = config.drops_by_itself() && config.forwarding.value == Forwarding::Refuse;
    let (code, why) = match forwarding::reasons(link.index) {
        Ok(reasons) => match reasons.first() {
            Some(first) => (Code::Config, first.to_string()),
            None => return Ok(None),
        },
        // Reading legacy iptables takes more than watching does, and rules may change all the time.
        Err(error) => {
            let why = format!("whether this host forwards cannot be read ({error})");
            (Failure::from(error).code, why)
        }
    };
    if !refuses {
        return Ok(Some(why));
    }
    Err(Failure::new(
        code,
        format!(
            "{} on {name}: {why}; a port that is forwarded has no socket here. \
             Use `--mode monitor`{}, or `--forwarding drop` to drop what is for this host's own \
             addresses all the same",
            if config.mode.value == Mode::Drop {
                "drop mode is refused"
            } else {
                "bans are refused"
            },
            if config.ban.value.is_some() { " and no `ban`" } else { "" },
        ),
    ))
}
