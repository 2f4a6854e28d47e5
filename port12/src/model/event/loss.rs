//! Events and records that were lost or held back.

use std::{sync::Arc, time::SystemTime};

use super::{Description, Kind, LOSS, Subject, Tuple, process::named};
use crate::text::words::counted;

/// Something that was not reported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LossEvent {
    /// Time at which it was observed.
    pub time: SystemTime,
    /// Number since the last such event.
    pub count: u64,
    /// Lost records.
    pub loss: Loss,
}

/// A place where events are lost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Loss {
    /// Probes that were not reported, because the ring buffer of an interface was full.
    Ring {
        /// Interface.
        interface: Arc<str>,
    },
    /// Records that a sink could not write.
    Sink {
        /// The sink, as in the policy.
        sink: String,
    },
    /// Records that the event log could not write.
    EventLog {
        /// Directory of its files.
        directory: String,
    },
    /// Alerts that the rate limit held back.
    Alerts,
}

impl Kind for LossEvent {
    fn describe(&self) -> Description {
        let mut description = Description::new(&LOSS, self.time);
        let loss = match &self.loss {
            Loss::Ring { .. } => "ring",
            Loss::Sink { .. } => "sink",
            Loss::EventLog { .. } => "event_log",
            Loss::Alerts => "alerts",
        };
        let (interface, sink, directory) = match &self.loss {
            Loss::Ring { interface } => (Some(interface.to_string()), None, None),
            Loss::Sink { sink } => (None, Some(sink.clone()), None),
            Loss::EventLog { directory } => (None, None, Some(directory.clone())),
            Loss::Alerts => (None, None, None),
        };
        description.tuple = Tuple { interface: interface.clone(), ..Tuple::default() };
        let fields = &mut description.fields;
        fields.add("interface", interface).journal().message("IN");
        fields.add("sink", sink).context().journal();
        fields.add("directory", directory).context().journal();
        fields.add("count", self.count).context().journal().message("COUNT");
        fields.add("loss", loss).context().metadata().journal().message("LOSS");
        description
    }

    fn line(&self) -> String {
        match &self.loss {
            Loss::Ring { interface } => format!(
                "{}: {} lost: the ring buffer was full",
                named(interface),
                counted(self.count, "event was", "events were")
            ),
            Loss::Sink { sink } => format!(
                "sink {}: {} lost: it is too slow, or cannot be written to",
                named(sink),
                counted(self.count, "record was", "records were")
            ),
            Loss::EventLog { directory } => format!(
                "event log {}: {} lost: they could not be written",
                named(directory),
                counted(self.count, "record was", "records were")
            ),
            Loss::Alerts => format!(
                "{} held back by the rate limit",
                counted(self.count, "alert was", "alerts were")
            ),
        }
    }

    fn subject(&self) -> Subject<'_> {
        let interface = match &self.loss {
            Loss::Ring { interface } => Some(&**interface),
            Loss::Sink { .. } | Loss::EventLog { .. } | Loss::Alerts => None,
        };
        Subject { interface, ..Subject::default() }
    }

    fn is_for_operator(&self) -> bool {
        true
    }
}

#[cfg(test)]
impl super::tests::Sample for LossEvent {
    fn any() -> proptest::strategy::BoxedStrategy<Self> {
        use proptest::prelude::*;

        use super::tests::sample::{any_name, any_time};
        let loss = prop_oneof![
            any_name().prop_map(|name| Loss::Ring { interface: name.into() }),
            any_name().prop_map(|sink| Loss::Sink { sink }),
            any_name().prop_map(|directory| Loss::EventLog { directory }),
            Just(Loss::Alerts),
        ];
        (any_time(), any::<u64>(), loss)
            .prop_map(|(time, count, loss)| Self { time, count, loss })
            .boxed()
    }
}
