//! Engine of a replay: the kernel's program, or the classifier in this process.

use std::{collections::BTreeMap, io, net::IpAddr};

use aya::programs::ProgramError;
use port12_common::{
    Allowed, Finding, Layer, NoLookup, Tables,
    abi::{Ban, HostTable, Known, Policy, Prefix4, Prefix6, Vlans, map},
};
use strum::{EnumMessage, IntoStaticStr, VariantArray};

use super::{
    bans::{AutoBans, Probe},
    policy::ReplayPolicy,
};
use crate::{
    kernel::instance::{Instance, LoadError, LoadOptions, entry_point},
    model::{BanScope, BanState},
    snapshot::Snapshot,
};

/// The replayed clock runs in milliseconds.
pub(super) const HZ: u64 = 1000;

/// The engine to replay with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum EngineKind {
    /// The kernel program, by test-run.
    #[default]
    Kernel,
    /// The classifier that the kernel program is made of, without the kernel: needs no privilege.
    User,
}

/// Counts frames under a policy, on a host of the caller's making.
pub struct Engine {
    kind: EngineKind,
    policy: ReplayPolicy,
    allowed: (Vec<Prefix4>, Vec<Prefix6>),
    bans: AutoBans,
    host: Box<HostTable>,
    ethernet: Option<Instance>,
    ip: Option<Instance>,
    user: Snapshot,
    taken_by_user: u64,
}

impl Engine {
    /// An engine. The kernel's is loaded at once, so that a missing privilege shows early.
    ///
    /// # Errors
    ///
    /// [`LoadError`], for the kernel engine.
    pub fn new(
        kind: EngineKind,
        policy: impl Into<ReplayPolicy>,
        mut host: Box<HostTable>,
    ) -> Result<Self, LoadError> {
        let policy = policy.into();
        // Nothing opens or closes a socket while a capture is replayed.
        host.sockets.valid_until = u64::MAX;
        host.sockets.lookup_proves = 1;
        host.vlans.known = Vlans::EVERY;
        let mut engine = Self {
            kind,
            allowed: policy.prefixes(),
            bans: AutoBans::new(policy.ban, HZ),
            policy,
            host,
            ethernet: None,
            ip: None,
            user: Snapshot::default(),
            taken_by_user: 0,
        };
        if kind == EngineKind::Kernel {
            engine.ethernet = Some(engine.load(Layer::Ethernet, 0)?);
        }
        Ok(engine)
    }

    /// The policy.
    pub fn policy(&self) -> &ReplayPolicy {
        &self.policy
    }

    /// Bans at a time in jiffies.
    pub fn bans(&self, now: u64) -> BanState {
        BanState {
            after: self.bans.terms().and_then(|terms| terms.after),
            scope: BanScope::Unassigned,
            active: Some(self.bans.in_force(now).len()),
            auto: self.bans.stats(),
        }
    }

    /// The program's name, or `user`.
    pub fn name(&self) -> &'static str {
        self.ethernet.as_ref().map_or("user", |instance| instance.program_name())
    }

    /// Frames that the kernel engine left to the user engine: test-run refuses frames under 14
    /// bytes and large ones.
    pub fn taken_by_user(&self) -> u64 {
        self.taken_by_user
    }

    /// Tables for the classifier at a time in jiffies.
    pub fn tables(&self, now: u64) -> Tables<'_, NoLookup> {
        Tables {
            shuts_out: false,
            policy: &self.policy.rules,
            host: &self.host,
            allowed: Allowed { v4: &self.allowed.0, v6: &self.allowed.1 },
            banned: self.bans.list(),
            now,
            lookup: NoLookup,
        }
    }

    /// Counts a frame; `finding` is what the classifier found in it.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: the program cannot be loaded, at the first frame of a layer, or not be run.
    pub fn take(
        &mut self,
        (finding, known): (&Finding, Known),
        layer: Layer,
        frame: &[u8],
        jiffies: u64,
    ) -> Result<(), LoadError> {
        self.count(finding, layer, frame, jiffies)?;
        let probe = Probe { finding, known, frame, now: jiffies };
        let Some((source, ban)) = self.bans.observe(&probe, &self.host) else {
            return Ok(());
        };
        self.policy.rules.lists |= Policy::BANS;
        for instance in [&self.ethernet, &self.ip].into_iter().flatten() {
            set_bans(instance, &BTreeMap::from([(source, ban)]), jiffies)?;
        }
        Ok(())
    }

    fn count(
        &mut self,
        finding: &Finding,
        layer: Layer,
        frame: &[u8],
        jiffies: u64,
    ) -> Result<(), LoadError> {
        if self.kind == EngineKind::Kernel {
            let instance = self.instance(layer, jiffies)?;
            instance.set_replayed_jiffies(jiffies);
            match instance.test_run(frame) {
                Ok(_) => return Ok(()),
                Err(error) if is_refusal(&error) => self.taken_by_user += 1,
                Err(error) => return Err(LoadError::refused_by("test-run", error)),
            }
        }
        self.user.record(finding, frame.len() as u64, jiffies);
        Ok(())
    }

    fn instance(&mut self, layer: Layer, now: u64) -> Result<&Instance, LoadError> {
        let present = match layer {
            Layer::Ethernet => &self.ethernet,
            Layer::Ip => &self.ip,
        };
        let loaded = if present.is_none() { Some(self.load(layer, now)?) } else { None };
        let slot = match layer {
            Layer::Ethernet => &mut self.ethernet,
            Layer::Ip => &mut self.ip,
        };
        if loaded.is_some() {
            *slot = loaded;
        }
        slot.as_ref().ok_or_else(|| LoadError::refused("no instance"))
    }

    fn load(&self, layer: Layer, now: u64) -> Result<Instance, LoadError> {
        let options = LoadOptions { layer, replay: true, ..LoadOptions::live(entry_point()?) };
        let instance = Instance::load(&options)?;
        instance.set_policy(&self.policy.rules);
        instance.state().set_host(&self.host);
        let allowed = instance.allowlist(None)?.set_policy(&self.policy.allow);
        allowed.map_err(|error| LoadError::Map {
            name: map::ALLOW_V4,
            error: io::Error::other(error),
        })?;
        set_bans(&instance, &self.bans.in_force(now), now)?;
        Ok(instance)
    }

    /// Everything counted so far.
    pub fn snapshot(&self) -> Snapshot {
        let mut sum = self.user.clone();
        for instance in [&self.ethernet, &self.ip].into_iter().flatten() {
            sum.add(&Snapshot::read(instance.counters()));
        }
        sum
    }
}

/// Has a program drop by bans.
fn set_bans(instance: &Instance, bans: &BTreeMap<IpAddr, Ban>, now: u64) -> Result<(), LoadError> {
    let set = instance.bans(None)?.inherit(bans, now);
    set.map_err(|error| LoadError::Map { name: map::BANS, error: io::Error::other(error) })
}

/// Whether test-run takes no frame of this length.
fn is_refusal(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(error) = error else {
        return false;
    };
    matches!(
        error.io_error.raw_os_error(),
        Some(libc::EINVAL | libc::E2BIG | libc::EMSGSIZE | libc::ENOMEM)
    )
}
