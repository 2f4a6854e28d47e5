//! A virtio-net device that merges TCP segments for the guest. QEMU offers that only if the other end of the device takes
//! packets with a virtio-net header, as a tap does and a hub does not.

use std::{fs::File, process::Command};

use super::qemu;
use crate::step;

/// The way to a network namespace of QEMU's own, in which it may make a tap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tap {
    /// For root.
    Namespace,
    /// For others, with a user namespace.
    UserNamespace,
}

impl Tap {
    /// The way that this machine allows; `None` without `/dev/net/tun` or without namespaces.
    pub fn find() -> Option<Self> {
        File::options().read(true).write(true).open("/dev/net/tun").ok()?;
        let allowed = |tap: &Self| step::succeeds(tap.enter().arg("true"));
        [Self::Namespace, Self::UserNamespace].into_iter().find(allowed)
    }

    /// QEMU in the namespace. `unshare` becomes QEMU, which thereby is this process's child.
    pub fn qemu(self) -> Command {
        let mut command = self.enter();
        command.arg(qemu::PROGRAM);
        command
    }

    /// The options for the device, which cannot turn merging off while it runs.
    pub fn options() -> [&'static str; 4] {
        [
            "-netdev",
            "tap,id=merging,script=no,downscript=no,vhost=off",
            "-device",
            "virtio-net-pci,romfile=,netdev=merging,ctrl_guest_offloads=off",
        ]
    }

    fn enter(self) -> Command {
        let mut command = Command::new("unshare");
        match self {
            Self::Namespace => command.arg("--net"),
            Self::UserNamespace => command.args(["--map-root-user", "--net"]),
        };
        command
    }
}
