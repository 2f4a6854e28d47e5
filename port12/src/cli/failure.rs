//! Failure of a command, and its exit code.

use std::{fmt, io, process::ExitCode};

use super::output::ReportError;
use crate::{
    agent::AgentError,
    config::{ConfigError, edit::EditError},
    error::Error,
    host::{HostError, interfaces::Unsupported},
    kernel::{
        allowlist::AllowlistError,
        attach::{AttachError, ReplaceError},
        egress::EgressError,
        load_error::LoadError,
        older::OlderError,
        pin_error::PinError,
        pinned::PinnedError,
    },
    query::{QueryError, events::EventsError},
    registry::RegistryError,
    replay::ReplayError,
    sink::SinkError,
    state_dir::{StateDirError, pinned::RecordError},
    truth::TruthError,
    watch::WatchError,
};

/// The exit codes, by what went wrong. 2 is clap's, for usage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Code {
    /// Anything that happens while running.
    Runtime = 1,
    /// The command line, beyond what clap checks.
    Usage = 2,
    /// A configuration that is not taken: a bad file, or drop mode on a host that forwards. Of
    /// `status`: nothing is attached.
    Config = 3,
    /// A capability is missing.
    Permission = 4,
    /// The kernel is too old, or refuses the program.
    Kernel = 5,
    /// The interface is unknown or does not take the program.
    Attach = 6,
    /// Another program is there.
    Foreign = 7,
}

/// The end of a command that failed: one line for people, one code for scripts.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// Cause, place and next step.
    pub message: String,
}

impl Failure {
    /// A failure with a message.
    pub fn new(code: Code, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// The failure of a command whose code 1 is an answer: with code 2 in place of 1.
    #[must_use]
    pub fn without_answer_code(self) -> Self {
        match self.code {
            Code::Runtime => Self { code: Code::Usage, ..self },
            Code::Usage
            | Code::Config
            | Code::Permission
            | Code::Kernel
            | Code::Attach
            | Code::Foreign => self,
        }
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.code as u8)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Code::Runtime, error)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Registry(error) => error.into(),
            ReportError::Write(_) | ReportError::Json(_) => Self::new(Code::Runtime, error),
        }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        Self::new(code(&error), error)
    }
}

/// Exit code of an error of the library.
fn code(error: &Error) -> Code {
    match error {
        Error::Agent(error) => of_agent(error),
        Error::Allowlist(error) => of_allowlist(error),
        Error::Config(error) | Error::Edit(EditError::Config(error)) => of_config(error),
        Error::Registry(error) => of_registry(error),
        Error::Bans(_)
        | Error::Capture(_)
        | Error::Edit(
            EditError::Write { .. } | EditError::DropIn { .. } | EditError::Reset { .. },
        )
        | Error::Replay(ReplayError::Write(_)) => Code::Runtime,
        Error::Events(error) => of_events(error),
        Error::Host(error) => of_host(error),
        Error::Load(error) | Error::Replay(ReplayError::Load(error)) => of_load(error),
        Error::Pin(error) => of_pin(error),
        Error::Pinned(error) => of_pinned(error),
        Error::Query(error) => of_query(error),
        Error::Record(error) => of_record(error),
        Error::Sink(error) => of_sink(error),
        Error::Truth(error) => of_truth(error),
        Error::Unsupported(error) => of_unsupported(error),
        Error::Watch(error) => of_watch(error),
    }
}

fn of_record(error: &RecordError) -> Code {
    match error {
        RecordError::Path(error) | RecordError::Directory(StateDirError::Path(error))
            if error.is_permission() =>
        {
            Code::Permission
        }
        RecordError::Path(_) | RecordError::Directory(_) | RecordError::Bans(_) => Code::Runtime,
        RecordError::Pinned(error) => of_pinned(error),
        RecordError::Clock(error) => of_truth(error),
    }
}

fn of_agent(error: &AgentError) -> Code {
    match error {
        AgentError::Capabilities { .. } | AgentError::SinkPrivilege { .. } => Code::Permission,
        AgentError::NoInterface { .. } => Code::Attach,
        AgentError::Forwarding { source: Some(error), .. } | AgentError::Host(error) => {
            of_host(error)
        }
        AgentError::DefaultExcluded { .. }
        | AgentError::Forwarding { source: None, .. }
        | AgentError::ConfirmWithoutPins
        | AgentError::StandardOutput => Code::Config,
        AgentError::Stopped { source } => of_agent(source),
        AgentError::NameTaken { .. } => Code::Foreign,
        AgentError::KeeperDied
        | AgentError::PinsRemoved
        | AgentError::Runtime { .. }
        | AgentError::System(_) => Code::Runtime,
        AgentError::Config(error) => of_config(error),
        AgentError::Registry(error) => of_registry(error),
        AgentError::Unsupported(error) => of_unsupported(error),
        AgentError::Pin(error) => of_pin(error),
        AgentError::Sink(error) => of_sink(error),
        AgentError::Truth(error) => of_truth(error),
        AgentError::Watch(error) => of_watch(error),
    }
}

fn of_config(error: &ConfigError) -> Code {
    match error {
        ConfigError::Read { .. }
        | ConfigError::DropIns { .. }
        | ConfigError::TooLarge { .. }
        | ConfigError::Refused { .. } => Code::Config,
    }
}

fn of_registry(error: &RegistryError) -> Code {
    match error {
        RegistryError::Read { .. } | RegistryError::Refused { .. } => Code::Config,
    }
}

fn of_unsupported(error: &Unsupported) -> Code {
    match error {
        Unsupported::Hardware { .. } | Unsupported::Vrf { .. } => Code::Attach,
    }
}

fn of_watch(error: &WatchError) -> Code {
    match error {
        WatchError::Persistent { .. }
        | WatchError::Renamed { .. }
        | WatchError::Elsewhere { .. } => Code::Foreign,
        WatchError::Vanished { .. } | WatchError::OutboundLost | WatchError::Unsupported(_) => {
            Code::Attach
        }
        WatchError::Incomplete { .. }
        | WatchError::Link { .. }
        | WatchError::InUse
        | WatchError::Trace(_)
        | WatchError::System(_)
        | WatchError::Bans(_) => Code::Runtime,
        WatchError::Host(error) => of_host(error),
        WatchError::Load(error) => of_load(error),
        WatchError::Attach(error) | WatchError::Replace(ReplaceError::Attach(error)) => {
            of_attach(error)
        }
        WatchError::Pin(error) | WatchError::Replace(ReplaceError::Pin(error)) => of_pin(error),
        WatchError::Egress(error) => of_egress(error),
        WatchError::Pinned(error) => of_pinned(error),
        WatchError::Allowlist(error) => of_allowlist(error),
        WatchError::Older(error) => of_older(error),
        WatchError::Truth(error) => of_truth(error),
    }
}

fn of_query(error: &QueryError) -> Code {
    match error {
        QueryError::Directory(error) => of_pin(error),
        QueryError::Pinned(error) => of_pinned(error),
        QueryError::Clock(error) => of_truth(error),
        QueryError::Host(error) => of_host(error),
        QueryError::Bans(_) => Code::Runtime,
        QueryError::Allowlist(error) => of_allowlist(error),
    }
}

fn of_events(error: &EventsError) -> Code {
    match error {
        EventsError::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            Code::Permission
        }
        EventsError::None(_) | EventsError::NotKept { .. } | EventsError::Read { .. } => {
            Code::Runtime
        }
    }
}

fn of_host(error: &HostError) -> Code {
    match error {
        HostError::NoInterface(_) => Code::Attach,
        HostError::Refused { .. } | HostError::Unasked { .. } | HostError::File { .. }
            if error.is_permission() =>
        {
            Code::Permission
        }
        HostError::Refused { .. }
        | HostError::Unasked { .. }
        | HostError::Unsteady { .. }
        | HostError::Unreadable { .. }
        | HostError::File { .. } => Code::Runtime,
    }
}

fn of_load(error: &LoadError) -> Code {
    match error {
        LoadError::TooOld(_) | LoadError::Refused { .. } => Code::Kernel,
        LoadError::NoTrace => Code::Usage,
        LoadError::Permission(_) => Code::Permission,
        LoadError::Resources { .. } | LoadError::Map { .. } => Code::Runtime,
    }
}

fn of_attach(error: &AttachError) -> Code {
    match error {
        AttachError::Foreign { .. } | AttachError::Upper { .. } => Code::Foreign,
        AttachError::Refused { .. } => Code::Attach,
        AttachError::Host(error) => of_host(error),
    }
}

fn of_egress(error: &EgressError) -> Code {
    match error {
        EgressError::Refused { .. } | EgressError::Taken(_) => Code::Attach,
        EgressError::Host(error) => of_host(error),
    }
}

fn of_pin(error: &PinError) -> Code {
    match error {
        PinError::Map(error) => of_load(error),
        PinError::NoBpffs { .. } => Code::Config,
        PinError::Directory { .. } | PinError::Untrusted(_) if error.is_permission() => {
            Code::Permission
        }
        PinError::Directory { .. } if error.is_read_only() => Code::Config,
        PinError::Held { .. } | PinError::Directory { .. } | PinError::Untrusted(_) => {
            Code::Runtime
        }
    }
}

fn of_pinned(error: &PinnedError) -> Code {
    match error {
        PinnedError::Pin(error) => of_pin(error),
        PinnedError::Host(error) => of_host(error),
        PinnedError::Part { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
            Code::Permission
        }
        PinnedError::Part { .. } | PinnedError::State { .. } => Code::Runtime,
    }
}

fn of_older(error: &OlderError) -> Code {
    match error {
        OlderError::Map { .. } | OlderError::Bans(_) => Code::Runtime,
        OlderError::Allowlist(error) => of_allowlist(error),
        OlderError::Load(error) => of_load(error),
    }
}

fn of_allowlist(error: &AllowlistError) -> Code {
    match error {
        AllowlistError::Full(_) => Code::Config,
        AllowlistError::Kernel(_) => Code::Runtime,
    }
}

fn of_truth(error: &TruthError) -> Code {
    match error {
        TruthError::Host(error) => of_host(error),
        TruthError::Clock(_) => Code::Kernel,
    }
}

fn of_sink(error: &SinkError) -> Code {
    match error {
        SinkError::Open { .. } if error.is_permission() => Code::Permission,
        SinkError::Thread { .. } => Code::Runtime,
        SinkError::Directory { .. }
        | SinkError::Open { .. }
        | SinkError::Unfit { .. }
        | SinkError::Same { .. } => Code::Config,
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, iter::successors};

    use super::*;

    fn denied() -> io::Error {
        io::Error::from_raw_os_error(libc::EACCES)
    }

    /// Exit code of an error, and the number of the system's error among its sources.
    fn told(error: impl Into<Error>) -> (Code, Option<i32>) {
        let error = error.into();
        let number = successors(error.source(), |&source| source.source())
            .find_map(|source| source.downcast_ref::<io::Error>()?.raw_os_error());
        (Failure::from(error).code, number)
    }

    #[test]
    fn an_error_keeps_the_answer_of_the_system_and_its_exit_code() {
        let path = || "/sys/fs/bpf/port12".into();
        let pin = || PinError::Directory { path: path(), error: denied() };
        let part = |error| PinnedError::Part { interface: "eth0".into(), what: "link", error };
        let all = [
            (told(pin()), Code::Permission),
            (told(PinnedError::from(pin())), Code::Permission),
            (told(WatchError::from(ReplaceError::from(pin()))), Code::Permission),
            (told(WatchError::from(part(denied()))), Code::Permission),
            (told(LoadError::Permission(denied())), Code::Permission),
            (told(LoadError::Map { name: "STATE", error: denied() }), Code::Runtime),
            (told(ConfigError::Read { path: path(), cause: denied() }), Code::Config),
            (told(RegistryError::Read { path: path(), cause: denied() }), Code::Config),
            (told(EditError::Write { path: path(), cause: denied() }), Code::Runtime),
            (told(HostError::Unasked { what: "links", source: denied() }), Code::Permission),
            (told(ReplayError::Write(denied())), Code::Runtime),
        ];
        for (index, (told, code)) in all.into_iter().enumerate() {
            assert_eq!(told, (code, Some(libc::EACCES)), "{index}");
        }
    }

    #[test]
    fn a_failure_says_what_its_error_says() {
        let error = || WatchError::Vanished { interface: "eth0".to_owned() };
        let failure = Failure::from(error());
        assert_eq!((failure.code, failure.message), (Code::Attach, error().to_string()));
    }
}
