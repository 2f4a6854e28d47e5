//! Changes to the state of a program.

use std::{
    collections::BTreeSet,
    io,
    ops::Deref,
    sync::atomic::{AtomicU8, AtomicU64, Ordering, fence},
};

use aya::maps::MapData;
use port12_common::{
    Transport,
    abi::{Gate, Header, HostTable, Local, PORTS, Policy, State, VERSION},
};

use super::{Expected, Rules, Standing, StateError, StateMap, check, trial};
use crate::{
    kernel::{clock::Moment, mapped::MappedMut},
    mapped_part_mut, mapped_read, mapped_write,
};

/// The state of one instance, to be read and written. Several processes may write it: single words atomically, and
/// the rules only by the process that holds the lock of the pin directory.
#[derive(Clone)]
pub struct StateWriter {
    pub(super) map: MappedMut<State>,
    state: StateMap,
}

impl Deref for StateWriter {
    type Target = StateMap;

    fn deref(&self) -> &StateMap {
        &self.state
    }
}

impl StateWriter {
    /// The state in a map that this process has made.
    ///
    /// # Errors
    ///
    /// Error of mapping it.
    pub fn new(map: &MapData) -> io::Result<Self> {
        let map = MappedMut::new(map)?;
        Ok(Self { state: StateMap((*map).clone()), map })
    }

    /// Opens the state in a map that another process has made.
    ///
    /// # Errors
    ///
    /// [`StateError::Version`] if it is of another layout.
    pub fn open(map: &MapData) -> Result<Self, StateError> {
        check(map)?;
        Ok(Self::new(map)?)
    }

    /// Says what the instance is; the version is that of this build.
    pub fn set_header(&self, attached_at: u64, namespace: u64) {
        let version = VERSION.into();
        let header = Header { version, attached_at, namespace, ..Header::default() };
        mapped_write!(self.map.first_mut(), header => header);
    }

    /// Says whether the program was loaded to look for bans of scope `all`, which it cannot be told later.
    pub fn set_shuts_out(&self, shuts_out: bool) {
        mapped_write!(self.map.first_mut(), header.shuts_out => shuts_out.into());
    }

    /// Puts a host table in place of the one that a [`Truth`](crate::truth::Truth) keeps.
    pub fn set_host(&self, host: &HostTable) {
        mapped_write!(self.map.first_mut(), host => *host);
    }

    /// Says whether a look-up that finds nothing proves that there is no socket.
    pub fn set_lookup_proves(&self, proves: bool) {
        mapped_write!(self.map.first_mut(), host.sockets.lookup_proves => proves.into());
    }

    /// Sets the MAC addresses at which the host receives. Addresses beyond the room of the table are left out:
    /// frames for them count as another host's.
    pub fn set_macs(&self, addresses: impl IntoIterator<Item = [u8; 6]>) {
        let word = |[low, high]: [u8; 2]| u16::from_ne_bytes([low, high]);
        let mut elements = addresses
            .into_iter()
            .map(|[a, b, c, d, e, f]| HostTable::mac([word([a, b]), word([c, d]), word([e, f])]));
        for index in 0..HostTable::UNKNOWN.macs.len() {
            let element = elements.next().unwrap_or(0);
            mapped_write!(self.map.first_mut(), host.macs[index] => element);
        }
    }

    /// Puts other addresses of the host in force. The program reads the table before until the index changes.
    pub fn set_addresses(&self, local: &Local) {
        let element = self.map.first_mut();
        let next = self.active() ^ 1;
        mapped_write!(element, host.local[next] => *local);
        fence(Ordering::SeqCst);
        mapped_write!(element, host.active => next as u64);
    }

    /// Marks of the ports that may have a socket, by transport and port. Programs at `bind` and `listen` write them,
    /// too.
    pub fn marks(&self) -> &[AtomicU8] {
        mapped_part_mut!(self.map.first_mut(), host.sockets.listed).atomic_bytes()
    }

    /// Sets the time in jiffies up to which a port without a mark has no listener.
    pub fn set_valid_until(&self, jiffies: u64) {
        mapped_write!(self.map.first_mut(), host.sockets.valid_until => jiffies);
    }

    /// Datagrams to the ports that have a UDP socket, or had one since the last listing, may be late answers for a
    /// while; those to all ports, if UDP sockets cannot be listed.
    pub fn expect_late_answers(&self, until: u64, sees_udp: bool) {
        let element = self.map.first_mut();
        for port in 0..PORTS {
            let listed = mapped_read!(element, host.sockets.listed[Transport::Udp as usize][port]);
            if listed != 0 || !sees_udp {
                mapped_write!(element, host.sockets.late_until[port] => until);
            }
        }
    }

    /// Puts rules in force. Each frame goes by the old rule of its port or the new one.
    pub fn set_rules(&self, rules: &Rules, too_deep: u64) {
        mapped_write!(self.map.first_mut(), policy.rules => *rules);
        self.set_too_deep(too_deep);
    }

    /// Sets the verdict on packets that are too deep.
    pub fn set_too_deep(&self, too_deep: u64) {
        let word = mapped_part_mut!(self.map.first_mut(), policy.too_deep).atomic();
        word.store(too_deep, Ordering::SeqCst);
    }

    /// Sets the ports on which the policy expects a listener.
    pub fn set_expected(&self, ports: &BTreeSet<(Transport, u16)>) {
        let Expected(bits) = Expected::of(ports);
        mapped_write!(self.map.first_mut(), expected => bits);
    }

    /// Puts a whole policy in force; see [`Instance::set_policy`](crate::kernel::instance::Instance::set_policy).
    pub(in crate::kernel) fn set_policy(&self, policy: &Policy) {
        mapped_write!(self.map.first_mut(), policy => *policy);
    }

    /// Which lists of sources are not empty: bits of [`Policy::lists`].
    pub(in crate::kernel) fn lists(&self) -> &AtomicU64 {
        mapped_part_mut!(self.map.first_mut(), policy.lists).atomic()
    }

    fn drop_until(&self) -> &AtomicU64 {
        mapped_part_mut!(self.map.first_mut(), policy.gate.drop_until).atomic()
    }

    fn bypass(&self) -> &AtomicU64 {
        mapped_part_mut!(self.map.first_mut(), policy.gate.bypass).atomic()
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

    /// Stops all dropping for a [reason](port12_common::abi::bypass), or takes the reason back. Returns whether that
    /// is news. The gate and the rules stay as they are.
    pub fn set_bypass(&self, reason: u64, on: bool) -> bool {
        let before = match on {
            true => self.bypass().fetch_or(reason, Ordering::SeqCst),
            false => self.bypass().fetch_and(!reason, Ordering::SeqCst),
        };
        (before & reason != 0) != on
    }
}
