//! A program that somebody else has detached, and pins that somebody else has removed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::Watched;
use crate::{
    host::interfaces::{self, Link as HostLink},
    kernel::{
        attach::{Wanted, attach},
        instance::Instance,
    },
    model::event::{InterfaceChange, InterfaceEvent},
    watch::{Presence, WatchError},
};

/// Time between attempts to attach a program again.
const RETRY: Duration = Duration::from_secs(10);

impl Watched {
    pub(super) fn note_presence(&mut self, link: &HostLink) -> Option<InterfaceEvent> {
        let presence = Presence::of(self.program?, link);
        if std::mem::replace(&mut self.presence, presence) == presence {
            return None;
        }
        let Some(instead) = presence.instead() else {
            if let Some(it) = link.xdp.iter().find(|it| Some(it.program) == self.program) {
                self.xdp_mode = it.mode;
            }
            let details = "port12's XDP program is attached again".to_owned();
            return Some(InterfaceEvent::now(
                &self.name,
                InterfaceChange::AttachedAgain { details },
            ));
        };
        let details = format!(
            "port12's XDP program was detached by another process, and nothing is counted or dropped \
             there; {instead}. A restart of port12 attaches again, or `reattach = true`"
        );
        let other = match presence {
            Presence::Attached => None,
            Presence::Detached { other } => other,
        };
        Some(InterfaceEvent::now(&self.name, InterfaceChange::Detached { other, details }))
    }

    /// Presence of the program on the interface when that was looked at last.
    pub fn presence(&self) -> Presence {
        self.presence
    }

    /// Whether the program can be attached again: nothing is in its place, and the last attempt is
    /// a while ago.
    pub fn can_reattach(&self) -> bool {
        !self.gone
            && self.presence == Presence::Detached { other: None }
            && self.retried.is_none_or(|at| at.elapsed() >= RETRY)
    }

    /// Attaches the program again, with all its state. Nobody else may use the instance meanwhile.
    ///
    /// # Errors
    ///
    /// [`WatchError`]: the kernel refuses, or another program has been attached.
    pub fn reattach(&mut self, wanted: Wanted) -> Result<(), WatchError> {
        self.retried = Some(Instant::now());
        let host = interfaces::by_index(self.index)?;
        let attached = attach(self.instance_mut()?, &host, wanted)?;
        let attached = match self.slot.as_ref().filter(|_| self.stays) {
            Some(slot) => attached.stay(slot)?,
            None => attached,
        };
        self.xdp_mode = attached.mode;
        self.attached = Some(attached);
        self.presence = Presence::Attached;
        self.retried = None;
        Ok(())
    }

    fn instance_mut(&mut self) -> Result<&mut Instance, WatchError> {
        Arc::get_mut(&mut self.instance).ok_or(WatchError::InUse)
    }

    /// Whether all that is to be pinned is pinned.
    pub fn is_pinned(&self) -> bool {
        let linked = self.stays && self.attached.is_some();
        self.slot.as_ref().is_none_or(|slot| slot.holds(&self.instance, linked))
    }

    /// Pins again what is no longer pinned. Nobody else may use the instance meanwhile.
    ///
    /// # Errors
    ///
    /// [`WatchError`]: the kernel refuses.
    pub fn pin_again(&mut self) -> Result<(), WatchError> {
        let Some(slot) = self.slot.clone() else {
            return Ok(());
        };
        slot.restore(self.instance_mut()?)?;
        if let Some(attached) = self.attached.as_mut().filter(|_| self.stays) {
            attached.pin_again(&slot)?;
        }
        Ok(())
    }
}
