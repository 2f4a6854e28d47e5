//! What is asked before anything is attached.

use super::{selection::Selection, vlan_tags::VlanTags};
use crate::{
    cli::failure::{Code, Failure},
    config::Config,
    host::{
        capabilities, forwarding,
        interfaces::{self, Link, XdpMode},
    },
    kernel::attach::Wanted,
    model::NotDropped,
    policy::{Forwarding, Mode},
    query::{self, ForwardingAnswer},
    text::Printable,
};

/// The interfaces to watch, each once; none if `run` would wait for a match.
pub fn links(config: &Config) -> Result<Vec<Link>, Failure> {
    Ok(Selection::of(config)?.links)
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

/// Asks whether the host forwards on this interface: then a missing socket proves nothing, and drop mode is refused.
pub fn check_forwarding(link: &Link, config: &Config) -> Result<ForwardingAnswer, Failure> {
    let name = &link.name;
    let refuses = config.drops_by_itself() && config.forwarding.value == Forwarding::Refuse;
    let reasons = forwarding::reasons(link.index);
    let answer = query::forwarding(reasons.as_deref());
    let (true, Some(why)) = (refuses, &answer.why) else {
        return Ok(answer);
    };
    let code = match reasons {
        Ok(_) => Code::Config,
        // Reading legacy iptables takes more than watching does, and rules may change all the time.
        Err(error) => Failure::from(error).code,
    };
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

/// What `run` would say of this host: warnings, and the failure with which it would end.
pub fn on_this_host(config: &Config) -> (Vec<String>, Option<Failure>) {
    let links = match links(config) {
        Ok(links) => links,
        Err(failure) => return (Vec::new(), Some(failure)),
    };
    let (mut warnings, mut refusal) = (not_dropped(config), None);
    for link in links {
        let forwarding = match config.drops_by_itself() {
            true => check_forwarding(&link, config),
            // In monitor mode an answer that takes privileges is not needed.
            false => {
                Ok(query::forwarding(Ok(&forwarding::reasons(link.index).unwrap_or_default())))
            }
        };
        match forwarding {
            Ok(answer) => warnings.extend(answer.why.map(|why| {
                format!(
                    "{}: {why}: a probe may be for a host behind this one",
                    Printable(&link.name)
                )
            })),
            Err(failure) => refusal = refusal.or(Some(failure)),
        }
        let mode = match config.xdp_mode.value {
            Wanted::Auto | Wanted::Native => XdpMode::Native,
            Wanted::Generic => XdpMode::Generic,
        };
        let vlan_tags = VlanTags::of(&link, mode);
        warnings.extend(vlan_tags.line().map(|line| format!("{}: {line}", Printable(&link.name))));
    }
    (warnings, refusal)
}

/// Where drop mode would not drop everything, one line for each interface. The file may be for
/// another host: interfaces that are not here have none.
fn not_dropped(config: &Config) -> Vec<String> {
    if config.mode.value != Mode::Drop {
        return Vec::new();
    }
    let line = |link: Link| {
        let why = match interfaces::unproven(&link) {
            Ok(unproven) => unproven?.to_string(),
            Err(error) => format!("what stands above it cannot be read ({error})"),
        };
        Some(format!("{}: {}", Printable(&link.name), NotDropped::new(why, true)))
    };
    links(config).unwrap_or_default().into_iter().filter_map(line).collect()
}
