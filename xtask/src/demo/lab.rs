//! Two network namespaces and a cable.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::process::{self, Process};

pub const HOST: &str = "10.12.0.2";
pub const HOST_V6: &str = "fd12::2";
pub const STRANGER: &str = "10.12.0.1";
const STRANGER_V6: &str = "fd12::1";

/// The interface that is watched.
pub const WATCHED: &str = "p12d-host";
/// The other end of the cable.
pub const OUTSIDE: &str = "p12d-outside";

/// The smallest MTU that IPv6 allows (RFC 8200 section 5): datagrams are soon fragments.
const MTU: &str = "1280";

/// A bpffs of the lab's own covers the machine's, so that port12 pins nothing in that.
const HOLD: &str = "if [ -d /sys/fs/bpf ]; then mount -t bpf -o mode=0700 bpf /sys/fs/bpf || exit 1; fi; \
                    exec sleep infinity";

/// A network namespace that lives as long as the process in it.
pub struct Namespace(Process);

impl Namespace {
    fn new() -> Result<Self> {
        let mut hold = process::command("unshare");
        hold.args(["--net", "--mount", "sh", "-c", HOLD]).stdin(Stdio::null());
        let mut namespace = Self(Process::start(hold)?);
        namespace.wait()?;
        let mut up = namespace.command("ip");
        up.args(["link", "set", "lo", "up"]);
        process::succeed(up)?;
        Ok(namespace)
    }

    /// Waits until the holder has entered its namespaces and sleeps in them.
    fn wait(&mut self) -> Result<()> {
        let name = format!("/proc/{}/comm", self.pid());
        let started = Instant::now();
        while fs::read_to_string(&name).is_ok_and(|name| name.trim() != "sleep") {
            if self.0.0.try_wait()?.is_some() || started.elapsed() > Duration::from_secs(5) {
                bail!("cannot make a network namespace: see above");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    pub fn pid(&self) -> u32 {
        self.0.0.id()
    }

    /// A command in the namespace.
    pub fn command(&self, program: &str) -> Command {
        let mut command = process::command("nsenter");
        command.args(["--target", &self.pid().to_string(), "--net", "--mount", program]);
        command
    }

    /// The namespace itself.
    pub fn open(&self) -> Result<File> {
        let path = format!("/proc/{}/ns/net", self.pid());
        File::open(&path).with_context(|| format!("open {path}"))
    }
}

/// The host that port12 watches, and a stranger.
pub struct Lab {
    pub host: Namespace,
    pub stranger: Namespace,
}

impl Lab {
    pub fn build() -> Result<Self> {
        let lab = Self { host: Namespace::new()?, stranger: Namespace::new()? };
        let stranger = lab.stranger.pid().to_string();
        lab.ip(
            &lab.host,
            &format!(
                "link add {WATCHED} mtu {MTU} type veth peer {OUTSIDE} mtu {MTU} netns {stranger}"
            ),
        )?;
        for (namespace, name, v4, v6) in
            [(&lab.host, WATCHED, HOST, HOST_V6), (&lab.stranger, OUTSIDE, STRANGER, STRANGER_V6)]
        {
            lab.ip(namespace, &format!("address add {v4}/24 dev {name}"))?;
            lab.ip(namespace, &format!("address add {v6}/64 dev {name} nodad"))?;
            lab.ip(namespace, &format!("link set {name} up"))?;
        }
        Ok(lab)
    }

    fn ip(&self, namespace: &Namespace, arguments: &str) -> Result<()> {
        let mut ip = namespace.command("ip");
        ip.args(arguments.split_whitespace());
        process::succeed(ip).map(drop)
    }
}
