//! What this host starts, with real programs: `port12 run --egress`.

mod elsewhere;
mod life;
mod named;
mod privileges;

use std::{collections::BTreeSet, path::PathBuf, process::Command};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::{
    story::kept::records,
    support::{Namespace, Pair, Port12, Report, addresses::FAR, lab, until},
};

/// The signature of what this host starts.
const STARTED: u64 = 1_012_007;

/// Both ways onto an interface: by a link, and as a filter of clsact on a kernel that is taken for one before 6.6, which
/// tells neither the running process nor whose a socket is.
const HOOKS: [&str; 2] = ["tcx", "clsact"];

/// A watched host whose sink is a file.
struct Watched {
    pair: Pair,
    port12: Port12,
    directory: TempDir,
}

impl Watched {
    fn start(hook: &str) -> Self {
        Self::of(Pair::new(), hook, "-i w0")
    }

    fn of(pair: Pair, hook: &str, args: &str) -> Self {
        let directory = tempdir().unwrap();
        let eve = directory.path().join("eve.json");
        let args = format!("--egress --sink eve:{} {args}", eve.display());
        let mut port12 = Port12::launch(command(&pair.near, hook, &args));
        // The program is there before the first report.
        let report = port12.report();
        assert_eq!(report.0["outbound"]["interfaces"][0]["hook"], hook, "{}", report.0);
        Self { pair, port12, directory }
    }

    fn eve(&self) -> PathBuf {
        self.directory.path().join("eve.json")
    }

    /// Ends it: the totals, and the records of what the host started.
    fn stop(self) -> (Report, Vec<Value>) {
        let eve = self.eve();
        let totals = self.port12.stop();
        let mut kept = records(&eve);
        kept.retain(|record| record["alert"]["signature_id"] == STARTED);
        (totals, kept)
    }
}

/// A command that attaches in a way.
fn command(near: &Namespace, hook: &str, args: &str) -> Command {
    let mut command = Port12::command(near, args);
    if hook == "clsact" {
        command.env("PORT12_FAULT", "egress.old");
    }
    command
}

/// Transport, port and packets of what left by an interface.
fn outbound(report: &Report, interface: &str) -> BTreeSet<(String, u64, u64)> {
    let ports = report.0["outbound"]["ports"].as_array().unwrap().iter();
    let of = |port: &&Value| port["interface"] == interface;
    let fact = |port: &Value| {
        let transport = port["transport"].as_str().unwrap().to_owned();
        (transport, port["port"].as_u64().unwrap(), port["packets"].as_u64().unwrap())
    };
    ports.filter(of).map(fact).collect()
}

fn facts<const N: usize>(facts: [(&str, u64, u64); N]) -> BTreeSet<(String, u64, u64)> {
    facts.map(|(transport, port, packets)| (transport.to_owned(), port, packets)).into()
}

/// Runs Python, and says which process it was.
fn python(namespace: &Namespace, code: &str) -> u32 {
    let child = namespace.command("python3").args(["-c", code]).spawn().unwrap();
    let id = child.id();
    assert!(child.wait_with_output().unwrap().status.success(), "{code}");
    id
}

/// Python that sends a datagram to the far host.
fn datagram(port: u16) -> String {
    format!(
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('{FAR}', {port}))"
    )
}

#[test]
fn what_real_programs_start_is_counted_exactly_and_nothing_else_is() {
    for hook in HOOKS {
        lab(|| {
            let watched = Watched::start(hook);
            let near = &watched.pair.near;
            for port in [12, 14, 14, 22, 8080] {
                // They are refused.
                let _ =
                    near.command("nc").args(["-z", &FAR.to_string(), &port.to_string()]).status();
            }
            let (twelve, assigned) = (datagram(12), datagram(53));
            python(
                near,
                &format!("import socket; {twelve}; s.sendto(b'y', ('{FAR}', 12)); {assigned}"),
            );
            python(
                near,
                "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.sendto(b'x', ('fd12::2', 4))",
            );
            until("a line of `port12 events`", || {
                let listed = Port12::events(near, &watched.eve(), "--port 4");
                let said = "  UDP   - -> [fd12::2]:4  allowed  PORT12 conversation started";
                listed.contains(said).then_some(())
            });
            let (totals, records) = watched.stop();
            let expected = facts([("tcp", 12, 1), ("tcp", 14, 2), ("udp", 12, 2), ("udp", 4, 1)]);
            assert_eq!(outbound(&totals, "w0"), expected, "{}", totals.0);
            // Two processes of nc, and each has its record; a process that sends twice has one.
            // Where the kernel does not name them, two that were not seen are one.
            let least = if hook == "tcx" { 5 } else { 4 };
            assert!((least..=5).contains(&records.len()), "{records:#?}");
            for record in &records {
                assert!(record.get("src_ip").is_none());
                assert_eq!(record["alert"]["severity"], 2);
            }
        });
    }
}

#[test]
fn segments_of_a_large_datagram_count_one_by_one() {
    lab(|| {
        let watched = Watched::start("tcx");
        // UDP_SEGMENT of linux/udp.h is 103: three datagrams of 1000 bytes in one.
        python(
            &watched.pair.near,
            &format!(
                "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 103, 1000); s.sendto(b'x' * 3000, ('{FAR}', 12))"
            ),
        );
        let (totals, _) = watched.stop();
        assert_eq!(outbound(&totals, "w0"), facts([("udp", 12, 3)]), "{}", totals.0);
        assert_eq!(totals.0["outbound"]["ports"][0]["bytes"], 3 * (1000 + 8 + 20 + 14));
    });
}

#[test]
fn a_datagram_in_fragments_starts_once() {
    lab(|| {
        let watched = Watched::start("tcx");
        python(
            &watched.pair.near,
            &format!("import socket; {}", datagram(12).replace("b'x'", "b'x' * 5000")),
        );
        let (totals, _) = watched.stop();
        assert_eq!(outbound(&totals, "w0"), facts([("udp", 12, 1)]), "{}", totals.0);
    });
}
