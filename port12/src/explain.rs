//! Everything that is known about one port.

mod advise;
mod configured;
mod forecast;
mod registry;
mod sockets;
#[cfg(test)]
pub(crate) mod tests;
mod watch;

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::{
    config::Config,
    model::{Limit, SocketsState},
    query::who::{ProbesByPort, sockets_state},
    registry::Registry,
    text::time,
    who::Answer,
};

pub use advise::{Advice, Advisor};
pub use configured::Configured;
pub use forecast::Forecast;
pub use registry::{Entry, Known, Listing, Meaning, Published};
pub use watch::{Interface, Source, Watch};

/// Everything that is known about a port.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Explanation {
    /// Published facts.
    #[serde(flatten)]
    pub published: Published,
    /// Moment of the answers.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub time: SystemTime,
    /// Watched interfaces.
    #[serde(flatten)]
    pub watch: Watch,
    /// Orders of the policy file; null if it is not accepted.
    pub configured: Option<Configured>,
    /// Sockets on the port.
    #[serde(flatten)]
    pub sockets: SocketsState,
    /// Advice, the most severe first.
    pub advice: Vec<Advice>,
}

/// Everything that is known about a port. Facts that cannot be seen are limits, and no error. `policy` is the policy of
/// `port12 run` without flags, or the reason for which it is not accepted.
pub fn explain(
    port: u16,
    registry: &Registry,
    pin_dir: &std::path::Path,
    policy: Result<(&Config, &Registry), String>,
) -> Explanation {
    let mut answer = sockets::ask(port);
    let watch = Watch::read(pin_dir, registry, port, &mut answer);
    let configured = match policy {
        Ok(policy) => Some(Configured::of(port, policy, &watch, &mut answer)),
        Err(error) => {
            let what = format!("the policy that `port12 run` would put in force: {error}");
            answer.limits.push(Limit { what, needs: Vec::new() });
            None
        }
    };
    let advisor =
        Advisor { registry, port, watch: &watch, configured: configured.as_ref(), answer: &answer };
    let advice = advisor.advise();
    let sockets = sockets(registry, port, &watch, &answer);
    let published = Published::new(registry, port);
    Explanation { published, time: SystemTime::now(), advice, sockets, watch, configured }
}

fn sockets(registry: &Registry, port: u16, watch: &Watch, answer: &Answer) -> SocketsState {
    let wanted = answer.entries.iter().map(|it| (it.transport, port));
    sockets_state(registry, answer, &ProbesByPort::of(&watch.probes, wanted))
}
