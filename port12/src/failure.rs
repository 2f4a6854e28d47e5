//! Why the program ends, and the exit code that tells it.

use std::{fmt, io, process::ExitCode};

use crate::{
    config::{ConfigError, edit::EditError},
    host::{HostError, interfaces::Unsupported},
    kernel::{
        allowlist::AllowlistError,
        attach::{AttachError, ReplaceError},
        bans::BansError,
        egress::EgressError,
        instance::LoadError,
        pin_error::PinError,
        pinned::PinnedError,
    },
    query::QueryError,
    registry::RegistryError,
    report::ReportError,
    sink::SinkError,
    truth::TruthError,
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
    /// What, where, and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with a message.
    pub fn new(code: Code, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Pinned(error) => error.into(),
            QueryError::Clock(error) => error.into(),
            QueryError::Bans(error) => error.into(),
            QueryError::Allowlist(error) => error.into(),
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

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::new(Code::Config, error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Code::Config, error)
    }
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        let code = match &error {
            _ if error.is_permission() => Code::Permission,
            SinkError::Thread { .. } => Code::Runtime,
            SinkError::Directory { .. }
            | SinkError::Open { .. }
            | SinkError::Unfit { .. }
            | SinkError::Same { .. } => Code::Config,
        };
        Self::new(code, error)
    }
}

impl From<AllowlistError> for Failure {
    fn from(error: AllowlistError) -> Self {
        let code = match &error {
            AllowlistError::Full(_) => Code::Config,
            AllowlistError::Kernel(_) => Code::Runtime,
        };
        Self::new(code, error)
    }
}

impl From<BansError> for Failure {
    fn from(error: BansError) -> Self {
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

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        let code = match &error {
            HostError::NoInterface(_) => Code::Attach,
            _ if error.is_permission() => Code::Permission,
            HostError::Refused { .. }
            | HostError::Unasked { .. }
            | HostError::Unsteady { .. }
            | HostError::Unreadable { .. }
            | HostError::File { .. } => Code::Runtime,
        };
        Self::new(code, error)
    }
}

impl From<Unsupported> for Failure {
    fn from(error: Unsupported) -> Self {
        Self::new(Code::Attach, error)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let code = match &error {
            LoadError::TooOld(_) | LoadError::Refused(_) => Code::Kernel,
            LoadError::NoTrace => Code::Usage,
            LoadError::Permission(_) => Code::Permission,
            LoadError::Resources { .. } | LoadError::Map { .. } => Code::Runtime,
        };
        Self::new(code, error)
    }
}

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::Foreign { .. } | AttachError::Upper { .. } => {
                Self::new(Code::Foreign, error)
            }
            AttachError::Refused { .. } => Self::new(Code::Attach, error),
            AttachError::Host(error) => error.into(),
        }
    }
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Host(error) => error.into(),
            EgressError::Refused { .. } | EgressError::Taken(_) => Self::new(Code::Attach, error),
        }
    }
}

impl From<PinError> for Failure {
    fn from(error: PinError) -> Self {
        match error {
            PinError::Map(error) => error.into(),
            PinError::Held { .. } => Self::new(Code::Runtime, error),
            PinError::NoBpffs { .. } => Self::new(Code::Config, error),
            PinError::Directory { .. } | PinError::Untrusted(_) if error.is_permission() => {
                Self::new(Code::Permission, error)
            }
            PinError::Directory { .. } if error.is_read_only() => Self::new(Code::Config, error),
            PinError::Directory { .. } | PinError::Untrusted(_) => Self::new(Code::Runtime, error),
        }
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Config(error) => error.into(),
            EditError::Write { .. } => Self::new(Code::Runtime, error),
        }
    }
}

impl From<ReplaceError> for Failure {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::Attach(error) => error.into(),
            ReplaceError::Pin(error) => error.into(),
        }
    }
}

impl From<PinnedError> for Failure {
    fn from(error: PinnedError) -> Self {
        match error {
            PinnedError::Pin(error) => error.into(),
            PinnedError::Host(error) => error.into(),
            PinnedError::Part { error: ref cause, .. }
                if cause.kind() == io::ErrorKind::PermissionDenied =>
            {
                Self::new(Code::Permission, error)
            }
            PinnedError::Part { .. } | PinnedError::State { .. } => Self::new(Code::Runtime, error),
        }
    }
}

impl From<TruthError> for Failure {
    fn from(error: TruthError) -> Self {
        match error {
            TruthError::Host(error) => error.into(),
            TruthError::Clock(_) => Self::new(Code::Kernel, error),
        }
    }
}
