//! Network namespaces that live as long as a test.

use std::{
    fs::{self, File},
    os::fd::AsRawFd,
    path::PathBuf,
    process::{self, Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

/// A network namespace with `lo` up and without duplicate address detection, for which a lab
/// would have to wait. It forwards nothing.
pub struct Namespace {
    name: String,
    handle: File,
}

impl Namespace {
    /// Makes one, with a name that no other test has.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("p12l-{}-{count}", process::id());
        run(Command::new("ip").args(["netns", "add", &name]));
        let handle = File::open(format!("/run/netns/{name}")).unwrap();
        let namespace = Self { name, handle };
        for family in ["all", "default"] {
            namespace.sysctl(&format!("ipv6/conf/{family}/accept_dad"), "0");
            namespace.sysctl(&format!("ipv6/conf/{family}/router_solicitations"), "0");
        }
        namespace.sysctl("ipv4/ip_forward", "0");
        namespace.sh("ip link set lo up");
        namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command in the namespace.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command.env("PORT12_STATE_DIR", self.state());
        command
    }

    /// Directory for what outlives a run, unless a test names another one: never the host's.
    pub fn state(&self) -> PathBuf {
        std::env::temp_dir().join(format!("{}.state", self.name))
    }

    /// A command in the namespace that finds a bpffs and the cgroups, which `ip netns exec` hides.
    pub fn command_with_bpffs(&self, program: &str) -> Command {
        let mounts = "mount -t bpf bpf /sys/fs/bpf && mount -t cgroup2 cgroup2 /sys/fs/cgroup";
        self.command_after(mounts, program)
    }

    /// A command in the namespace, and in its own mount namespace, in which something is done before.
    pub fn command_after(&self, before: &str, program: &str) -> Command {
        let mut command = self.command("sh");
        command.args(["-c", &format!("{before} && exec \"$0\" \"$@\""), program]);
        command
    }

    /// Runs a command line that succeeds, and returns what it prints.
    pub fn sh(&self, line: &str) -> String {
        let output = run(self.command("sh").args(["-c", line]));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes a sysctl under `net`.
    pub fn sysctl(&self, key: &str, value: &str) {
        let path = format!("/proc/sys/net/{key}");
        self.enter(|| fs::write(&path, value)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Does something in the namespace. Sockets that are opened in it stay in it.
    pub fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let entered = scope.spawn(|| {
                // SAFETY: setns takes a descriptor; it changes this thread alone.
                let result = unsafe { libc::setns(self.handle.as_raw_fd(), libc::CLONE_NEWNET) };
                assert_eq!(result, 0, "setns: {}", std::io::Error::last_os_error());
                act()
            });
            entered.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A test that has failed already says why.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
        let _ = fs::remove_dir_all(self.state());
    }
}

/// Runs a command that succeeds.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    output
}
