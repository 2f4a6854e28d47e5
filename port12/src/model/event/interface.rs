//! A change of an interface, of the program on it, or of its pins.

use std::{sync::Arc, time::SystemTime};

use super::{
    Description, INTERFACE_APPEARED, INTERFACE_FAILED, INTERFACE_GONE, PINS_LOST, PINS_RESTORED,
    PROGRAM_ATTACHED_AGAIN, PROGRAM_DETACHED, Tuple, process::named,
};

/// A change of an interface, of the program on it, or of its pins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InterfaceEvent {
    /// Time at which it was observed.
    pub time: SystemTime,
    /// Interface, or the directory of the pins.
    pub place: Arc<str>,
    /// The change.
    pub change: InterfaceChange,
}

/// A change of an interface, of the program on it, or of its pins. Names in sentences are quoted, as `text::escape`
/// does it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InterfaceChange {
    /// The interface has appeared while port12 runs, and is watched.
    Appeared {
        /// Its mode and its ports.
        details: String,
    },
    /// The interface is gone.
    Gone,
    /// The interface has appeared, and cannot be watched.
    Failed {
        /// Cause.
        why: String,
    },
    /// Another process has detached the program.
    Detached {
        /// Id of the program that is attached in its place.
        other: Option<u32>,
        /// Consequence, for people.
        details: String,
    },
    /// port12 has attached its program again.
    AttachedAgain {
        /// Its mode.
        details: String,
    },
    /// Another process has removed the pins, and they cannot be restored.
    PinsLost {
        /// Cause and consequence, for people.
        details: String,
    },
    /// Another process has removed the pins, and they are restored.
    PinsRestored,
}

impl InterfaceEvent {
    pub(super) fn describe(&self) -> Description {
        let signature = match self.change {
            InterfaceChange::Appeared { .. } => &INTERFACE_APPEARED,
            InterfaceChange::Gone => &INTERFACE_GONE,
            InterfaceChange::Failed { .. } => &INTERFACE_FAILED,
            InterfaceChange::Detached { .. } => &PROGRAM_DETACHED,
            InterfaceChange::AttachedAgain { .. } => &PROGRAM_ATTACHED_AGAIN,
            InterfaceChange::PinsLost { .. } => &PINS_LOST,
            InterfaceChange::PinsRestored => &PINS_RESTORED,
        };
        let mut description = Description::new(signature, self.time);
        let (interface, pins) = match self.change {
            InterfaceChange::Appeared { .. }
            | InterfaceChange::Gone
            | InterfaceChange::Failed { .. }
            | InterfaceChange::Detached { .. }
            | InterfaceChange::AttachedAgain { .. } => (Some(self.place.to_string()), None),
            InterfaceChange::PinsLost { .. } | InterfaceChange::PinsRestored => {
                (None, Some(self.place.to_string()))
            }
        };
        let other = match self.change {
            InterfaceChange::Detached { other, .. } => other,
            InterfaceChange::Appeared { .. }
            | InterfaceChange::Gone
            | InterfaceChange::Failed { .. }
            | InterfaceChange::AttachedAgain { .. }
            | InterfaceChange::PinsLost { .. }
            | InterfaceChange::PinsRestored => None,
        };
        description.tuple = Tuple { interface: interface.clone(), ..Tuple::default() };
        let change = self.change.as_str();
        let fields = &mut description.fields;
        fields.add("interface", interface).journal().message("IN");
        fields.add("pins", pins).context().journal();
        fields.add("other_program_id", other).context().journal().message("PROGRAM");
        fields.add("why", self.why()).context();
        fields.add("change", change).context().metadata().journal().message("CHANGE");
        description
    }

    fn why(&self) -> Option<String> {
        match &self.change {
            InterfaceChange::Failed { why } => Some(why.clone()),
            InterfaceChange::PinsLost { details } => Some(details.clone()),
            InterfaceChange::Appeared { .. }
            | InterfaceChange::Gone
            | InterfaceChange::Detached { .. }
            | InterfaceChange::AttachedAgain { .. }
            | InterfaceChange::PinsRestored => None,
        }
    }

    pub(super) fn line(&self) -> String {
        let place = named(&self.place);
        match &self.change {
            InterfaceChange::Appeared { details } | InterfaceChange::Detached { details, .. } => {
                format!("{place}: {details}")
            }
            InterfaceChange::Gone => format!("{place}: the interface has vanished"),
            InterfaceChange::Failed { why } => {
                format!("{place} has come, and is not watched: {why}")
            }
            InterfaceChange::AttachedAgain { details } => {
                format!("{place}: attached again: {details}")
            }
            InterfaceChange::PinsLost { details } => format!(
                "{place}: the pins were removed by another process, and cannot be restored: {details}"
            ),
            InterfaceChange::PinsRestored => {
                format!("{place}: the pins had been removed, and are restored")
            }
        }
    }
}

impl InterfaceChange {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Appeared { .. } => "appeared",
            Self::Gone => "gone",
            Self::Failed { .. } => "failed",
            Self::Detached { .. } => "detached",
            Self::AttachedAgain { .. } => "attached_again",
            Self::PinsLost { .. } => "pins_lost",
            Self::PinsRestored => "pins_restored",
        }
    }
}

#[cfg(test)]
impl super::tests::Sample for InterfaceEvent {
    fn any() -> proptest::strategy::BoxedStrategy<Self> {
        use proptest::prelude::*;

        use super::tests::sample::{any_name, any_sentence, any_time};
        let change = prop_oneof![
            any_sentence().prop_map(|details| InterfaceChange::Appeared { details }),
            any_sentence().prop_map(|why| InterfaceChange::Failed { why }),
            (any::<Option<u32>>(), any_sentence())
                .prop_map(|(other, details)| InterfaceChange::Detached { other, details }),
            any_sentence().prop_map(|details| InterfaceChange::AttachedAgain { details }),
            any_sentence().prop_map(|details| InterfaceChange::PinsLost { details }),
            proptest::sample::select(vec![InterfaceChange::Gone, InterfaceChange::PinsRestored]),
        ];
        (any_time(), any_name(), change)
            .prop_map(|(time, name, change)| Self { time, place: name.into(), change })
            .boxed()
    }
}
