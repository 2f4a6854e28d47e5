//! Events: everything that port12 reports. A kind of event is one file, which has its facts, its fields and its line
//! for people, one line of `kinds!` and its rows in [`SIGNATURES`]. Formats know fields, not kinds.

mod ban;
mod description;
mod field;
mod interface;
mod listener;
mod loss;
mod mode;
mod outbound;
mod ports;
mod probe;
mod process;
mod record;
mod scan;
mod too_deep;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use ban::{BanChange, BanEvent};
pub use description::{Description, Severity, Subject, Tuple, Urgency};
pub use field::{Field, Fields, Value};
pub use interface::{InterfaceChange, InterfaceEvent};
pub use listener::{Listener, Notice, What};
pub use loss::{Loss, LossEvent};
pub use mode::{ModeChange, ModeEvent};
pub use outbound::{Contact, Started};
pub use probe::{FRAME_BYTES, Headers, MAX_FRAME_BYTES, Probe};
pub use process::{Behind, Cgroup, OnDisk, Owner, Process, Program, Sender};
pub use record::{Direction, Identity, Record, RecordOrigin};
pub use scan::{Scan, ScanKind};
pub use too_deep::TooDeepAlert;

/// A kind of record as readers know it. Ids are in the range for local use, and are never used again for something else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature {
    /// Number, as Suricata's rules have one.
    pub id: u32,
    /// Name of the kind in records.
    pub kind: &'static str,
    /// Text for people.
    pub text: &'static str,
    /// Class of Suricata's `classification.config`.
    pub category: &'static str,
    /// Severity, unless the facts of an event make it another.
    pub severity: Severity,
    /// `MESSAGE_ID` of the journal, for message catalogs.
    pub message_id: &'static str,
}

const NETWORK_SCAN: &str = "Detection of a Network Scan";
const BAD_TRAFFIC: &str = "Potentially Bad Traffic";
const MISC_ACTIVITY: &str = "Misc activity";

/// Facts of a kind of event.
trait Kind {
    /// The facts, as a record shows them.
    fn describe(&self) -> Description;

    /// Line for people, without the time. Names in it are quoted; formats escape it.
    fn line(&self) -> String;

    /// Facts that tie the event to others.
    fn subject(&self) -> Subject<'_>;

    /// Whether whoever runs port12 is to see the line although a sink takes the event: it is about port12 itself.
    fn is_for_operator(&self) -> bool {
        false
    }
}

/// Makes the enum of all kinds.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident($facts:ty),)+) => {
        /// Something that happened.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum Event {
            $($(#[$doc])* $kind(Box<$facts>),)+
        }

        impl Event {
            /// Facts of the event, as a record shows them.
            pub fn describe(&self) -> Description {
                match self {
                    $(Self::$kind(facts) => facts.describe(),)+
                }
            }

            /// Whether whoever runs this process is to see it on standard error although a sink takes it.
            pub fn is_for_operator(&self) -> bool {
                match self {
                    $(Self::$kind(facts) => facts.is_for_operator(),)+
                }
            }

            /// Facts that tie the event to others.
            pub fn subject(&self) -> Subject<'_> {
                match self {
                    $(Self::$kind(facts) => facts.subject(),)+
                }
            }

            /// Line for people, without the time. Names in it are quoted; formats escape it.
            pub fn line(&self) -> String {
                match self {
                    $(Self::$kind(facts) => facts.line(),)+
                }
            }
        }

        $(impl From<$facts> for Event {
            fn from(facts: $facts) -> Self {
                Self::$kind(Box::new(facts))
            }
        })+

        /// Any event of any kind.
        #[cfg(test)]
        pub(crate) fn any_event() -> impl proptest::strategy::Strategy<Value = Event> {
            use proptest::prelude::*;
            proptest::strategy::Union::new([
                $(<$facts as tests::Sample>::any().prop_map(Event::from).boxed(),)+
            ])
        }
    };
}

kinds! {
    /// A probe: a flow start to a watched port without a local endpoint.
    Probe(Probe),
    /// A scan, or its end.
    Scan(Scan),
    /// A listener on a watched port, or flow starts that have reached one.
    Listener(Notice),
    /// An outbound flow start.
    Outbound(Started),
    /// A change of the bans.
    Ban(BanEvent),
    /// A change of the mode in force.
    Mode(ModeEvent),
    /// An interface, or the program on it.
    Interface(InterfaceEvent),
    /// Packets with more headers than port12 reads.
    TooDeep(TooDeepAlert),
    /// Something that was not reported.
    Loss(LossEvent),
}

impl Event {
    /// The probe that it is, if it is one.
    pub fn probe(&self) -> Option<&Probe> {
        if let Self::Probe(probe) = self { Some(probe) } else { None }
    }
}

/// Makes the constants of the signatures, and the table of them.
macro_rules! signatures {
    ($($name:ident = $id:literal, $kind:literal, $severity:ident, $category:ident, $text:literal, $message_id:literal;)+) => {
        $(const $name: Signature = Signature {
            id: $id,
            kind: $kind,
            text: $text,
            category: $category,
            severity: Severity::$severity,
            message_id: $message_id,
        };)+

        /// Every signature. A row stays when nothing has its kind any longer, so that its id is never used again.
        pub const SIGNATURES: &[Signature] = &[$($name),+];
    };
}

signatures! {
    PROBE = 1_012_001, "probe", Low, NETWORK_SCAN, "PORT12 probe of an unassigned port", "5b8f1ad0c3e94b6c9d1e7a20f4b3c612";
    SCAN = 1_012_002, "scan", Medium, NETWORK_SCAN, "PORT12 scan of unassigned ports", "a6d1c47e0b5f4e38b2c90d7f6e1a3b54";
    SCAN_END = 1_012_003, "scan_end", Medium, NETWORK_SCAN, "PORT12 end of a scan of unassigned ports", "e2709c85d14a4f0fa83b5c6d7e91f028";
    LISTENER = 1_012_004, "listener", High, BAD_TRAFFIC, "PORT12 listener on an unassigned port", "0d64d1b2c7a94e6f8e35a1c9b07f2d48";
    LISTENER_LEFT = 1_012_005, "listener", Low, BAD_TRAFFIC, "PORT12 listener on an unassigned port has gone", "71f9a3c58b0e4d2c96e4d8b5a2c1f037";
    REACHED = 1_012_006, "listener", Critical, BAD_TRAFFIC, "PORT12 listener on an unassigned port was reached", "c83b5e07f1d24a9ab60c7e92d4f5a816";
    STARTED = 1_012_007, "outbound", High, BAD_TRAFFIC, "PORT12 conversation started towards an unassigned port", "9f2c6e18b5d34a07a1c48e6d0b7f3529";
    TOO_DEEP = 1_012_008, "too_deep", High, BAD_TRAFFIC, "PORT12 packet with more headers than are read", "4c1de0a7f6b8493e8d52b19c73ea60f5";
    BAN_MADE = 1_012_009, "ban", Low, MISC_ACTIVITY, "PORT12 source banned", "87751d4ca8501e2c44dcda6a797d76de";
    BAN_EXPIRED = 1_012_010, "ban", Low, MISC_ACTIVITY, "PORT12 ban expired", "61b339ff248174e5598b88dbaa99e079";
    BAN_LIFTED = 1_012_011, "ban", Low, MISC_ACTIVITY, "PORT12 ban removed", "7b87a9e25fefe911ff22a27b02c7bff2";
    BAN_TABLE_FULL = 1_012_012, "ban", High, MISC_ACTIVITY, "PORT12 ban table full", "75d0dd66cf72f858a4b66f8c462804db";
    DROP_ARMED = 1_012_013, "mode", Low, MISC_ACTIVITY, "PORT12 drop mode waits for confirmation", "3a46e6b099f916b1dd45af1cb0caae1c";
    DROP_CONFIRMED = 1_012_014, "mode", Low, MISC_ACTIVITY, "PORT12 drop mode confirmed", "9fcdb9e1a94c56b9006d2cc78ee58b06";
    DROP_EXPIRED = 1_012_015, "mode", High, MISC_ACTIVITY, "PORT12 drop mode expired unconfirmed", "5e1ea97870a76e49fa60dbd625329041";
    DROP_BYPASSED = 1_012_016, "mode", High, MISC_ACTIVITY, "PORT12 dropping bypassed", "35d30d74e7edd86756f547ab298a59f8";
    DROP_FORWARDS = 1_012_017, "mode", High, MISC_ACTIVITY, "PORT12 drop mode given up because the host forwards", "331b2fb3d19e32249382cc710f0f1c69";
    DROP_RESUMED = 1_012_018, "mode", Low, MISC_ACTIVITY, "PORT12 drop mode in force again", "d1ba5c0fafdba91d8376099813199de0";
    INTERFACE_APPEARED = 1_012_019, "interface", Low, MISC_ACTIVITY, "PORT12 interface appeared", "cc419a5e6794cd2eae729aff56459afe";
    INTERFACE_GONE = 1_012_020, "interface", Low, MISC_ACTIVITY, "PORT12 interface gone", "eb3d787304c3405b165c982bd7a7bf5e";
    INTERFACE_FAILED = 1_012_021, "interface", High, MISC_ACTIVITY, "PORT12 interface cannot be watched", "a97bcc25ea3fa51cd1d4d2b30f8f95ef";
    PROGRAM_DETACHED = 1_012_022, "interface", High, MISC_ACTIVITY, "PORT12 program detached by another process", "fd4cb8b3174a554f3926847b8248f803";
    PROGRAM_ATTACHED_AGAIN = 1_012_023, "interface", Low, MISC_ACTIVITY, "PORT12 program attached again", "71992790f25bc8cf6c7ec515fcb4d02b";
    PINS_LOST = 1_012_024, "interface", High, MISC_ACTIVITY, "PORT12 pins removed by another process", "f8a885186c5744bca92e6b951cce9c77";
    PINS_RESTORED = 1_012_025, "interface", Low, MISC_ACTIVITY, "PORT12 pins restored", "e1cca7b05002aab48a1c0f222293ea28";
    LOSS = 1_012_026, "loss", High, MISC_ACTIVITY, "PORT12 events lost", "f9e53cfb29dcb79c8ee3e9ad9f177981";
    INTERFACE_RENAMED = 1_012_027, "interface", Low, MISC_ACTIVITY, "PORT12 interface renamed", "9974d75b333824fe61790134676b1b69";
}
