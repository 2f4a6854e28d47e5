//! The element that tells a program instance what to do, shared with the kernel and with every
//! process that has it mapped.

mod vlans;

use std::{
    collections::BTreeSet,
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aya::maps::MapData;
use port12_common::{
    Transport,
    abi::{
        ExpectedPorts, Gate, Header, HostTable, OLDER_VERSION, PORTS, Policy, Rule, Sockets, State,
        VERSION, bypass,
    },
};
use thiserror::Error;

use super::{clock::Moment, mapped::Mapped};

/// Why the state of an instance is not used.
#[derive(Debug, Error)]
pub enum StateError {
    /// It was written by another version of port12.
    #[error(
        "its maps have layout version {found}, and this port12 reads version {VERSION}: nothing \
         was touched; {}",
        remedy(*found)
    )]
    Version {
        /// The version that its header says.
        found: u64,
    },
    /// It cannot be mapped.
    #[error(
        "its state cannot be read ({0}): it is not port12's, or is of another version; `port12 \
         detach --force` removes it"
    )]
    Unreadable(#[from] io::Error),
}

/// Way to go on from maps of another layout.
fn remedy(found: u64) -> &'static str {
    match found == u64::from(OLDER_VERSION) {
        true => {
            "`port12 attach` or `port12 run --pin` copies policy, bans and counters, and replaces the program"
        }
        false => "detach it with the port12 that attached it, or `port12 detach --force`",
    }
}

/// How drop mode stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// No rule drops.
    Monitor,
    /// The rules that drop are in force, with no end.
    Drop,
    /// They are in force until a time in jiffies, unless somebody confirms.
    Unconfirmed {
        /// The deadline.
        until: u64,
    },
    /// Nobody confirmed in time: nothing is dropped.
    Reverted {
        /// When, in jiffies.
        at: u64,
    },
    /// Somebody stopped all dropping.
    Bypassed,
    /// The host forwards, so that a missing socket proves nothing.
    Forwarding,
    /// The interface has left.
    Left,
}

impl fmt::Display for Standing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Monitor => "monitor",
            Self::Drop => "drop",
            Self::Unconfirmed { .. } => "drop, unconfirmed",
            Self::Reverted { .. } => "monitor, drop mode expired unconfirmed",
            Self::Bypassed => "monitor, bypassed",
            Self::Forwarding => "monitor, the host forwards",
            Self::Left => "monitor, the interface is gone",
        })
    }
}

impl Standing {
    /// Whether what the rules say is dropped.
    pub fn drops(self) -> bool {
        matches!(self, Self::Drop | Self::Unconfirmed { .. })
    }
}

/// Ports on which the policy expects a listener.
#[derive(Clone, Copy, Debug)]
pub struct Expected(ExpectedPorts);

impl Expected {
    /// No port.
    pub const NONE: Self = Self([[0; PORTS / 64]; Transport::ALL.len()]);

    /// The ports of a set.
    pub fn of(ports: &BTreeSet<(Transport, u16)>) -> Self {
        let mut bits: ExpectedPorts = [[0; PORTS / 64]; Transport::ALL.len()];
        for &(transport, port) in ports {
            if let Some(word) = bits[transport as usize].get_mut(usize::from(port) / 64) {
                *word |= 1 << (port % 64);
            }
        }
        Self(bits)
    }

    /// Whether a port is among them.
    pub fn contains(&self, transport: Transport, port: u16) -> bool {
        let word = self.0[transport as usize].get(usize::from(port) / 64);
        word.is_some_and(|word| word >> (port % 64) & 1 == 1)
    }
}

/// The rules of all ports.
pub type Rules = [[Rule; PORTS]; Transport::ALL.len()];

/// The state of one instance. Several processes may write it: single words atomically, and the
/// rules only by the one that holds the lock of the pin directory.
#[derive(Clone)]
pub struct StateMap(Arc<Mapped<State>>);

impl StateMap {
    /// The state in a map that this process has made.
    ///
    /// # Errors
    ///
    /// What mapping it says.
    pub fn new(map: &MapData) -> io::Result<Self> {
        Ok(Self(Arc::new(Mapped::new(map)?)))
    }

    /// The state in a map that somebody else has made.
    ///
    /// # Errors
    ///
    /// [`StateError::Version`] where it is of another layout.
    pub fn open(map: &MapData) -> Result<Self, StateError> {
        // The header is in its place in every layout, whatever follows.
        let header: Header = Mapped::<Header>::first_of(map)?;
        if header.version != u64::from(VERSION) {
            return Err(StateError::Version { found: header.version });
        }
        Ok(Self::new(map)?)
    }

    fn element(&self) -> *mut State {
        self.0.first()
    }

    /// What the instance is.
    pub fn header(&self) -> Header {
        // SAFETY: the element is mapped while `self` lives.
        unsafe { (&raw const (*self.element()).header).read_volatile() }
    }

    /// Says what the instance is; the version is that of this build.
    pub fn set_header(&self, attached_at: u64, namespace: u64) {
        let version = VERSION.into();
        let header = Header { version, attached_at, namespace, ..Header::default() };
        // SAFETY: the element is mapped for writing.
        unsafe { (&raw mut (*self.element()).header).write_volatile(header) };
    }

    /// Says whether the program was loaded to look for bans of scope `all`, which it cannot be told later.
    pub fn set_shuts_out(&self, shuts_out: bool) {
        // SAFETY: the element is mapped for writing.
        unsafe {
            (&raw mut (*self.element()).header.shuts_out).write_volatile(shuts_out.into());
        }
    }

    /// Whether the program looks for bans of scope `all`.
    pub fn shuts_out(&self) -> bool {
        self.header().shuts_out != 0
    }

    /// The host table: valid for reads and writes while `self` lives, and shared with the kernel.
    pub fn host(&self) -> *mut HostTable {
        // SAFETY: the pointer is to a mapped element.
        unsafe { &raw mut (*self.element()).host }
    }

    /// Puts a host table in place of the one that a [`Truth`](crate::truth::Truth) keeps.
    pub fn set_host(&self, host: &HostTable) {
        // SAFETY: the element is mapped for writing, and any bytes are a table to the program.
        unsafe { self.host().write_volatile(*host) };
    }

    /// Says whether a look-up that finds nothing proves that there is no socket.
    pub fn set_lookup_proves(&self, proves: bool) {
        // SAFETY: the element is mapped for writing.
        unsafe { (&raw mut (*self.host()).sockets.lookup_proves).write_volatile(proves.into()) };
    }

    /// Sets the MAC addresses at which the host receives. Addresses beyond the room of the table are left out:
    /// frames for them count as another host's.
    pub fn set_macs(&self, addresses: impl IntoIterator<Item = [u8; 6]>) {
        let word = |[low, high]: [u8; 2]| u16::from_ne_bytes([low, high]);
        let mut elements = addresses
            .into_iter()
            .map(|[a, b, c, d, e, f]| HostTable::mac([word([a, b]), word([c, d]), word([e, f])]));
        // SAFETY: the elements are mapped for writing, and each is written whole.
        unsafe {
            let table = &raw mut (*self.host()).macs;
            for index in 0..(*table).len() {
                (&raw mut (*table)[index]).write_volatile(elements.next().unwrap_or(0));
            }
        }
    }

    /// What the program is told of sockets.
    pub fn sockets(&self) -> Sockets {
        // SAFETY: the element is mapped, and any bytes are such a list.
        unsafe { (&raw const (*self.host()).sockets).read_volatile() }
    }

    /// The policy in force.
    pub fn policy(&self) -> Box<Policy> {
        let lists = self.lists().load(Ordering::SeqCst);
        let too_deep = self.too_deep().load(Ordering::SeqCst);
        Box::new(Policy { gate: self.gate(), lists, rules: *self.rules(), too_deep })
    }

    /// Whether somebody keeps what the program knows of sockets fresh.
    pub fn is_fresh(&self, now: &Moment) -> bool {
        // SAFETY: the element is mapped, and the word is written whole.
        now.jiffies <= unsafe { (&raw const (*self.host()).sockets.valid_until).read_volatile() }
    }

    /// The rules in force.
    pub fn rules(&self) -> Box<Rules> {
        // SAFETY: the element is mapped, and any byte is a rule.
        Box::new(unsafe { (&raw const (*self.element()).policy.rules).read_volatile() })
    }

    /// Puts rules in force. Each frame goes by the old rule of its port or the new one.
    pub fn set_rules(&self, rules: &Rules, too_deep: u64) {
        // SAFETY: the element is mapped for writing, and any bytes are rules to the program.
        unsafe { (&raw mut (*self.element()).policy.rules).write_volatile(*rules) };
        self.too_deep().store(too_deep, Ordering::SeqCst);
    }

    /// Sets the ports on which the policy expects a listener.
    pub fn set_expected(&self, ports: &BTreeSet<(Transport, u16)>) {
        let Expected(bits) = Expected::of(ports);
        // SAFETY: the element is mapped for writing, and the program does not read the bits.
        unsafe { (&raw mut (*self.element()).expected).write_volatile(bits) };
    }

    /// The ports on which the policy expects a listener.
    pub fn expected(&self) -> Expected {
        // SAFETY: the element is mapped, and any bits are ports.
        Expected(unsafe { (&raw const (*self.element()).expected).read_volatile() })
    }

    /// Verdict on packets that are too deep: [`Policy::too_deep`].
    pub fn too_deep(&self) -> &AtomicU64 {
        // SAFETY: the word is mapped while `self` lives, and aligned; every process writes it atomically.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.element()).policy.too_deep) }
    }

    /// Puts a whole policy in force; see [`Instance::set_policy`](super::instance::Instance::set_policy).
    pub(super) fn set_policy(&self, policy: &Policy) {
        // SAFETY: the element is mapped for writing, and any bytes are a policy to the program.
        unsafe { (&raw mut (*self.element()).policy).write_volatile(*policy) };
    }

    /// Which lists of sources are not empty: bits of [`Policy::lists`].
    pub(super) fn lists(&self) -> &AtomicU64 {
        // SAFETY: the word is mapped while `self` lives, and aligned; every process writes it
        // atomically.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.element()).policy.lists) }
    }

    /// Lists of sources that are not empty: bits of [`Policy::lists`].
    pub fn policy_lists(&self) -> u64 {
        self.lists().load(Ordering::SeqCst)
    }

    /// Whether the program looks for bans.
    pub fn looks_for_bans(&self) -> bool {
        self.policy_lists() & Policy::BANS != 0
    }

    fn drop_until(&self) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.element()).policy.gate.drop_until) }
    }

    fn bypass(&self) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.element()).policy.gate.bypass) }
    }

    /// The gate in force.
    pub fn gate(&self) -> Gate {
        Gate {
            drop_until: self.drop_until().load(Ordering::SeqCst),
            bypass: self.bypass().load(Ordering::SeqCst),
        }
    }

    /// Lets the rules that drop be in force up to a time in jiffies.
    pub fn set_drop_until(&self, jiffies: u64) {
        self.drop_until().store(jiffies, Ordering::SeqCst);
    }

    /// Takes the deadline away, where there is one that has not passed. Returns what stood before,
    /// whether or not dropping was stopped: [`Standing::Reverted`] where it came too late.
    pub fn confirm(&self, now: &Moment) -> Standing {
        loop {
            let until = self.gate().drop_until;
            let standing = trial(until, now);
            if !matches!(standing, Standing::Unconfirmed { .. }) {
                return standing;
            }
            let exchanged = self.drop_until().compare_exchange(
                until,
                Gate::FOR_EVER,
                Ordering::SeqCst,
                Ordering::SeqCst,
            );
            if exchanged.is_ok() {
                return standing;
            }
        }
    }

    /// Stops all dropping for a [reason](bypass), or takes the reason back. Returns whether that is
    /// news. The gate and the rules stay as they are.
    pub fn set_bypass(&self, reason: u64, on: bool) -> bool {
        let before = match on {
            true => self.bypass().fetch_or(reason, Ordering::SeqCst),
            false => self.bypass().fetch_and(!reason, Ordering::SeqCst),
        };
        (before & reason != 0) != on
    }

    /// How drop mode stands. A bypass stops bans too, which hold in monitor mode.
    pub fn standing(&self, now: &Moment) -> Standing {
        let gate = self.gate();
        match gate.bypass {
            0 => trial(gate.drop_until, now),
            reasons if reasons & bypass::OPERATOR != 0 => Standing::Bypassed,
            reasons if reasons & bypass::FORWARDS != 0 => Standing::Forwarding,
            _ => Standing::Left,
        }
    }

    /// How drop mode would stand if nothing stopped it.
    pub fn trial(&self, now: &Moment) -> Standing {
        trial(self.gate().drop_until, now)
    }
}

fn trial(drop_until: u64, now: &Moment) -> Standing {
    match drop_until {
        0 => Standing::Monitor,
        Gate::FOR_EVER => Standing::Drop,
        until if until > now.jiffies => Standing::Unconfirmed { until },
        at => Standing::Reverted { at },
    }
}

/// Waits until every frame that was in the program has left it.
pub fn let_frames_pass() {
    /// `MEMBARRIER_CMD_GLOBAL` (linux/membarrier.h, kernel 4.3): an RCU grace period.
    const GLOBAL: libc::c_int = 1;
    // SAFETY: the system call takes numbers. Where it is missing, a frame in flight may see a rule
    // of before with a gate of after, as it would without the wait.
    unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL, 0, 0) };
}
