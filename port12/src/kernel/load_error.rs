//! Why the kernel object is not in the kernel, in one line.

use std::io;

use thiserror::Error;

use super::errno;

/// Why the kernel object is not in the kernel.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The kernel is older than 5.10.
    #[error("kernel {0} is too old: port12 needs 5.10 or newer")]
    TooOld(String),
    /// The capabilities are missing.
    #[error(
        "the kernel does not let this process load BPF programs ({0}): run as root, or with \
         CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
    )]
    Permission(#[source] io::Error),
    /// A limit or the memory is exhausted.
    #[error("cannot load the program: {error}{}", way_out(error))]
    Resources {
        /// Error of the kernel.
        #[source]
        error: io::Error,
    },
    /// The kernel refuses the object.
    #[error("the kernel refuses the program: {why}")]
    Refused {
        /// The reason, on one line.
        why: String,
        /// The error that it was read from, if there is one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// This build has no tracing object.
    #[error(
        "this build has no tracing program: `cargo xtask build-ebpf --trace` makes it, and \
         `cargo build -p port12 --features trace` takes it in"
    )]
    NoTrace,
    /// The object's maps are not what this build of port12 reads.
    #[error("cannot use the map {name}: {error}{}", way_out(.error))]
    Map {
        /// The map.
        name: &'static str,
        /// The error.
        #[source]
        error: io::Error,
    },
}

impl LoadError {
    /// The error with which the kernel has refused an object or a program.
    pub(super) fn of(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        // The verifier refuses a program with EACCES, a missing capability is EPERM.
        let number = errno::numbers(&error).find(|number| {
            matches!(*number, libc::EPERM | libc::EMFILE | libc::ENFILE | libc::ENOMEM)
        });
        match number.map(io::Error::from_raw_os_error) {
            Some(error) if error.raw_os_error() == Some(libc::EPERM) => Self::Permission(error),
            Some(error) => Self::Resources { error },
            None => Self::Refused { why: chain(&error), source: Some(error.into()) },
        }
    }

    /// A refusal of the object for a reason of this process.
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into(), source: None }
    }

    /// The same, with the error that it was found by.
    pub(crate) fn refused_by(
        what: &str,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Refused { why: format!("{what}: {error}"), source: Some(error.into()) }
    }
}

fn way_out(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE) => ": raise the limit (`ulimit -n`, or LimitNOFILE= of the unit)",
        Some(libc::ENFILE) => ": raise the limit of the system (sysctl fs.file-max)",
        _ => "",
    }
}

/// An error and its causes on one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        let part = current.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = current.source();
    }
    one_line(&text)
}

/// How the lines begin in which the verifier tells, at the end, what it took.
const STATISTICS: [&str; 3] = ["verification time ", "stack depth ", "processed "];

/// The first line of a text, and the last ones: a verifier's log has thousands.
fn one_line(text: &str) -> String {
    let says = |line: &&str| {
        !line.is_empty() && !STATISTICS.iter().any(|statistics| line.starts_with(statistics))
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(says).collect();
    match lines.as_slice() {
        [first, .., before, last] if lines.len() > 3 => format!("{first} ... {before}; {last}"),
        lines => lines.join("; "),
    }
}
