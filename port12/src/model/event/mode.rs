//! A change of the mode in force on one interface.

use std::{sync::Arc, time::SystemTime};

use super::super::mode::{ModeReason, ModeState};
use super::{
    DROP_ARMED, DROP_BYPASSED, DROP_CONFIRMED, DROP_EXPIRED, DROP_FORWARDS, DROP_RESUMED,
    Description, Kind, Subject, Tuple, process::named,
};

/// A change of the mode in force on one interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModeEvent {
    /// Time at which it was observed.
    pub time: SystemTime,
    /// Interface.
    pub interface: Arc<str>,
    /// The change.
    pub change: ModeChange,
}

/// A change of the mode in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ModeChange {
    /// Drop mode is in force, and ends unless somebody confirms it.
    Armed {
        /// Seconds until then.
        seconds: u64,
    },
    /// Somebody has confirmed drop mode.
    Confirmed,
    /// Drop mode has ended, because nobody confirmed it in time.
    Expired,
    /// `port12 bypass` has stopped all dropping.
    Bypassed,
    /// Dropping has stopped, because the host forwards.
    Forwards {
        /// Whether drop mode was in force; otherwise banned sources were dropped.
        was_drop: bool,
        /// The evidence.
        evidence: String,
    },
    /// Drop mode is in force again.
    Resumed,
}

impl ModeEvent {
    /// A change that is observed at this moment.
    pub fn now(interface: &str, change: ModeChange) -> Self {
        Self { time: SystemTime::now(), interface: interface.into(), change }
    }
}

impl Kind for ModeEvent {
    fn describe(&self) -> Description {
        let signature = match self.change {
            ModeChange::Armed { .. } => &DROP_ARMED,
            ModeChange::Confirmed => &DROP_CONFIRMED,
            ModeChange::Expired => &DROP_EXPIRED,
            ModeChange::Bypassed => &DROP_BYPASSED,
            ModeChange::Forwards { .. } => &DROP_FORWARDS,
            ModeChange::Resumed => &DROP_RESUMED,
        };
        let mut description = Description::new(signature, self.time);
        description.tuple = Tuple::of_interface(&self.interface);
        let (effective, seconds) = match self.change {
            ModeChange::Armed { seconds } => ("drop", Some(seconds)),
            ModeChange::Confirmed | ModeChange::Resumed => ("drop", None),
            ModeChange::Expired | ModeChange::Bypassed | ModeChange::Forwards { .. } => {
                ("monitor", None)
            }
        };
        let is_of_bans = matches!(self.change, ModeChange::Forwards { was_drop: false, .. });
        let fields = &mut description.fields;
        fields.add("interface", self.interface.to_string()).journal().message("IN");
        let requested = if is_of_bans { "monitor" } else { "drop" };
        fields.add("requested_mode", requested).context();
        fields.add("effective_mode", effective).context().metadata().journal().message("MODE");
        fields.add("reverts_in_seconds", seconds).context().journal().message("SECONDS");
        fields.add("mode", self.change.as_str()).context().metadata().journal().message("CHANGE");
        description
    }

    fn line(&self) -> String {
        format!("{}: {}", named(&self.interface), self.change.phrase())
    }

    fn subject(&self) -> Subject<'_> {
        Subject { interface: Some(&self.interface), ..Subject::default() }
    }

    fn is_for_operator(&self) -> bool {
        match self.change {
            ModeChange::Armed { .. }
            | ModeChange::Expired
            | ModeChange::Bypassed
            | ModeChange::Forwards { .. } => true,
            ModeChange::Confirmed | ModeChange::Resumed => false,
        }
    }
}

impl ModeChange {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Armed { .. } => "armed",
            Self::Confirmed => "confirmed",
            Self::Expired => "expired",
            Self::Bypassed => "bypassed",
            Self::Forwards { .. } => "forwards",
            Self::Resumed => "resumed",
        }
    }

    /// Change to a mode that has a cause; `None` if the cause is not one of the policy.
    pub fn to(mode: &ModeState) -> Option<Self> {
        match mode.reason? {
            ModeReason::Forwarding | ModeReason::Gone | ModeReason::NotAttached => None,
            ModeReason::Unconfirmed => {
                Some(Self::Armed { seconds: mode.reverts_in_seconds.unwrap_or_default() })
            }
            ModeReason::Expired => Some(Self::Expired),
            ModeReason::Bypassed => Some(Self::Bypassed),
        }
    }

    /// The change, for people.
    pub fn phrase(&self) -> String {
        match self {
            Self::Armed { seconds } => {
                format!("drop mode reverts to monitor in {seconds} s unless `port12 confirm` comes")
            }
            Self::Confirmed => "drop mode is confirmed".to_owned(),
            Self::Expired => "drop mode has reverted to monitor: nobody confirmed it in time; a \
                              reload tries again"
                .to_owned(),
            Self::Bypassed => "all dropping is stopped by `port12 bypass`; `port12 bypass --off` \
                               lets it go on"
                .to_owned(),
            Self::Forwards { was_drop: true, evidence } => {
                format!("drop mode is given up for monitor mode: {evidence}")
            }
            Self::Forwards { was_drop: false, evidence } => {
                format!("nobody who is banned is dropped any longer: {evidence}")
            }
            Self::Resumed => "drop mode is in force again".to_owned(),
        }
    }
}

#[cfg(test)]
impl super::tests::Sample for ModeEvent {
    fn any() -> proptest::strategy::BoxedStrategy<Self> {
        use proptest::prelude::*;

        use super::tests::sample::{any_name, any_sentence, any_time};
        let change = prop_oneof![
            any::<u64>().prop_map(|seconds| ModeChange::Armed { seconds }),
            proptest::sample::select(vec![
                ModeChange::Confirmed,
                ModeChange::Expired,
                ModeChange::Bypassed,
                ModeChange::Resumed,
            ]),
            (any::<bool>(), any_sentence())
                .prop_map(|(was_drop, evidence)| ModeChange::Forwards { was_drop, evidence }),
        ];
        (any_time(), any_name(), change)
            .prop_map(|(time, name, change)| Self { time, interface: name.into(), change })
            .boxed()
    }
}
