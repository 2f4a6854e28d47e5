//! An ordinary user with some capabilities, and no others.

use std::{
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Bpffs, Namespace, namespace::run};

/// What watching takes.
pub const THREE: [&str; 3] = ["net_admin", "bpf", "perfmon"];

/// `nobody` and `nogroup`.
const USER: u32 = 65534;

/// The user, and what is readable to it: the build may lie where only root reads.
pub struct Ordinary {
    directory: TempDir,
    /// The groups that it is in, besides its own.
    groups: &'static str,
}

impl Ordinary {
    /// The user, in no other group.
    pub fn new() -> Self {
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let program = env!("CARGO_BIN_EXE_port12");
        run(Command::new("install").args(["-m755", program]).arg(directory.path().join("port12")));
        Self { directory, groups: "65534" }
    }

    /// In the group of root, which the names of legacy iptables' tables are readable to.
    pub fn in_roots_group() -> Self {
        Self { groups: "0", ..Self::new() }
    }

    /// A path that the user can read.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes the directory for pins, and gives it to the user.
    pub fn takes(&self, bpffs: &Bpffs) {
        bpffs.make_pins();
        chown(bpffs.pins(), Some(USER), Some(USER)).unwrap();
    }

    /// A port12 command with those capabilities, which it can get no others than.
    pub fn command(
        &self,
        namespace: &Namespace,
        capabilities: &[&str],
        pins: &Path,
        args: &str,
    ) -> Command {
        self.command_after("true", namespace, capabilities, pins, args)
    }

    /// Such a command, before which root does something in its mount namespace.
    pub fn command_after(
        &self,
        before: &str,
        namespace: &Namespace,
        capabilities: &[&str],
        pins: &Path,
        args: &str,
    ) -> Command {
        let set: String = capabilities.iter().map(|name| format!(",+{name}")).collect();
        let set = format!("-all{set}");
        let before = format!("mount -t cgroup2 cgroup2 /sys/fs/cgroup && {before}");
        let mut command = namespace.command_after(&before, "setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--no-new-privs"]);
        command.arg(format!("--groups={}", self.groups));
        for kind in ["inh-caps", "ambient-caps", "bounding-set"] {
            command.arg(format!("--{kind}={set}"));
        }
        command.arg(self.file("port12")).args(args.split_whitespace());
        command.env("PORT12_PIN_DIR", pins);
        command
    }

    /// Runs a command with the three capabilities to its end.
    pub fn output(&self, namespace: &Namespace, bpffs: &Bpffs, args: &str) -> Output {
        self.command(namespace, &THREE, &bpffs.pins(), args).output().unwrap()
    }

    /// Runs a command with the three capabilities that succeeds, and returns what it prints.
    pub fn ok(&self, namespace: &Namespace, bpffs: &Bpffs, args: &str) -> String {
        let output = self.output(namespace, bpffs, args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args}: {}\n{said}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it is told of an interface by `port12 status`.
    pub fn status(&self, namespace: &Namespace, bpffs: &Bpffs, interface: &str) -> Value {
        let text = self.ok(namespace, bpffs, "status --output json");
        let status: Value = serde_json::from_str(&text).unwrap();
        let all = status["interfaces"].as_array().unwrap();
        all.iter().find(|it| it["interface"] == interface).cloned().unwrap_or_default()
    }
}

/// The user and the capabilities that a process has, and those that it can get.
pub fn privileges(process: i32) -> [String; 4] {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    ["Uid:", "CapPrm:", "CapEff:", "CapBnd:"].map(|field| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.unwrap().split_whitespace().next().unwrap().to_owned()
    })
}
