//! One watched interface.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use ipnet::IpNet;
use port12_common::{Layer, abi};

use crate::{
    failure::Failure,
    host::{
        HostError,
        interfaces::{self, Link as HostLink, XdpMode},
    },
    kernel::{
        attach::{Attached, Wanted, attach},
        clock::Moment,
        instance::{Instance, LoadOptions, entry_point},
    },
    policy::Mode,
    report::Link,
    snapshot::Snapshot,
    truth::Truth,
};

/// How to watch an interface.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The policy, but for what depends on the interface.
    pub policy: &'a abi::Policy,
    /// The sources that are never dropped.
    pub allow: &'a BTreeSet<IpNet>,
    /// What that policy makes of probes.
    pub mode: Mode,
    /// Where the program is to run.
    pub wanted: Wanted,
    /// Whether to load the object with logging compiled in.
    pub trace: bool,
}

/// An interface with a program on it.
pub struct Watched {
    /// What the reports say it is.
    pub link: Link,
    /// Its index.
    pub index: u32,
    instance: Arc<Instance>,
    attached: Option<Attached>,
    reverted: Arc<OnceLock<String>>,
    last: Snapshot,
    moment: Moment,
}

impl Watched {
    /// Loads a program and attaches it. The host's truth is in its maps before the first frame.
    ///
    /// # Errors
    ///
    /// [`Failure`], with the exit code; nothing is attached then.
    pub fn start(host: &HostLink, setup: &Setup<'_>) -> Result<Self, Failure> {
        let layer: Layer = interfaces::layer(host)?;
        let entry = entry_point()?;
        let trace = setup.trace;
        let mut instance =
            Instance::load(&LoadOptions { layer, trace, ..LoadOptions::live(entry) })?;
        if trace {
            super::trace::follow(&mut instance)?;
        }
        if !setup.allow.is_empty() {
            instance.allowlist()?.set_policy(setup.allow)?;
        }
        instance.set_policy(setup.policy);
        instance.set_lookup_proves(lookup_proves(host)?);
        Truth::default().publish(&[&instance])?;
        let moment = instance.now().map_err(crate::truth::TruthError::from)?;
        warn_of_reset(host, setup.wanted);
        let attached = attach(&mut instance, host, setup.wanted)?;
        if let Some(why) = &attached.fallback {
            log::info!("{}: no native XDP: {why}; generic mode is slower", host.name);
        }
        let program = entry.name().to_owned();
        log::info!("{}: {} XDP, program {program}", host.name, attached.mode);
        Ok(Self {
            link: Link {
                interface: host.name.clone(),
                xdp_mode: attached.mode.to_string(),
                counted_at: match attached.mode {
                    XdpMode::Native | XdpMode::Hardware => "driver",
                    XdpMode::Generic => "stack",
                },
                forwarding: None,
                mode: setup.mode.as_str(),
                program,
                speed_bits_per_second: interfaces::speed(host),
                gone: false,
            },
            index: host.index,
            instance: Arc::new(instance),
            attached: Some(attached),
            reverted: Arc::default(),
            last: Snapshot::default(),
            moment,
        })
    }

    /// The loaded program.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// Notes whether the interface has vanished; true when that is news.
    pub fn has_vanished(&mut self) -> bool {
        // Any other error says nothing about the interface.
        let gone = matches!(interfaces::by_index(self.index), Err(HostError::NoInterface(_)));
        let news = gone && !self.link.gone;
        if news {
            self.link.gone = true;
            self.attached = None;
        }
        news
    }

    /// Where to say why drop mode was given up on this interface.
    pub(super) fn reverted(&self) -> &Arc<OnceLock<String>> {
        &self.reverted
    }

    /// What the reports say it is, with the mode in force.
    pub fn describe(&mut self) -> Link {
        if let Some(why) = self.reverted.get() {
            self.link.mode = Mode::Monitor.as_str();
            self.link.forwarding = Some(why.clone());
        }
        self.link.clone()
    }

    /// Reads the counters: the last ones, the present ones, and the clock.
    pub fn advance(&mut self) -> (Snapshot, &Snapshot, Moment) {
        if let Ok(moment) = self.instance.now() {
            self.moment = moment.anchored(&self.moment);
        }
        let before = std::mem::replace(&mut self.last, Snapshot::read(self.instance.counters()));
        (before, &self.last, self.moment)
    }

    /// Takes the program off the interface.
    pub fn detach(&mut self) {
        self.attached = None;
    }
}

/// Whether a look-up that finds nothing proves that there is no socket: no device stands above the
/// interface, and the program does not run on the members of the interface in its place.
pub(super) fn lookup_proves(host: &HostLink) -> Result<bool, HostError> {
    let has_members = matches!(host.kind.as_deref(), Some("bond" | "team"));
    Ok(!has_members && !interfaces::has_uppers(host)?)
}

/// Drivers that rebuild their rings for XDP, and take the link down for a moment.
const RESETTING: &[&str] = &[
    "atlantic",
    "bnxt_en",
    "ena",
    "i40e",
    "ice",
    "igb",
    "igc",
    "ixgbe",
    "mlx5_core",
    "qede",
    "stmmac",
];

fn warn_of_reset(host: &HostLink, wanted: Wanted) {
    let Some(driver) = interfaces::driver(host) else {
        return;
    };
    if wanted != Wanted::Generic && RESETTING.contains(&driver.as_str()) {
        log::warn!(
            "{}: the driver {driver} may reset the link when a native program is attached or \
             detached; `--xdp-mode generic` avoids it",
            host.name
        );
    }
}
