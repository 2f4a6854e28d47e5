//! One row of the table: a frame, the settings it meets, and what becomes of it.

use port12::policy::Mode;
use port12_common::{Outcome, Transport, Verdict};

use super::target::Target;

/// Who is banned while a row is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bans {
    /// Nobody, and nobody will be.
    Nobody,
    /// As many sources as there is room for, and not that of the frame.
    Others,
    /// The source of the frame, and others as far as there is room.
    Source,
    /// Nobody yet: the program looks for evidence.
    Suspects,
}

/// What is in port12's maps while a row is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setting {
    /// The mode, over the registry's ports.
    pub mode: Mode,
    /// Whether the socket bitmap is fresh.
    pub fresh: bool,
    /// A port that the socket bitmap lists.
    pub listed: Option<(Transport, u16)>,
    /// How many addresses of each IP version are local.
    pub addresses: u16,
    /// How many IPv4 prefixes are on the allowlist. The source of the frame is in none.
    pub allowed: u32,
    /// Who is banned.
    pub bans: Bans,
    /// Whether the program records who sends.
    pub sources: bool,
}

impl Setting {
    /// Drop mode on a host with one address, its bitmap fresh and empty.
    pub const PLAIN: Self = Self {
        mode: Mode::Drop,
        fresh: true,
        listed: None,
        addresses: 1,
        allowed: 0,
        bans: Bans::Nobody,
        sources: true,
    };
}

/// One row.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the row says.
    pub name: String,
    /// The frame.
    pub frame: Vec<u8>,
    /// What is in the maps.
    pub setting: Setting,
    /// What becomes of the frame, which is checked in every round.
    pub outcome: Outcome,
    /// The port whose counters the frame moves, by its outcome.
    pub port: Option<(Transport, u16)>,
    /// What the row is held against.
    pub target: Option<Target>,
    /// What xdp-filter does with the frame, where the comparison is of the same work.
    pub xdp_filter: Option<Verdict>,
    /// Whether port12 looks a socket up.
    pub looks_up: bool,
}

impl Case {
    /// A row without target or comparison.
    pub fn new(name: impl Into<String>, frame: Vec<u8>, outcome: Outcome) -> Self {
        Self {
            name: name.into(),
            frame,
            setting: Setting::PLAIN,
            outcome,
            port: None,
            target: None,
            xdp_filter: None,
            looks_up: false,
        }
    }

    /// Under another setting.
    pub fn under(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    /// With the counters of a port.
    pub fn at(mut self, transport: Transport, port: u16) -> Self {
        self.port = Some((transport, port));
        self
    }

    /// Held against a target.
    pub fn within(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Compared with xdp-filter, which passes or drops the frame as port12 does.
    pub fn compared(mut self) -> Self {
        self.xdp_filter = Some(self.outcome.verdict());
        self
    }

    /// With a socket look-up.
    pub fn looking_up(mut self) -> Self {
        self.looks_up = true;
        self
    }
}
