//! Packets with more headers than port12 reads.

use std::{sync::Arc, time::SystemTime};

use port12_common::{
    TooDeep,
    parse::{MAX_EXTENSION_HEADERS, MAX_VLAN_TAGS},
};

use super::{Description, Kind, Subject, TOO_DEEP, Tuple, process::named};
use crate::text::words::counted;

/// Packets on one interface since the last such alert.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TooDeepAlert {
    /// Time at which the counters were read.
    pub time: SystemTime,
    /// The interface.
    pub interface: Arc<str>,
    /// Headers that there were too many of.
    pub reason: TooDeep,
    /// Packets, dropped ones included.
    pub packets: u64,
    /// Packets that were dropped.
    pub dropped: u64,
}

/// Limit that packets exceed, as a phrase.
fn limit(reason: TooDeep) -> String {
    match reason {
        TooDeep::VlanTags => format!("more than {MAX_VLAN_TAGS} VLAN tags"),
        TooDeep::ExtensionHeaders => {
            format!("more than {MAX_EXTENSION_HEADERS} IPv6 extension headers")
        }
    }
}

impl Kind for TooDeepAlert {
    fn describe(&self) -> Description {
        let mut description = Description::new(&TOO_DEEP, self.time);
        description.tuple = Tuple::of_interface(&self.interface);
        description.is_dropped = self.dropped > 0;
        let fields = &mut description.fields;
        fields.add("interface", self.interface.to_string()).journal().message("IN");
        fields.add("packets", self.packets).context().journal().message("PACKETS");
        fields.add("dropped", self.dropped).context().journal().message("DROPPED");
        let reason = self.reason.as_str();
        fields.add("too_deep", reason).context().metadata().journal().message("TOO_DEEP");
        description
    }

    /// `eth0 3 packets with more than 4 VLAN tags, 3 dropped`.
    fn line(&self) -> String {
        format!(
            "{} {} with {}, {} dropped",
            named(&self.interface),
            counted(self.packets, "packet", "packets"),
            limit(self.reason),
            self.dropped,
        )
    }

    fn subject(&self) -> Subject<'_> {
        Subject { interface: Some(&self.interface), ..Subject::default() }
    }
}
