//! Programs that another process detaches, and pins that another process removes.

use std::path::Path;

use super::{Agent, AgentError, PinDirectory, Tell};
use crate::{
    kernel::pin_error::{MOUNT, PinError},
    model::event::{InterfaceChange, InterfaceEvent},
    watch::{Presence, Watched},
};

impl Agent {
    /// The interfaces whose program was detached by another process.
    pub fn detached(&self) -> Vec<&str> {
        let is_detached = |it: &&Watched| !it.gone && it.presence() != Presence::Attached;
        self.watched.iter().filter(is_detached).map(|it| &*it.name).collect()
    }

    /// Attaches programs again that were detached, if no other program is in their place.
    ///
    /// # Errors
    ///
    /// The thread that keeps the socket table cannot be restarted.
    pub(super) fn reattach(&mut self) -> Result<(), AgentError> {
        if !self.watched.iter().any(Watched::can_reattach) {
            return Ok(());
        }
        // It uses the instances.
        self.keeper = None;
        let wanted = self.plan.config.xdp_mode.value;
        for watched in self.watched.iter_mut().filter(|it| it.can_reattach()) {
            let change = match watched.reattach(wanted) {
                Ok(()) => InterfaceChange::AttachedAgain {
                    details: format!(
                        "attached again: {} XDP, {} mode",
                        watched.xdp_mode,
                        self.plan.config.mode.value.as_str()
                    ),
                },
                Err(error) => InterfaceChange::Failed { again: true, why: error.to_string() },
            };
            self.story.event(InterfaceEvent::now(&watched.name, change));
        }
        self.tell_untold();
        self.keep()
    }

    /// Restores pins that another process removed, or reports why it cannot.
    ///
    /// # Errors
    ///
    /// The thread that keeps the socket table cannot be restarted.
    pub(super) fn check_pins(&mut self) -> Result<(), AgentError> {
        let Some(pins) = &self.pins else {
            return Ok(());
        };
        let is_there = |it: &&Watched| !it.gone;
        let mut watched = self.watched.iter().filter(is_there);
        if pins.is_in_place() && watched.all(Watched::is_pinned) {
            return Ok(());
        }
        let path = pins.path().to_owned();
        let restored = match pins.is_in_place() {
            true => Ok(()),
            false => PinDirectory::require(&path).map(|pins| {
                self.pins = Some(pins);
                // It is named after the directory.
                self.state_file = None;
            }),
        };
        let restored = match restored {
            Ok(()) => self.pin_again(),
            Err(error) => Err(error.into()),
        };
        self.report_restored(&path, restored);
        if self.keeper.is_none() { self.keep() } else { Ok(()) }
    }

    fn pin_again(&mut self) -> Result<(), AgentError> {
        // It uses the instances.
        self.keeper = None;
        let mut lost = self.watched.iter_mut().filter(|it| !it.gone && !it.is_pinned());
        lost.try_for_each(|watched| {
            watched.pin_again()?;
            watched.is_pinned().then_some(()).ok_or(AgentError::PinsRemoved)
        })
    }

    /// Reports each cause once.
    fn report_restored(&mut self, path: &Path, restored: Result<(), AgentError>) {
        let change = match restored {
            Ok(()) => {
                self.unpinned = None;
                InterfaceChange::PinsRestored
            }
            Err(error) if self.unpinned.as_ref() != Some(&error.to_string()) => {
                let ends = if self.stay { "; the programs detach when port12 ends" } else { "" };
                let details = format!(
                    "{error}. Counting and dropping go on{ends}; `port12 bypass`, run as root, still \
                     works"
                );
                self.unpinned = Some(error.to_string());
                InterfaceChange::PinsLost { details }
            }
            Err(_) => return,
        };
        self.report(InterfaceEvent::now(&path.display().to_string(), change));
    }
}

/// Locks the directory if there is one. Watching works without; the loss is reported.
pub(super) fn pins_or_none(pin_dir: &Path, tell: Tell) -> Result<Option<PinDirectory>, PinError> {
    let lost = "the maps are not pinned, and only this process can read them";
    match PinDirectory::lock(pin_dir) {
        Ok(None) => {
            let directory = pin_dir.display();
            tell(&format_args!("{directory} is not in a bpffs: {lost} (`{MOUNT}`)"));
        }
        Err(error) if error.is_permission() || error.is_read_only() => {
            tell(&format_args!("{lost}: {error}"));
        }
        locked => return locked,
    }
    Ok(None)
}
