//! Orders for an interface, and their replacement under traffic.

use std::{collections::BTreeSet, time::Duration};

use ipnet::IpNet;
use port12_common::{
    Transport,
    abi::{self, Gate},
};

use crate::{
    fault::fault,
    kernel::{
        banning::{Scope, Terms},
        clock::Moment,
        state::{StateMap, StateWriter, let_frames_pass},
    },
    policy::Mode,
    state_dir::confirmations::RulesHash,
};

/// Orders for an interface.
#[derive(Clone)]
pub struct Orders {
    /// The rules of all ports.
    pub policy: Box<abi::Policy>,
    /// Treatment of probes.
    pub mode: Mode,
    /// How long drop mode lasts unless somebody confirms; `None` for ever.
    pub confirm: Option<Duration>,
    /// Whether these rules were confirmed before: they have no deadline.
    pub confirmed: bool,
    /// The sources that are never dropped.
    pub allow: BTreeSet<IpNet>,
    /// When the program bans a source by itself; `None` for never.
    pub ban: Option<Terms>,
    /// Ports on which a listener is expected.
    pub expected: BTreeSet<(Transport, u16)>,
}

/// Why orders are given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occasion {
    /// A process starts: what stands from before is to go on, a trial that nobody confirmed too.
    Start,
    /// The operator asks: a trial that nobody confirmed begins anew.
    Reload,
}

impl Orders {
    /// Whether bans may be of scope `all`, which a program is loaded for.
    pub(super) fn shuts_out(&self) -> bool {
        self.ban.is_some_and(|terms| terms.scope == Scope::All)
    }

    /// The gate of a program that is not attached yet.
    pub fn gate(&self, now: &Moment) -> Gate {
        Gate { drop_until: self.drop_until(now), bypass: 0 }
    }

    /// Hash of the rules, if they wait for a confirmation.
    pub fn to_confirm(&self) -> Option<RulesHash> {
        let is_asked = self.mode == Mode::Drop && self.confirm.is_some();
        is_asked.then(|| RulesHash::of(&self.policy.rules, self.policy.too_deep))
    }

    fn drop_until(&self, now: &Moment) -> u64 {
        match (self.mode, self.confirm) {
            (Mode::Monitor, _) => 0,
            (Mode::Drop, Some(time)) if !self.confirmed => now.after(time),
            (Mode::Drop, Some(_) | None) => Gate::FOR_EVER,
        }
    }

    /// Puts the rules in force. Each frame goes by the old policy or the new one, and at no point
    /// is there a rule that drops without the deadline it is to have. Rules that are the same keep
    /// the standing they have: what was confirmed stays so. Returns whether anything changed.
    pub fn enforce(&self, state: &StateWriter, now: &Moment, occasion: Occasion) -> bool {
        let policy = &self.policy;
        let same = *state.rules() == policy.rules && state.too_deep() == policy.too_deep;
        if same && self.stands(state, now, occasion) {
            return false;
        }
        let until = self.drop_until(now);
        fault("reload.before");
        let before = state.gate().drop_until;
        if now.jiffies < before {
            // The sooner deadline first, so that neither the old rules nor the new ones outlive
            // what was said of them.
            state.set_drop_until(before.min(until));
            fault("reload.gate");
            put_rules(state, policy, same);
            fault("reload.rules");
        } else {
            put_rules(state, policy, same);
            fault("reload.rules");
            // A frame that has read an old rule is not to meet the open gate.
            let_frames_pass();
        }
        state.set_drop_until(until);
        fault("reload.after");
        true
    }

    /// Whether what stands is what is ordered.
    fn stands(&self, state: &StateMap, now: &Moment, occasion: Occasion) -> bool {
        let until = state.gate().drop_until;
        match (self.mode, self.confirm, until) {
            (Mode::Monitor, _, until) => until == 0,
            (Mode::Drop, _, 0) => false,
            (Mode::Drop, _, Gate::FOR_EVER) => true,
            (Mode::Drop, None, _) => false,
            (Mode::Drop, Some(_), until) => now.jiffies < until || occasion == Occasion::Start,
        }
    }
}

fn put_rules(state: &StateWriter, policy: &abi::Policy, same: bool) {
    if !same {
        state.set_rules(&policy.rules, policy.too_deep);
    }
}
