//! Identities of records.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use sha2::{Digest as _, Sha256};

use crate::{
    config::Config,
    host::{machine, time::since_boot},
    model::event::{Direction, Event, Identity, Record, RecordOrigin},
};

/// Parts of the policy that records show.
#[derive(Clone, Debug, Default)]
pub struct Identification {
    /// Labels of the host.
    pub labels: BTreeMap<String, String>,
    /// Internal networks.
    pub internal: Vec<IpNet>,
    /// Hash of the policy.
    pub policy: Option<String>,
}

impl Identification {
    /// Those of a policy.
    pub fn of(config: &Config) -> Self {
        Self {
            labels: config.labels.value.clone(),
            internal: config.networks.value.iter().copied().collect(),
            policy: Some(config.hash()),
        }
    }
}

/// Source of the identities of one process.
pub(super) struct Stamp {
    /// Hash of the host and its boot.
    seed: Sha256,
    /// Number of the next record. Those of a process that starts later in the same boot are higher: it begins with the
    /// nanoseconds since boot.
    sequence: u64,
    internal: Vec<IpNet>,
    origin: Arc<RecordOrigin>,
}

impl Stamp {
    /// For events of this host.
    pub fn of_host() -> Self {
        let machine_id = machine::machine_id();
        let mut seed = Sha256::new();
        for part in [machine_id.clone(), machine::boot_id()] {
            seed.update(part.unwrap_or_default());
            seed.update([0]);
        }
        Self {
            seed,
            sequence: u64::try_from(since_boot().as_nanos()).unwrap_or(u64::MAX),
            internal: Vec::new(),
            origin: Arc::new(RecordOrigin { machine_id, ..RecordOrigin::default() }),
        }
    }

    /// For events of a capture: the ids are the same at each replay.
    pub fn of_capture() -> Self {
        Self { seed: Sha256::new(), sequence: 0, internal: Vec::new(), origin: Arc::default() }
    }

    /// Puts other parts of the policy into the records to come.
    pub fn identify(&mut self, identification: Identification) {
        let Identification { labels, internal, policy } = identification;
        let machine_id = self.origin.machine_id.clone();
        self.origin = Arc::new(RecordOrigin { machine_id, policy, labels });
        self.internal = internal;
    }

    /// The record of an event.
    pub fn record(&mut self, event: Event) -> Record {
        let subject = event.subject();
        let number = self.sequence.to_be_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        let interface = subject.interface.unwrap_or_default();
        let record_id = self.id(&[b"record", interface.as_bytes(), &number]);
        let alert_id = match (&subject.alert, event.probe()) {
            (_, Some(_)) => None,
            (Some(alert), None) => Some(self.alert_id(alert)),
            (None, None) => Some(record_id.clone()),
        };
        let direction = self.direction(subject.source, subject.destination);
        let origin = Arc::clone(&self.origin);
        let identity = Identity { record_id: Some(record_id), alert_id, direction, origin };
        Record { event, identity }
    }

    /// The id that the alerts of a scan share.
    pub fn alert_id(&self, alert: &str) -> String {
        self.id(&[b"alert", alert.as_bytes()])
    }

    fn direction(&self, source: Option<IpAddr>, destination: Option<IpAddr>) -> Option<Direction> {
        let (address, other) = match (source, destination) {
            (Some(source), _) => (source, Direction::Inbound),
            (None, Some(destination)) => (destination, Direction::Outbound),
            (None, None) => return None,
        };
        let is_internal = self.internal.iter().any(|network| network.contains(&address));
        match (self.internal.is_empty(), is_internal) {
            (true, _) => None,
            (false, true) => Some(Direction::Internal),
            (false, false) => Some(other),
        }
    }

    /// First 128 bits of the hash over host, boot and parts, each with its length in front.
    fn id(&self, parts: &[&[u8]]) -> String {
        let mut hash = self.seed.clone();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::event::{Probe, Severity, tests::sample};

    fn ids(stamp: &mut Stamp) -> (String, Option<String>) {
        let identity = stamp.record(sample::alert().into()).identity;
        (identity.record_id.unwrap(), identity.alert_id)
    }

    #[test]
    fn the_alerts_of_a_scan_share_an_id_and_no_records_do() {
        let mut stamp = Stamp::of_host();
        let (first, second) = (ids(&mut stamp), ids(&mut stamp));
        assert_ne!(first.0, second.0);
        assert_eq!(first.1, second.1);
        let mut other = sample::alert();
        other.source = [192, 0, 2, 9].into();
        assert_ne!(stamp.record(other.into()).identity.alert_id, first.1);
    }

    #[test]
    fn a_probe_is_no_alert_and_other_events_are_alerts_of_their_own() {
        let mut stamp = Stamp::of_host();
        assert_eq!(stamp.record(sample::event().into()).identity.alert_id, None);
        let identity = stamp.record(sample::too_deep().into()).identity;
        assert_eq!(identity.alert_id, identity.record_id);
    }

    #[test]
    fn a_process_that_starts_later_uses_no_id_again() {
        let mut seen = BTreeSet::new();
        for _ in 0..3 {
            let mut stamp = Stamp::of_host();
            for _ in 0..100 {
                assert!(seen.insert(ids(&mut stamp).0));
            }
        }
    }

    #[test]
    fn replays_of_a_capture_have_the_same_ids() {
        assert_eq!(ids(&mut Stamp::of_capture()), ids(&mut Stamp::of_capture()));
    }

    #[test]
    fn internal_networks_decide_the_direction_and_the_severity_of_a_scan() {
        let mut stamp = Stamp::of_host();
        let scan = stamp.record(sample::alert().into());
        assert_eq!(scan.identity.direction, None);
        assert_eq!(scan.describe().severity, Severity::Medium);
        let internal = vec!["192.0.2.0/24".parse().unwrap()];
        stamp.identify(Identification { internal, ..Identification::default() });
        let scan = stamp.record(sample::alert().into());
        assert_eq!(scan.identity.direction, Some(Direction::Internal));
        assert_eq!(scan.describe().severity, Severity::High);
        let probe = Probe { source: [198, 51, 100, 1].into(), ..sample::event() };
        let probe = stamp.record(probe.into());
        assert_eq!(probe.identity.direction, Some(Direction::Inbound));
        let started = stamp.record(sample::started().into());
        assert_eq!(started.identity.direction, Some(Direction::Outbound));
    }
}
