//! Names in commands.

use std::net::IpAddr;

use port12_common::Transport;

/// Treatment of a flow start without a socket by the policy of `port12 run`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Intent {
    /// The policy cannot be read.
    #[default]
    Unknown,
    /// The port is not among those that it watches.
    NotWatched,
    /// The policy ignores the port.
    Ignored,
    /// It counts, and passes.
    Counts,
    /// It drops.
    Drops,
}

/// The names that a step needs. Those that a shell would not take as they are are left out: they may be
/// somebody else's.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The port.
    pub port: u16,
    /// The transport.
    pub transport: Transport,
    /// A process that has the port.
    pub process: Option<i32>,
    /// Its unit.
    pub unit: Option<&'a str>,
    /// The source that knocked last, of those that are not banned.
    pub source: Option<IpAddr>,
    /// An interface that is watched.
    pub interface: Option<&'a str>,
    /// The process that watches.
    pub daemon: Option<u32>,
    /// The policy file.
    pub policy: &'a str,
    /// Treatment of the port by `port12 run`.
    pub planned: Intent,
    /// The capabilities that would show who has the port; none where none would.
    pub needs: &'a [&'a str],
}

impl Names<'_> {
    /// As it is written in the policy file and to `port12 who`.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.port, self.transport)
    }

    pub(super) fn interface(&self) -> &str {
        self.interface.and_then(plain).unwrap_or("IFACE")
    }

    pub(super) fn unit(&self) -> Option<&str> {
        self.unit.and_then(plain)
    }
}

/// A name that means nothing to a shell, and is no option.
fn plain(name: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@_.:-".contains(&byte);
    (name.bytes().all(is_plain) && !name.starts_with('-') && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_name_that_a_shell_would_act_on_is_left_out() {
        for name in ["ssh.service", "user@1000.service", "eth0", "eth0.10", "a_b:c"] {
            assert_eq!(plain(name), Some(name));
        }
        for name in
            ["", "-i", "a b", "a;b", "$(a)", "a`b`", "a\n", "a'", "ü", r"a\x2d", "a&", "a|b"]
        {
            assert_eq!(plain(name), None, "{name}");
        }
    }
}
