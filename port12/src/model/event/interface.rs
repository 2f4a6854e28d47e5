//! A change of an interface, of the program on it, or of its pins.

use std::{sync::Arc, time::SystemTime};

use super::{
    Description, INTERFACE_APPEARED, INTERFACE_FAILED, INTERFACE_GONE, INTERFACE_RENAMED, Kind,
    PINS_LOST, PINS_RESTORED, PROGRAM_ATTACHED_AGAIN, PROGRAM_DETACHED, Subject, Tuple,
    process::named,
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
    /// The interface has another name.
    Renamed {
        /// That name.
        name: String,
    },
    /// The interface has appeared, and cannot be watched; or its program cannot be attached again.
    Failed {
        /// Whether the interface was watched before.
        again: bool,
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
    /// The program is attached again.
    AttachedAgain {
        /// The program and its mode, for people.
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
    /// A change that is observed at this moment.
    pub fn now(place: &str, change: InterfaceChange) -> Self {
        Self { time: SystemTime::now(), place: place.into(), change }
    }
}

impl Kind for InterfaceEvent {
    fn describe(&self) -> Description {
        let signature = match self.change {
            InterfaceChange::Appeared { .. } => &INTERFACE_APPEARED,
            InterfaceChange::Gone => &INTERFACE_GONE,
            InterfaceChange::Renamed { .. } => &INTERFACE_RENAMED,
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
            | InterfaceChange::Renamed { .. }
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
            | InterfaceChange::Renamed { .. }
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
        fields.add("name", self.name()).context().journal();
        fields.add("why", self.why()).context();
        fields.add("change", change).context().metadata().journal().message("CHANGE");
        description
    }

    fn line(&self) -> String {
        let place = named(&self.place);
        match &self.change {
            InterfaceChange::Appeared { details }
            | InterfaceChange::Detached { details, .. }
            | InterfaceChange::AttachedAgain { details } => format!("{place}: {details}"),
            InterfaceChange::Renamed { name } => format!("{place} has the name {}", named(name)),
            InterfaceChange::Gone => format!("{place}: the interface has vanished"),
            InterfaceChange::Failed { again: false, why } => {
                format!("{place} has come, and is not watched: {why}")
            }
            InterfaceChange::Failed { again: true, why } => {
                format!("{place}: cannot attach again: {why}")
            }
            InterfaceChange::PinsLost { details } => format!(
                "{place}: the pins were removed by another process, and cannot be restored: {details}"
            ),
            InterfaceChange::PinsRestored => {
                format!("{place}: the pins had been removed, and are restored")
            }
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject { interface: Some(&self.place), ..Subject::default() }
    }

    fn is_for_operator(&self) -> bool {
        true
    }
}

impl InterfaceEvent {
    /// Present name of an interface that had another.
    fn name(&self) -> Option<String> {
        if let InterfaceChange::Renamed { name } = &self.change { Some(name.clone()) } else { None }
    }

    fn why(&self) -> Option<String> {
        match &self.change {
            InterfaceChange::Failed { why, .. } => Some(why.clone()),
            InterfaceChange::PinsLost { details } => Some(details.clone()),
            InterfaceChange::Appeared { .. }
            | InterfaceChange::Gone
            | InterfaceChange::Renamed { .. }
            | InterfaceChange::Detached { .. }
            | InterfaceChange::AttachedAgain { .. }
            | InterfaceChange::PinsRestored => None,
        }
    }
}

impl InterfaceChange {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Appeared { .. } => "appeared",
            Self::Gone => "gone",
            Self::Renamed { .. } => "renamed",
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
            (any::<bool>(), any_sentence())
                .prop_map(|(again, why)| InterfaceChange::Failed { again, why }),
            any_name().prop_map(|name| InterfaceChange::Renamed { name }),
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
