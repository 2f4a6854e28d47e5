//! Watch over outbound flow starts.

use super::{Agent, AgentError, Plan};
use crate::{
    kernel::egress,
    watch::{Outbound, WatchError},
};

impl Agent {
    /// Watches outbound flow starts on all interfaces if the plan says so. All of them must be attached.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: they cannot be watched; nothing is left attached.
    pub fn watch_outbound(&mut self) -> Result<(), AgentError> {
        self.clear_outbound();
        let watches = self.prepare_outbound(&self.plan).and_then(|mut outbound| {
            if let Some(outbound) = &mut outbound {
                let mut failed: Result<(), WatchError> = Ok(());
                outbound.follow(self.watched.iter(), |_, error| failed = Err(error));
                failed?;
            }
            Ok(outbound)
        });
        match watches {
            Ok(outbound) => self.outbound = outbound,
            Err(failure) => {
                self.keeper = None;
                let made = std::mem::take(&mut self.watched);
                self.take_back(made);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Removes programs that a killed port12 left on interfaces without links (before kernel 6.6).
    fn clear_outbound(&self) {
        for watched in &self.watched {
            let name = &watched.name;
            match egress::sweep(watched.index) {
                Ok(0) => {}
                Ok(_) => log::info!("{name}: what a port12 that was killed has left is taken off"),
                Err(error) => log::debug!("{name}: {error}"),
            }
        }
    }

    /// Loads the program if a plan requires it and it is not loaded.
    pub(super) fn prepare_outbound(&self, plan: &Plan) -> Result<Option<Outbound>, AgentError> {
        match plan.config.egress.value && self.outbound.is_none() {
            true => Ok(Some(Outbound::start(&plan.compiled.policy.rules)?)),
            false => Ok(None),
        }
    }

    /// Follows the interfaces, with the rules of a new plan if `is_new`. Logs interfaces that cannot be watched.
    pub fn follow_outbound(&mut self, is_new: bool) {
        if !self.plan.config.egress.value {
            self.outbound = None;
        }
        let Some(outbound) = &mut self.outbound else {
            return;
        };
        if is_new {
            outbound.obey(&self.plan.compiled.policy.rules);
        }
        outbound.follow(self.watched.iter(), |name, error| {
            log::error!("{name}: {error}");
        });
    }
}
