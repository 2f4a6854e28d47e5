//! A host whose policy has the program ban by itself.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    process::Command,
};

use port12::{kernel::banning, model::AutoBanStats};
use port12_common::abi::Ban;
use serde_json::Value;
use tempfile::TempDir;

use super::{Bpffs, Namespace, Pair, Port12, until};

/// A pair of hosts, a bpffs, and a policy file of the near host's.
pub struct Banning {
    pub pair: Pair,
    pub bpffs: Bpffs,
    directory: TempDir,
}

impl Banning {
    /// With the lines of the `[ban]` table.
    pub fn new(table: &str) -> Self {
        Self::of(Pair::new(), "", table)
    }

    /// With lines above the table.
    pub fn of(pair: Pair, top: &str, table: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let banning = Self { pair, bpffs: Bpffs::new(), directory };
        banning.write(&format!("{top}\n[ban]\n{table}\n"));
        banning
    }

    /// Puts another text in the place of the policy, but for the interface.
    pub fn write(&self, text: &str) {
        std::fs::write(self.file(), format!("interfaces = [\"w0\"]\n{text}")).unwrap();
    }

    /// Its path.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("port12.toml")
    }

    /// A file that the near host takes for `/etc/resolv.conf`, where it is run so.
    pub fn resolvers(&self, text: &str) -> PathBuf {
        let path = self.directory.path().join("resolv.conf");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Starts `port12 run`, and waits until the program knows whom not to ban.
    pub fn run(&self, args: &str) -> Port12 {
        self.launch(self.command(args))
    }

    /// The command that [`run`](Self::run) starts.
    pub fn command(&self, args: &str) -> Command {
        let args = format!("--config {} {args}", self.file().display());
        self.bpffs.run_command(&self.pair.near, &args)
    }

    /// The same with a file in the place of `/etc/resolv.conf`.
    pub fn command_with_resolvers(&self, resolvers: &Path) -> Command {
        let plain = self.command("");
        let mut command = Command::new("unshare");
        command.args(["--mount", "ip", "netns", "exec", self.pair.near.name(), "sh", "-c"]);
        // `ip netns exec` has a mount namespace of its own.
        command.arg("mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"").arg(resolvers);
        // Behind `ip netns exec NAME`.
        command.args(plain.get_args().skip(3));
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// Starts a command, and waits until the program knows whom not to ban.
    pub fn launch(&self, command: Command) -> Port12 {
        let before = self.bpffs.pinned("w0").is_empty().then_some(0);
        let before = before.unwrap_or_else(|| self.protected_until());
        let run = Port12::launch(command);
        until("the addresses not to ban", || (self.protected_until() > before).then_some(()));
        run
    }

    /// Jiffies up to which the program knows the addresses not to ban.
    pub fn protected_until(&self) -> u64 {
        let counters = self.bpffs.counters("w0");
        port12::mapped_read!(counters.first(), banning.protected_until)
    }

    /// What the program has done by itself.
    pub fn deeds(&self) -> AutoBanStats {
        banning::stats(&self.bpffs.counters("w0"))
    }

    /// `port12 bans`.
    pub fn bans(&self) -> Vec<Value> {
        bans(&self.bpffs, &self.pair.near)
    }

    /// The one ban there is.
    pub fn ban(&self) -> Value {
        let bans = self.bans();
        assert_eq!(bans.len(), 1, "{bans:?}");
        bans.into_iter().next().unwrap()
    }

    /// The entry of a source in the map, and of others none, those that are over among them.
    pub fn entry(&self, source: IpAddr) -> Option<Ban> {
        entries(&self.bpffs).get(&source).copied()
    }
}

/// `port12 bans`.
pub fn bans(bpffs: &Bpffs, near: &Namespace) -> Vec<Value> {
    serde_json::from_str(&bpffs.ok(near, "bans --output json")).unwrap()
}

/// The entries of the map of the first interface, those that are over among them.
pub fn entries(bpffs: &Bpffs) -> std::collections::BTreeMap<IpAddr, Ban> {
    let slots = port12::kernel::pin::slots(&bpffs.pins()).unwrap();
    port12::kernel::pinned::bans(&slots[0]).unwrap().list().unwrap()
}
