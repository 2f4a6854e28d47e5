//! Questions to the host before anything is attached.

use super::{AgentError, selection::Selection};
use crate::{
    config::Config,
    host::{
        capabilities, forwarding,
        interfaces::{self, Link, XdpMode},
    },
    kernel::attach::Wanted,
    model::{NotDropped, VlanTags},
    policy::{Forwarding, Mode},
    query::{self, ForwardingAnswer},
    text::Printable,
};

/// The interfaces to watch, each once; none if `run` would wait for a match.
pub fn links(config: &Config) -> Result<Vec<Link>, AgentError> {
    Ok(Selection::of(config)?.links)
}

/// Checks that this process has the capabilities to watch.
pub fn check_capabilities() -> Result<(), AgentError> {
    let missing = capabilities::missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(AgentError::Capabilities { missing: missing.join(", ") })
}

/// Asks whether the host forwards on this interface: then a missing socket proves nothing, and drop mode is refused.
pub fn check_forwarding(link: &Link, config: &Config) -> Result<ForwardingAnswer, AgentError> {
    let refuses = config.drops_by_itself() && config.forwarding.value == Forwarding::Refuse;
    let reasons = forwarding::reasons(link.index);
    let answer = query::forwarding(reasons.as_deref());
    let (true, Some(why)) = (refuses, answer.why.clone()) else {
        return Ok(answer);
    };
    let is_drop_mode = config.mode.value == Mode::Drop;
    let (refused, remedy) = match (is_drop_mode, config.ban.value.is_some()) {
        (true, false) => ("drop mode is refused", "`--mode monitor`"),
        (true, true) => ("drop mode is refused", "`--mode monitor` and no `ban`"),
        (false, true) => ("bans are refused", "`--mode monitor` and no `ban`"),
        (false, false) => ("bans are refused", "`--mode monitor`"),
    };
    // Reading legacy iptables takes more than watching does, and rules may change all the time.
    Err(AgentError::Forwarding {
        interface: link.name.clone(),
        refused,
        why,
        remedy,
        source: reasons.err(),
    })
}

/// Warnings of `run` on this host, and the error with which it would end.
pub fn on_this_host(config: &Config) -> (Vec<String>, Option<AgentError>) {
    let links = match links(config) {
        Ok(links) => links,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let all = match interfaces::all() {
        Ok(all) => all,
        Err(error) => return (Vec::new(), Some(error.into())),
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
            Err(error) => refusal = refusal.or(Some(error)),
        }
        let mode = match config.xdp_mode.value {
            Wanted::Auto | Wanted::Native => XdpMode::Native,
            Wanted::Generic => XdpMode::Generic,
        };
        let vlan_tags = VlanTags::from(interfaces::vlan_stripping(&link, mode, &all));
        let line = vlan_tags.line(&link.name);
        warnings.extend(line.map(|line| format!("{}: {line}", Printable(&link.name))));
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
