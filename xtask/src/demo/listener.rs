//! A netcat that waits for somebody.

use std::{
    fs,
    io::Read as _,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{lab::Namespace, process::Process};

/// Listens on one port, IPv4, for one conversation.
pub struct Listener(Process);

impl Listener {
    /// Listens over TCP (`tcp`) or UDP (`udp`), with an answer for whoever comes.
    pub fn start(
        namespace: &Namespace,
        transport: &'static str,
        port: u16,
        answer: &str,
    ) -> Result<Self> {
        let mut nc = namespace.command("nc");
        nc.args(if transport == "udp" { &["-4", "-u", "-l"][..] } else { &["-4", "-N", "-l"] });
        nc.arg(port.to_string());
        nc.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(nc)?;
        process.feed(answer)?;
        let started = Instant::now();
        while !is_bound(namespace, transport, port)? {
            if started.elapsed() > Duration::from_secs(5) {
                bail!("nc does not listen on {transport}/{port}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self(process))
    }

    /// What a TCP client said, once it has gone.
    pub fn heard(mut self) -> Result<String> {
        self.0.wait(Duration::from_secs(5))?;
        let mut heard = String::new();
        let mut stdout = self.0.0.stdout.take().context("nc has no standard output")?;
        stdout.read_to_string(&mut heard)?;
        Ok(heard)
    }
}

/// Whether the namespace's table of sockets has an IPv4 one on the port.
fn is_bound(namespace: &Namespace, transport: &str, port: u16) -> Result<bool> {
    let path = format!("/proc/{}/net/{transport}", namespace.pid());
    let table = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let suffix = format!(":{port:04X}");
    let locals = table.lines().filter_map(|line| line.split_whitespace().nth(1));
    Ok(locals.into_iter().any(|local| local.ends_with(&suffix)))
}
