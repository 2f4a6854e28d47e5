//! A change of the bans on one interface.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::super::{BanOrigin, BanScope};
use super::{
    BAN_EXPIRED, BAN_LIFTED, BAN_MADE, BAN_TABLE_FULL, Description, Kind, Subject, Tuple,
    process::named,
};
use crate::text::words::counted;

/// A change of the bans on one interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BanEvent {
    /// Time at which it was observed.
    pub time: SystemTime,
    /// Interface.
    pub interface: Arc<str>,
    /// Start of the ban in jiffies, which the events of one ban share.
    pub since: u64,
    /// The change.
    pub change: BanChange,
}

/// A change of the bans.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BanChange {
    /// A source was banned, or its ban got other terms.
    Made {
        /// The source.
        source: IpAddr,
        /// Duration of the ban, in running time; `None` if it has no end.
        lasts: Option<Duration>,
        /// Origin of the ban.
        origin: BanOrigin,
        /// Packets that are dropped.
        scope: BanScope,
    },
    /// A ban is over.
    Expired {
        /// The source.
        source: IpAddr,
        /// Packets that were dropped.
        packets: u64,
        /// Origin of the ban.
        origin: BanOrigin,
    },
    /// A ban of a source that is protected was removed, or the operator removed one.
    Lifted {
        /// The source.
        source: IpAddr,
        /// Origin of the ban.
        origin: BanOrigin,
    },
    /// The table of bans is full, or bans made room for others.
    TableFull {
        /// Bans in the table.
        bans: u64,
        /// Bans by the operator among them.
        operator: u64,
        /// Room in the table.
        capacity: u64,
        /// Bans that made room since the last such event.
        evicted: u64,
    },
}

impl Kind for BanEvent {
    /// The source of a ban is not offered to readers as that of a packet: they might ban it again after its end.
    fn describe(&self) -> Description {
        let signature = match self.change {
            BanChange::Made { .. } => &BAN_MADE,
            BanChange::Expired { .. } => &BAN_EXPIRED,
            BanChange::Lifted { .. } => &BAN_LIFTED,
            BanChange::TableFull { .. } => &BAN_TABLE_FULL,
        };
        let mut description = Description::new(signature, self.time);
        description.tuple = Tuple::of_interface(&self.interface);
        let fields = &mut description.fields;
        fields.add("interface", self.interface.to_string()).journal().message("IN");
        match self.change {
            BanChange::Made { source, lasts, origin, scope } => {
                fields.add("banned", source).context().metadata().journal().message("BANNED");
                let seconds = lasts.map(|it| it.as_secs());
                fields.add("seconds", seconds).context().journal().message("SECONDS");
                fields.add("scope", <&str>::from(scope)).context().journal().message("SCOPE");
                fields.add("origin", origin.as_str()).context().journal().message("ORIGIN");
            }
            BanChange::Expired { source, packets, origin } => {
                fields.add("banned", source).context().metadata().journal().message("BANNED");
                fields.add("packets", packets).context().journal().message("PACKETS");
                fields.add("origin", origin.as_str()).context().journal().message("ORIGIN");
            }
            BanChange::Lifted { source, origin } => {
                fields.add("banned", source).context().metadata().journal().message("BANNED");
                fields.add("origin", origin.as_str()).context().journal().message("ORIGIN");
            }
            BanChange::TableFull { bans, operator, capacity, evicted } => {
                fields.add("bans", bans).context().journal().message("BANS");
                fields.add("operator_bans", operator).context().journal();
                fields.add("capacity", capacity).context().journal();
                fields.add("evicted", evicted).context().journal().message("EVICTED");
            }
        }
        fields.add("ban", self.change.as_str()).context().metadata().journal().message("BAN");
        description
    }

    fn line(&self) -> String {
        let name = named(&self.interface);
        match &self.change {
            BanChange::Made { source, lasts, origin, scope } => {
                let by = match origin {
                    BanOrigin::Operator => " by the operator",
                    BanOrigin::Threshold | BanOrigin::Unknown => "",
                };
                let scope = match scope {
                    BanScope::All => " (everything except established connections)",
                    BanScope::Unassigned => "",
                };
                let end = lasts.map_or_else(
                    || "until `port12 unban`".to_owned(),
                    |time| format!("for {}", humantime::format_duration(time)),
                );
                format!("{name}: {source} is banned{by} {end}{scope}")
            }
            BanChange::Expired { source, packets, .. } => format!(
                "{name}: the ban of {source} has expired, {}",
                counted(*packets, "packet was dropped", "packets were dropped")
            ),
            BanChange::Lifted { source, .. } => {
                format!("{name}: the ban of {source} is removed")
            }
            BanChange::TableFull { bans, operator, capacity, evicted: 0 } => format!(
                "{name}: the ban table is full: {bans} of {capacity} bans, {operator} of them by the operator; no \
                 further source is banned: remove bans with `port12 unban`"
            ),
            BanChange::TableFull { bans, capacity, evicted, .. } => format!(
                "{name}: the ban table was nearly full ({bans} of {capacity} bans): {evicted} bans with the fewest \
                 dropped packets made room; spoofed sources may be the cause: raise `after` in [ban]"
            ),
        }
    }

    fn subject(&self) -> Subject<'_> {
        let ban = match self.change {
            BanChange::Made { source, .. }
            | BanChange::Expired { source, .. }
            | BanChange::Lifted { source, .. } => Some((source, self.since)),
            BanChange::TableFull { .. } => None,
        };
        Subject {
            interface: Some(&self.interface),
            alert: ban.map(|(source, since)| format!("ban {} {source} {since}", self.interface)),
            ..Subject::default()
        }
    }

    fn is_for_operator(&self) -> bool {
        match self.change {
            BanChange::Made { .. } | BanChange::TableFull { .. } => true,
            BanChange::Expired { .. } | BanChange::Lifted { .. } => false,
        }
    }
}

impl BanChange {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Made { .. } => "made",
            Self::Expired { .. } => "expired",
            Self::Lifted { .. } => "lifted",
            Self::TableFull { .. } => "table_full",
        }
    }
}

#[cfg(test)]
impl super::tests::Sample for BanEvent {
    fn any() -> proptest::strategy::BoxedStrategy<Self> {
        use proptest::prelude::*;

        use super::tests::sample::{any_address, any_name, any_time};
        let origin = proptest::sample::select(vec![BanOrigin::Operator, BanOrigin::Threshold]);
        let scope = proptest::sample::select(vec![BanScope::Unassigned, BanScope::All]);
        let change = prop_oneof![
            (any_address(), any::<Option<u32>>(), origin.clone(), scope).prop_map(
                |(source, seconds, origin, scope)| BanChange::Made {
                    source,
                    lasts: seconds.map(|it| Duration::from_secs(it.into())),
                    origin,
                    scope,
                }
            ),
            (any_address(), any::<u64>(), origin.clone()).prop_map(|(source, packets, origin)| {
                BanChange::Expired { source, packets, origin }
            }),
            (any_address(), origin)
                .prop_map(|(source, origin)| BanChange::Lifted { source, origin }),
            any::<[u64; 4]>().prop_map(|[bans, operator, capacity, evicted]| {
                BanChange::TableFull { bans, operator, capacity, evicted }
            }),
        ];
        (any_time(), any_name(), any::<u64>(), change)
            .prop_map(|(time, name, since, change)| Self {
                time,
                interface: name.into(),
                since,
                change,
            })
            .boxed()
    }
}
