//! What this host starts, where a session is to watch it.

use super::{Plan, Session};
use crate::{cli::failure::Failure, kernel::egress, watch::Outbound};

impl Session {
    /// Watches what this host starts, on all interfaces, where the plan says so: once they are all watched.
    ///
    /// # Errors
    ///
    /// [`Failure`]: it cannot be watched; nothing is left attached then.
    pub fn watch_outbound(&mut self) -> Result<(), Failure> {
        self.clear_outbound();
        let watches = self.prepare_outbound(&self.plan).and_then(|mut outbound| {
            if let Some(outbound) = &mut outbound {
                let mut failed = Ok(());
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

    /// What a port12 that was killed has left on an interface without links (before kernel 6.6) goes.
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

    /// Has the program ready that a plan takes and that is not there, which may fail.
    pub(super) fn prepare_outbound(&self, plan: &Plan) -> Result<Option<Outbound>, Failure> {
        match plan.config.egress.value && self.outbound.is_none() {
            true => Ok(Some(Outbound::start(&plan.compiled.policy.rules)?)),
            false => Ok(None),
        }
    }

    /// Goes on with the interfaces that are there, and where they are of a new plan with its rules. What cannot be
    /// watched is told.
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
