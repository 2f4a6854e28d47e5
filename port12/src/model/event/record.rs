//! A record: an event, and where it comes from.

use std::{collections::BTreeMap, sync::Arc};

use super::{Description, Event, Fields, Value};

/// An event, and the facts that all records have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The event.
    pub event: Event,
    /// Identity.
    pub identity: Identity,
}

/// Identity of a record.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    /// Id of the record, the same however often it is sent: 32 hexadecimal digits.
    pub record_id: Option<String>,
    /// Id that the records of one alert share; a probe has none.
    pub alert_id: Option<String>,
    /// Direction; `None` if the policy names no internal networks, or there is no address.
    pub direction: Option<Direction>,
    /// Host and policy.
    pub origin: Arc<RecordOrigin>,
}

/// Host and policy that records come from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RecordOrigin {
    /// Id of the machine for port12 alone; `None` if it has none, and in a replay.
    pub machine_id: Option<String>,
    /// Hash of the policy in force.
    pub policy: Option<String>,
    /// Labels of the policy.
    pub labels: BTreeMap<String, String>,
}

/// Direction of packets, as the Elastic Common Schema's `network.direction` has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// To this host, from outside of the internal networks.
    Inbound,
    /// Between internal networks.
    Internal,
    /// From this host, to outside of the internal networks.
    Outbound,
}

impl Direction {
    /// The name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Internal => "internal",
            Self::Outbound => "outbound",
        }
    }
}

impl Record {
    /// Facts of the record.
    pub fn describe(&self) -> Description {
        let mut description = self.event.describe();
        if let (Some(Direction::Internal), Some(severity)) =
            (self.identity.direction, description.severity_if_internal)
        {
            description = description.with_severity(severity);
        }
        description.record = self.identity.fields();
        description
    }
}

impl Identity {
    fn fields(&self) -> Fields {
        let RecordOrigin { machine_id, policy, labels } = &*self.origin;
        let mut fields = Fields::default();
        let direction = self.direction.map(Direction::as_str);
        fields.add("direction", direction).context().journal().message("DIRECTION");
        fields.add("record_id", self.record_id.clone()).context().journal().message("RECORD_ID");
        fields.add("alert_id", self.alert_id.clone()).context().journal().message("ALERT_ID");
        fields.add("machine_id", machine_id.clone()).context().journal();
        fields.add("policy", policy.clone()).context().journal();
        if !labels.is_empty() {
            let members = labels.iter().map(|(name, text)| (name.clone(), text.clone().into()));
            fields.add("labels", Value::object(members)).context();
        }
        for (name, text) in labels {
            fields.add(format!("label_{name}"), text.clone()).journal();
        }
        fields
    }
}

impl<T: Into<Event>> From<T> for Record {
    fn from(event: T) -> Self {
        Self { event: event.into(), identity: Identity::default() }
    }
}
