//! Reload: the change to another plan.

use super::{Agent, AgentError, Plan, announce};
use crate::{
    privileges,
    sink::has_stdout,
    watch::{Occasion, Watched},
};

impl Agent {
    /// Puts another plan in force: the whole of it, or nothing. Interfaces that it adds are
    /// attached first, those that it leaves out are detached last.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: an interface cannot be attached; the old plan is in force then.
    pub fn reload(&mut self, plan: Plan) -> Result<(), AgentError> {
        if plan.needs_pins(self.stay) && self.pins.is_none() {
            return Err(AgentError::ConfirmWithoutPins);
        }
        let sinks = [&self.plan.config.sinks.value, &plan.config.sinks.value];
        if has_stdout(sinks[0]) != has_stdout(sinks[1]) {
            return Err(AgentError::StandardOutput);
        }
        let outbound = self.prepare_outbound(&plan)?;
        self.look_around()?;
        self.note_taken();
        self.tell_events();
        // It would write to what comes in the place of what has gone.
        self.keeper = None;
        let changed = self.change_sinks(&plan).and_then(|()| self.change(&plan));
        let (added, dropped) = match changed {
            Ok(changed) => changed,
            Err(error) => {
                let old = (&self.plan.config.sinks.value, self.plan.config.frame_bytes.value);
                if let Err(back) = self.story.change(old.0, old.1) {
                    log::error!("{back}");
                }
                self.keep()?;
                return Err(error);
            }
        };
        self.story.reopen();
        added.iter().for_each(|watched| announce(watched, &plan, self.tell));
        self.watched.extend(added);
        for target in &plan.targets {
            let of = |it: &&mut Watched| it.index == target.link.index;
            if let Some(watched) = self.watched.iter_mut().find(of) {
                watched.forwarding().set(target.forwarding.clone());
            }
        }
        plan.warnings().for_each(|line| (self.tell)(line));
        self.tell_what_waits(&plan);
        self.ledger.set_capacity(plan.config.remember_sources.value);
        self.shunned = plan.left_out.iter().copied().collect();
        self.story.identify(plan.identification());
        self.settings = plan.settings().into();
        self.plan = plan;
        self.keep()?;
        if self.plan.config.reattach.value {
            self.reattach()?;
        }
        self.outbound = self.outbound.take().or(outbound);
        self.follow_outbound(true);
        for mut watched in dropped {
            (self.tell)(&format_args!("{}: detached", watched.name));
            watched.detach();
            watched.events(|event| self.story.event(event));
            self.leave(watched);
        }
        self.tell_standing();
        Ok(())
    }

    fn change_sinks(&mut self, plan: &Plan) -> Result<(), AgentError> {
        let changed = self.story.change(&plan.config.sinks.value, plan.config.frame_bytes.value);
        changed.map_err(|error| match error.is_permission() && privileges::is_limited() {
            true => AgentError::SinkPrivilege { source: error },
            false => error.into(),
        })
    }

    /// Attaches the interfaces that a plan adds, passes its orders to those that it keeps, and gives up the rest; or
    /// leaves all as it was.
    fn change(&mut self, plan: &Plan) -> Result<(Vec<Watched>, Vec<Watched>), AgentError> {
        let mut added = Vec::new();
        for target in &plan.targets {
            if self.watched.iter().any(|it| !it.gone && it.index == target.link.index) {
                continue;
            }
            match self.watch(plan, target) {
                Ok(watched) => added.push(watched),
                Err(error) => {
                    self.take_back(added);
                    return Err(error);
                }
            }
        }
        let is_kept = |it: &Watched| plan.targets.iter().any(|to| to.link.index == it.index);
        let orders = plan.orders();
        let mut kept = self.watched.iter_mut().filter(|it| is_kept(it));
        if let Err(error) = kept.try_for_each(|it| it.obey(&orders, Occasion::Reload)) {
            self.take_back(added);
            let old = self.plan.orders();
            for watched in self.watched.iter_mut().filter(|it| is_kept(it)) {
                if let Err(error) = watched.obey(&old, Occasion::Start) {
                    log::error!("{}: {error}", watched.name);
                }
            }
            return Err(error.into());
        }
        let (kept, dropped) = self.watched.drain(..).partition(is_kept);
        self.watched = kept;
        Ok((added, dropped))
    }

    /// Reports changed keys that a reload cannot change.
    fn tell_what_waits(&self, plan: &Plan) {
        for key in self.plan.config.restart_keys(&plan.config) {
            (self.tell)(&format_args!("`{key}` has changed: that takes a restart"));
        }
    }
}
