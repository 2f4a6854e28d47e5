//! State that the agent publishes.

use std::{sync::Arc, time::SystemTime};

use tokio::sync::watch;

use super::{Agent, StateFile};
use crate::{
    kernel::pin::PinDirectory,
    model::{AlertStats, Origin, State},
    query,
    watch::{Lookout, Outbound, Watched},
};

/// Published states of an agent, for one reader of any thread.
///
/// A reader loads the last state, and waits for the next one. Readers do not change what others see: rates are
/// computed from two states by each reader ([`Baseline`](crate::model::Baseline)).
#[derive(Clone, Debug)]
pub struct States(watch::Receiver<Arc<State>>);

impl States {
    /// The state that was published last.
    pub fn load(&self) -> Arc<State> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits for a state that this reader has not loaded by this method; `None` after the end of the agent.
    pub async fn next(&mut self) -> Option<Arc<State>> {
        self.0.changed().await.ok()?;
        Some(Arc::clone(&self.0.borrow_and_update()))
    }
}

impl Agent {
    /// The state that was published last: once a second, and by [`publish`](Self::publish).
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.states.borrow())
    }

    /// Published states, for another reader.
    pub fn states(&self) -> States {
        States(self.states.subscribe())
    }

    /// Reads the maps and publishes their state.
    pub fn publish(&mut self) -> Arc<State> {
        let state = Arc::new(self.read());
        self.states.send_replace(Arc::clone(&state));
        self.write_state(&state);
        state
    }

    /// Passes the state on to other processes. They find it by the pin directory.
    fn write_state(&mut self, state: &Arc<State>) {
        let id = self.pins.as_ref().and_then(PinDirectory::id);
        let Some(directory) = self.runtime_dir.as_ref().zip(id).map(|(dir, id)| dir.join(id))
        else {
            return;
        };
        if self.state_file.is_none() {
            match StateFile::start(directory) {
                Ok(file) => self.state_file = Some(file),
                Err(error) => log::debug!("no thread for the state file: {error}"),
            }
        }
        if let Some(file) = &self.state_file {
            file.write(state, &self.settings);
        }
    }

    /// State at this moment, from the maps.
    fn read(&mut self) -> State {
        let registry = &self.plan.registry;
        for watched in &mut self.watched {
            watched.note_sources(&mut self.ledger);
        }
        let timeline = self.watched.last().map(Watched::timeline);
        let sources = timeline.map(|it| query::sources_state(&self.ledger, it));
        State {
            daemon: Some(self.id.clone()),
            interfaces: self.watched.iter_mut().map(|it| it.state(registry)).collect(),
            sources,
            scans: Some(self.story.scans_state(SystemTime::now())),
            listeners: self.lookout.as_ref().map(Lookout::listeners),
            outbound: self.outbound.as_mut().map(|it| it.state(registry)),
            alerts: Some(self.alert_stats()),
            ..query::empty(Origin::Live, registry)
        }
    }

    /// Alerts and sinks since the start.
    pub(super) fn alert_stats(&self) -> AlertStats {
        let mut alerts = self.story.report();
        alerts.rate_limited += self.lookout.as_ref().map_or(0, Lookout::suppressed);
        alerts.rate_limited += self.outbound.as_ref().map_or(0, Outbound::suppressed);
        alerts
    }
}
