//! List of the listeners, as readers of the state see it.

use super::Register;
use crate::model::{ListenerState, ListenersState, ProcessState};

/// Listeners in a list, at most: a user can open 50,000 sockets.
const MOST: usize = 1024;

impl Register {
    /// Listeners that are there, by transport and port.
    pub fn state(&self) -> ListenersState {
        let listeners = self.listeners().take(MOST).map(|(listener, came)| ListenerState {
            transport: listener.transport,
            port: listener.port,
            address: listener.address,
            dual_stack: listener.dual_stack,
            device: listener.device.clone(),
            uid: listener.uid,
            owner: listener.owner,
            processes: listener.processes.iter().map(ProcessState::from).collect(),
            more_processes: listener.more_processes,
            first_seen: came,
        });
        let listeners: Vec<ListenerState> = listeners.collect();
        ListenersState {
            more_listeners: self.listeners().count() - listeners.len(),
            listeners,
            unlisted_transports: self.unlisted().collect(),
            is_complete: self.has_looked(),
        }
    }
}
