//! Interfaces that come and go.

use super::{Agent, AgentError, Plan, Target, kept::Kept, mode::details};
use crate::{
    host::interfaces,
    model::event::{InterfaceChange, InterfaceEvent},
    text::words::counted,
    watch::{Setup, Watched},
};

impl Agent {
    pub(super) fn watch(&self, plan: &Plan, target: &Target) -> Result<Watched, AgentError> {
        let name = &target.link.name;
        let owns = |it: &&Watched| !it.gone && it.name == *name;
        if self.watched.iter().any(|it| owns(&it) && it.index != target.link.index) {
            return Err(AgentError::NameTaken { interface: name.clone() });
        }
        let mut orders = plan.orders();
        let kept = self.kept.as_ref().map(Kept::state);
        orders.confirmed = orders
            .to_confirm()
            .is_some_and(|rules| kept.is_some_and(|kept| kept.confirmations.has(name, &rules)));
        let setup = Setup {
            orders: &orders,
            wanted: plan.config.xdp_mode.value,
            trace: self.trace,
            pins: self.pins.as_ref(),
            stay: self.stay,
            kept,
        };
        let watched = Watched::start(&target.link, &setup)?;
        if let (Some(kept), count @ 1..) = (&self.kept, watched.restored_bans()) {
            let bans = counted(count as u64, "ban is", "bans are");
            (self.tell)(&format_args!("{name}: {bans} read back from {}", kept.path().display()));
        }
        watched.forwarding().set(target.forwarding.clone());
        Ok(watched)
    }

    /// Detaches programs that were just attached, and leaves those that were there before.
    pub(super) fn take_back(&self, made: Vec<Watched>) {
        for watched in made.into_iter().filter(|it| !it.adopted) {
            log::info!("{}: detached again", watched.name);
            self.leave(watched);
        }
    }

    pub(super) fn leave(&self, mut watched: Watched) {
        let name = watched.name.clone();
        watched.detach();
        // The place may belong to another interface of that name by now.
        let is_taken = self.watched.iter().any(|it| !it.gone && it.name == name);
        if let Some(pins) = self.pins.as_ref().filter(|_| !is_taken)
            && let Err(error) = pins.slot(&name).remove()
        {
            log::info!("{name}: {error}");
        }
    }

    /// Looks for interfaces that appeared and are to be watched, and for interfaces that are gone. Reports once an
    /// interface that cannot be watched.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: the host can no longer be followed.
    pub fn look_around(&mut self) -> Result<(), AgentError> {
        // A list that cannot be read says nothing about the interfaces.
        let links = interfaces::all().ok();
        for watched in &mut self.watched {
            let news = links.as_ref().map(|links| watched.glance(links, self.pins.as_ref()));
            news.into_iter().flatten().for_each(|event| self.story.event(event));
        }
        self.tell_untold();
        self.check_pins()?;
        if self.plan.config.reattach.value {
            self.reattach()?;
        }
        let config = &self.plan.config;
        let any_gone = self.watched.iter().any(|it| it.gone);
        if !config.is_dynamic() && !any_gone {
            return Ok(());
        }
        let Some(links) = links else {
            return Ok(());
        };
        let comes = |link: &interfaces::Link| {
            let is_watched = self.watched.iter().any(|it| !it.gone && it.index == link.index);
            let comes_back = self.watched.iter().any(|it| it.gone && it.name == link.name);
            !is_watched
                && !self.shunned.contains(&link.index)
                && (comes_back || config.matches(link))
        };
        let come: Vec<_> = links.into_iter().filter(comes).collect();
        if come.is_empty() {
            return Ok(());
        }
        // It would write to what comes in the place of what has gone.
        self.keeper = None;
        for link in come {
            let (index, name) = (link.index, link.name.clone());
            let started =
                Target::of(link, &self.plan.config).and_then(|it| self.watch(&self.plan, &it));
            match started {
                Ok(watched) => {
                    let details = details(&watched, &self.plan);
                    let appeared = InterfaceChange::Appeared { details };
                    self.report(InterfaceEvent::now(&name, appeared));
                    self.watched.retain(|it| !(it.gone && it.name == name));
                    self.watched.push(watched);
                }
                Err(error) => {
                    self.shunned.insert(index);
                    let failed = InterfaceChange::Failed { again: false, why: error.to_string() };
                    self.report(InterfaceEvent::now(&name, failed));
                }
            }
        }
        self.keep()
    }
}
