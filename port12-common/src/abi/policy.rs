//! What to do about each port.

use super::PORTS;
use crate::{Transport, watched};

/// What the policy says of one transport's port.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Action {
    /// Assigned or reserved: not watched.
    #[default]
    Assigned,
    /// Unassigned, and not to be looked at.
    Ignore,
    /// Count a probe and pass it.
    Watch,
    /// Count a probe and drop it.
    Drop {
        /// Drop even where a local socket is there.
        enforce: bool,
    },
}

/// What to do about conversation starts for other hosts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(u8)]
pub enum TransitPolicy {
    /// Pass them as `transit`.
    #[default]
    Pass = 0,
    /// Treat them as if they were for this host, and drop none: a SPAN port.
    Watch = 1,
    /// Treat them as if they were for this host.
    Drop = 2,
}

/// What the policy says of one transport's port, in one byte: a frame that reads it once goes by
/// one policy, whatever is written over it meanwhile.
///
/// Bits 0 to 2 are the [`Action`], or 0 where it is unset, bits 3 and 4 the [`TransitPolicy`]. The
/// program asks for no more than it needs at each place, for the kernel's verifier walks every way on
/// from a decision.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Rule(u8);

impl Rule {
    const ACTION: u8 = 0b111;
    const UNSET: u8 = 0;
    const IGNORE: u8 = 1;
    const WATCH: u8 = 2;
    const DROP: u8 = 3;
    const DROP_ENFORCED: u8 = 4;
    const NOT_WATCHED: u8 = 5;
    const TRANSIT: u32 = 3;

    /// An assigned port.
    pub const ASSIGNED: Self = Self(Self::NOT_WATCHED);

    /// The rule of a port.
    pub const fn new(action: Action, transit: TransitPolicy) -> Self {
        let action = match action {
            Action::Assigned => return Self::ASSIGNED,
            Action::Ignore => Self::IGNORE,
            Action::Watch => Self::WATCH,
            Action::Drop { enforce: false } => Self::DROP,
            Action::Drop { enforce: true } => Self::DROP_ENFORCED,
        };
        Self(action | (transit as u8) << Self::TRANSIT)
    }

    /// The rule of a byte in a map. Every byte is one: 0 is unset, an unknown action is
    /// [`Action::Assigned`], an unknown transit policy [`TransitPolicy::Pass`].
    #[inline(always)]
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// What is to be done.
    pub const fn action(self) -> Action {
        match self.0 & Self::ACTION {
            Self::IGNORE => Action::Ignore,
            Self::WATCH => Action::Watch,
            Self::DROP => Action::Drop { enforce: false },
            Self::DROP_ENFORCED => Action::Drop { enforce: true },
            _ => Action::Assigned,
        }
    }

    /// The rule, or that of the registry where nobody has written one: the map is as a foreign loader
    /// leaves it. There, a port that is unassigned is watched.
    #[inline(always)]
    pub(crate) fn or_of_registry(self, transport: Transport, port: u16) -> Self {
        if self.0 & Self::ACTION != Self::UNSET {
            return self;
        }
        let port = usize::from(port) & (PORTS - 1);
        match REGISTRY[transport as usize][port / 64] >> (port % 64) & 1 {
            0 => Self::ASSIGNED,
            _ => Self(Self::WATCH),
        }
    }

    /// Whether the port is assigned, as far as it takes no more than a look: one that is not this, but
    /// does neither [watches](Self::watches) nor [ignores](Self::ignores), is unset or assigned too.
    #[inline(always)]
    pub(crate) const fn is_assigned(self) -> bool {
        self.0 == Self::NOT_WATCHED
    }

    /// Whether it says what to do about probes.
    #[inline(always)]
    pub const fn watches(self) -> bool {
        matches!(self.0 & Self::ACTION, Self::WATCH..=Self::DROP_ENFORCED)
    }

    /// Whether the port is unassigned, and not to be looked at.
    #[inline(always)]
    pub(crate) const fn ignores(self) -> bool {
        self.0 & Self::ACTION == Self::IGNORE
    }

    /// Whether probes are to be dropped, of a rule that watches.
    #[inline(always)]
    pub(crate) const fn drops(self) -> bool {
        self.0 & Self::ACTION != Self::WATCH
    }

    /// Whether they are to be dropped even where a local socket is there.
    #[inline(always)]
    pub(crate) const fn enforces(self) -> bool {
        self.0 & Self::ACTION == Self::DROP_ENFORCED
    }

    /// What is to be done about conversation starts for other hosts.
    #[inline(always)]
    pub const fn transit(self) -> TransitPolicy {
        match self.0 >> Self::TRANSIT {
            1 => TransitPolicy::Watch,
            2 => TransitPolicy::Drop,
            _ => TransitPolicy::Pass,
        }
    }
}

impl From<Action> for Rule {
    /// The rule that passes what is for other hosts.
    fn from(action: Action) -> Self {
        Self::new(action, TransitPolicy::Pass)
    }
}

/// One copy for all who look into it.
static REGISTRY: [[u64; PORTS / 64]; Transport::ALL.len()] = watched::BITS;

/// Whether anything is dropped at all. The program looks at it, so that dropping ends in time
/// even where nothing else of port12 runs any longer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Gate {
    /// Jiffies up to which the rules that drop are in force; until then, and for ever with
    /// [`Gate::FOR_EVER`].
    pub drop_until: u64,
    /// Anything but 0 stops all dropping, whatever the other says: bits of [`bypass`].
    pub bypass: u64,
}

/// Why nothing is dropped, though the gate is open.
pub mod bypass {
    /// `port12 bypass`: until the operator undoes it.
    pub const OPERATOR: u64 = 1;
    /// The host forwards, or does not say whether it does.
    pub const FORWARDS: u64 = 2;
    /// The interface has left the network namespace of which anything is known.
    pub const LEFT: u64 = 4;
}

impl Gate {
    /// No deadline: jiffies get there 58 million years from boot.
    pub const FOR_EVER: u64 = u64::MAX;

    /// Nothing is dropped.
    pub const SHUT: Self = Self { drop_until: 0, bypass: 0 };

    /// What the rules say is dropped.
    pub const OPEN: Self = Self { drop_until: Self::FOR_EVER, bypass: 0 };

    /// Whether what the rules say is dropped, at a time in jiffies.
    #[inline(always)]
    pub const fn lets_drop(&self, now: u64) -> bool {
        self.bypass == 0 && self.is_open(now)
    }

    /// The same, of a gate without a bypass.
    #[inline(always)]
    pub(crate) const fn is_open(&self, now: u64) -> bool {
        now < self.drop_until
    }
}

/// Where a prefix of an allowlist comes from: the value in the trie. It may come from both.
pub mod origin {
    /// The policy file, or the command line of `run` or `attach`: a reload takes it back.
    pub const POLICY: u8 = 1;
    /// `port12 allow add`: it stays until it is removed.
    pub const OPERATOR: u8 = 2;
}

/// The policy in force.
#[derive(Clone, Copy)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Policy {
    /// Whether anything is dropped at all.
    pub gate: Gate,
    /// Which lists of sources are not empty: [`Policy::ALLOW_V4`], [`Policy::ALLOW_V6`] and
    /// [`Policy::BANS`]; and [`Policy::UNTAGGED_ELSEWHERE`]. To look into an empty one takes 7 ns and more.
    pub lists: u64,
    /// By [`Transport`] and port.
    pub rules: [[Rule; PORTS]; Transport::ALL.len()],
    /// Verdict on packets that are [too deep](crate::Outcome::TooDeep): [`Policy::DROP_TOO_DEEP`] and
    /// [`Policy::PASS_TOO_DEEP`].
    pub too_deep: u64,
}

impl Policy {
    /// A policy that watches nothing.
    pub const EMPTY: Self = Self {
        gate: Gate::SHUT,
        lists: 0,
        rules: [[Rule::ASSIGNED; PORTS]; Transport::ALL.len()],
        too_deep: 0,
    };

    /// Of [`Policy::lists`]: there are IPv4 prefixes that are allowed.
    pub const ALLOW_V4: u64 = 1;

    /// Of [`Policy::lists`]: there are IPv6 prefixes that are allowed.
    pub const ALLOW_V6: u64 = 2;

    /// Of [`Policy::lists`], although no list: frames without a VID are not this host's. The common packet path, which looks
    /// into no list, does not ask for that.
    pub const UNTAGGED_ELSEWHERE: u64 = 4;

    /// Of [`Policy::lists`]: there are sources that are banned. All of the second byte: the program writes it
    /// by itself, which takes an instruction that writes no more than that.
    pub const BANS: u64 = 1 << 8;

    /// Which byte of [`Policy::lists`] in memory that is.
    pub const BANS_BYTE: usize = if cfg!(target_endian = "little") { 1 } else { 6 };

    /// Of [`Policy::too_deep`]: a rule drops, and what is too deep is dropped while the gate is open.
    pub const DROP_TOO_DEEP: u64 = 1;

    /// Of [`Policy::too_deep`]: what is too deep passes, whatever rules and bans say.
    pub const PASS_TOO_DEEP: u64 = 2;

    /// [`Policy::too_deep`] for some rules: of its bits, the rules decide one.
    pub fn too_deep_by(rules: &[[Rule; PORTS]; Transport::ALL.len()], passes: bool) -> u64 {
        let drops = rules.iter().flatten().any(|rule| matches!(rule.action(), Action::Drop { .. }));
        let drops = if drops { Self::DROP_TOO_DEEP } else { 0 };
        let passes = if passes { Self::PASS_TOO_DEEP } else { 0 };
        drops | passes
    }

    /// The rule for a well-known port.
    #[inline(always)]
    pub fn rule(&self, transport: Transport, port: u16) -> Rule {
        self.rules[transport as usize][usize::from(port) & (PORTS - 1)]
    }

    /// Sets the rule for a well-known port.
    ///
    /// # Panics
    ///
    /// On a port above 1023.
    pub fn set(&mut self, transport: Transport, port: u16, rule: Rule) {
        self.rules[transport as usize][usize::from(port)] = rule;
    }
}

const _: () = assert!(size_of::<Policy>() == 24 + Transport::ALL.len() * PORTS + 8);
