//! Listeners that come and go while port12 watches, and knocks that reach them.

mod users;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::{
    story::kept::{records, with},
    support::{Namespace, Pair, Port12, addresses::NEAR, lab, sockets::wait_for_socket, until},
    who::{Running, who},
};

/// Signatures.
pub const LISTENER: u64 = 1_012_004;
pub const LEFT: u64 = 1_012_005;
pub const REACHED: u64 = 1_012_006;

/// A watched host whose sinks are files.
struct Watched {
    pair: Pair,
    port12: Port12,
    directory: TempDir,
}

impl Watched {
    /// Returns when it has looked at the sockets that are there.
    fn start(pair: Pair, policy: &str) -> Self {
        let directory = tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("port12.toml"), policy).unwrap();
        let args = format!(
            "-i w0 --config {} --sink eve:{} --sink human:{}",
            at("port12.toml").display(),
            at("eve.json").display(),
            at("human.log").display()
        );
        let mut port12 = Port12::start(&pair.near, &args);
        // The sockets are looked at first, and the reports come after a while.
        port12.report();
        Self { pair, port12, directory }
    }

    fn eve(&self) -> PathBuf {
        self.directory.path().join("eve.json")
    }

    /// Waits for a record with a signature of a port.
    fn wait_for(&self, signature: u64, port: u16) -> Value {
        until(&format!("{signature} of port {port}"), || {
            let all = whole_records(&self.eve());
            let of =
                |it: &Value| it["alert"]["signature_id"] == signature && it["dest_port"] == port;
            all.into_iter().find(of)
        })
    }

    fn wait_for_records(&self, signature: u64, most: usize) {
        until("records", || (self.count(signature) >= most).then_some(()));
    }

    fn count(&self, signature: u64) -> usize {
        with(&whole_records(&self.eve()), signature).len()
    }
}

/// The records that are written whole by now.
pub fn whole_records(eve: &Path) -> Vec<Value> {
    let text = fs::read_to_string(eve).unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn nc(near: &Namespace, port: u16) -> Running {
    let port = port.to_string();
    let nc = Running::start(near.command("nc").args(["-k", "-l", "-p", &port]));
    wait_for_socket(near, "tcp", port.parse().unwrap());
    nc
}

/// The facts of a listener's record.
fn own(record: &Value) -> &Value {
    &record["alert"]["context"]["port12"]
}

#[test]
fn a_listener_that_appears_or_leaves_is_told_within_a_second_with_its_process() {
    lab(|| {
        let watched = Watched::start(Pair::new(), "");
        let nc = nc(&watched.pair.near, 12);
        let there = SystemTime::now();
        let pid = nc.id();
        let record = watched.wait_for(LISTENER, 12);
        let time = record["timestamp"].as_str().unwrap().replace("+0000", "Z");
        let time = humantime::parse_rfc3339(&time).unwrap();
        let late = time.duration_since(there).unwrap_or_default();
        assert!(late < Duration::from_secs(1), "{late:?}");
        assert_eq!((&record["dest_ip"], &record["proto"]), (&"0.0.0.0".into(), &"TCP".into()));
        assert!(record.get("src_ip").is_none());
        assert_eq!(record["alert"]["severity"], 2);
        assert_eq!(own(&record)["listener"], "appeared");
        let process = &own(&record)["processes"][0];
        assert_eq!((&process["pid"], &process["name"]), (&pid.into(), &"nc".into()));
        assert_eq!(process["command"], "nc -k -l -p 12");
        assert_eq!(process["exe_on_disk"], "intact");
        drop(nc);
        let gone = watched.wait_for(LEFT, 12);
        assert_eq!(own(&gone)["processes"], own(&record)["processes"]);
        assert_eq!(gone["alert"]["severity"], 4);
        // Each sink has a thread of its own.
        let lines = until("both lines", || {
            let lines = fs::read_to_string(watched.directory.path().join("human.log")).unwrap();
            (lines.lines().count() == 2).then_some(lines)
        });
        let process = format!("listener: process {pid} (nc), user id 0, runs ");
        for said in ["Z tcp/12 of 0.0.0.0 has a ", "Z tcp/12 of 0.0.0.0 has lost its "] {
            assert_eq!(lines.matches(&format!("{said}{process}")).count(), 1, "{lines}");
        }
        let eve = watched.eve();
        watched.port12.stop();
        assert_eq!(records(&eve).len(), 2);
        let events = |more: &str| Port12::events(&watched.pair.near, &eve, more);
        let (all, of_a_source) = (events("--port 12"), events("--source 192.0.2.1"));
        assert!(all.contains("  TCP   - -> 0.0.0.0:12  allowed  PORT12 listener on"), "{all}");
        assert_eq!((all.lines().count(), of_a_source.lines().count()), (2, 0), "{all}");
    });
}

#[test]
fn one_that_was_there_is_told_once_and_one_that_is_expected_is_not() {
    lab(|| {
        let pair = Pair::new();
        let before = nc(&pair.near, 12);
        let _expected = nc(&pair.near, 14);
        let policy = "[[port]]\nports = [\"14/tcp\", \"16/tcp\"]\nexpected = true\n";
        let watched = Watched::start(pair, policy);
        let record = watched.wait_for(LISTENER, 12);
        assert_eq!(own(&record)["listener"], "was_there");
        assert_eq!(own(&record)["processes"][0]["pid"], before.id());
        let _expected_too = nc(&watched.pair.near, 16);
        let _last = nc(&watched.pair.near, 81);
        assert_eq!(own(&watched.wait_for(LISTENER, 81))["listener"], "appeared");
        watched.pair.far.sh(&format!("timeout 20 nc -z -w 5 {NEAR} 14"));
        // Another policy: what is there on port 14 was there before.
        fs::write(watched.directory.path().join("port12.toml"), "").unwrap();
        watched.port12.signal(libc::SIGHUP);
        assert_eq!(own(&watched.wait_for(LISTENER, 14))["listener"], "was_there");
        let eve = watched.eve();
        watched.port12.stop();
        let records = records(&eve);
        // Port 16 came with the reload, too.
        assert_eq!((records.len(), with(&records, LISTENER).len()), (4, 4), "{records:?}");
    });
}

#[test]
fn a_knock_that_reaches_a_listener_names_the_process_once_for_many() {
    lab(|| {
        let watched = Watched::start(Pair::new(), "");
        let nc = nc(&watched.pair.near, 12);
        watched.wait_for(LISTENER, 12);
        let knock = || watched.pair.far.sh(&format!("timeout 20 nc -z -w 5 {NEAR} 12"));
        knock();
        let record = watched.wait_for(REACHED, 12);
        assert_eq!(record["alert"]["severity"], 1);
        assert_eq!((&record["in_iface"], &own(&record)["packets"]), (&"w0".into(), &1.into()));
        assert_eq!(own(&record)["processes"][0]["pid"], nc.id());
        for _ in 0..5 {
            knock();
        }
        let lines = fs::read_to_string(watched.directory.path().join("human.log")).unwrap();
        let process = format!("from whom is not known: process {} (nc), ", nc.id());
        assert!(lines.contains("w0 tcp/12: 1 conversation start reached a listener, "), "{lines}");
        assert!(lines.contains(&process), "{lines}");
        assert_eq!(watched.count(REACHED), 1);
        let eve = watched.eve();
        let totals = watched.port12.stop();
        // What was held back is told at the end.
        let records = records(&eve);
        let reached = with(&records, REACHED);
        let packets: Vec<_> =
            reached.iter().map(|it| own(it)["packets"].as_u64().unwrap()).collect();
        assert_eq!(packets, [1, 5]);
        assert_eq!(totals.0["alerts"]["emitted"], 3);
    });
}

/// The kernel program counts such a knock as `local_socket`, and it is answered with a reset.
#[test]
fn a_knock_at_a_port_that_loopback_alone_has_reached_nobody() {
    lab(|| {
        let watched = Watched::start(Pair::new(), "");
        let near = &watched.pair.near;
        let _loopback =
            Running::start(near.command("nc").args("-k -l -s 127.0.0.1 -p 783".split(' ')));
        watched.wait_for(LISTENER, 783);
        let _nc = nc(near, 12);
        watched.wait_for(LISTENER, 12);
        watched.pair.far.sh(&format!("! timeout 20 nc -z -w 5 {NEAR} 783"));
        watched.pair.far.sh(&format!("timeout 20 nc -z -w 5 {NEAR} 12"));
        watched.wait_for(REACHED, 12);
        let eve = watched.eve();
        watched.port12.stop();
        assert_eq!(with(&records(&eve), REACHED).len(), 1);
    });
}

/// nc listens once: it has closed its listener before anybody could look who was reached.
#[test]
fn a_listener_that_closes_at_the_first_knock_is_named_all_the_same() {
    lab(|| {
        let watched = Watched::start(Pair::new(), "");
        let python = Running::python(
            &watched.pair.near,
            "
import socket, time
one = socket.socket()
one.bind(('0.0.0.0', 12)); one.listen()
print('ready', flush=True)
taken = one.accept()
one.close()
time.sleep(60)
",
        );
        watched.wait_for(LISTENER, 12);
        watched.pair.far.sh(&format!("timeout 20 nc -z -w 5 {NEAR} 12"));
        let record = watched.wait_for(REACHED, 12);
        assert_eq!(own(&record)["processes"][0]["pid"], python.id());
        assert_eq!(record["alert"]["severity"], 1);
        watched.wait_for(LEFT, 12);
    });
}

/// VXLAN's socket is the kernel's. In a container, where not everybody can be looked into, that cannot be
/// known, and it counts as somebody's.
#[test]
fn the_kernels_own_socket_is_of_low_severity() {
    lab(|| {
        let watched = Watched::start(Pair::new(), "");
        let near = &watched.pair.near;
        let made =
            near.command("ip").args("link add v0 type vxlan id 7 dstport 14".split(' ')).status();
        if !made.unwrap().success() {
            return eprintln!("not run: this kernel has no VXLAN");
        }
        near.sh("ip link set v0 up");
        let sees_all = who(near, "")["limits"].as_array().unwrap().is_empty();
        let (owner, severities) = if sees_all { ("none", [3, 3]) } else { ("unseen", [2, 1]) };
        let record = watched.wait_for(LISTENER, 14);
        assert_eq!((&own(&record)["owner"], &record["proto"]), (&owner.into(), &"UDP".into()));
        assert_eq!(record["alert"]["severity"], severities[0], "{record}");
        watched.pair.far.sh(&format!("echo knock | timeout 20 nc -u -w 1 {NEAR} 14"));
        let reached = watched.wait_for(REACHED, 14);
        assert_eq!(reached["alert"]["severity"], severities[1], "{reached}");
    });
}

const THREE_HUNDRED: &str = "
import socket, time
kept = []
for port in range(781, 799):
    for last in range(1, 21):
        one = socket.socket()
        one.bind((f'127.0.0.{last}', port))
        kept.append(one)
for one in kept[:300]:
    one.listen()
print('ready', flush=True)
time.sleep(60)
";

#[test]
fn three_hundred_listeners_at_once_are_no_flood_and_all_are_counted() {
    lab(|| {
        let watched = Watched::start(Pair::new(), "");
        let python = Running::python(&watched.pair.near, THREE_HUNDRED);
        until("as many alerts as there are at once", || {
            (watched.count(LISTENER) >= 60).then_some(())
        });
        drop(python);
        until("the end of those", || {
            let told = watched.count(LISTENER);
            (watched.count(LEFT) == told).then_some(())
        });
        let eve = watched.eve();
        let totals = watched.port12.stop();
        let records = records(&eve);
        let told = with(&records, LISTENER).len() as u64;
        assert!((60..90).contains(&told), "{told}");
        assert_eq!(totals.0["alerts"]["rate_limited"].as_u64().unwrap() + told, 300);
    });
}

#[test]
fn without_a_sink_listeners_are_told_to_whoever_runs_it() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0");
        port12.report();
        let udp = Running::python(
            &pair.near,
            "
import socket, time
one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
one.bind(('::', 14))
print('ready', flush=True)
time.sleep(60)
",
        );
        let line = port12.wait_until_said("has a listener: ");
        let process = format!("udp/14 of * has a listener: process {} (python3), ", udp.id());
        assert!(line.contains(&process), "{line}");
        port12.stop();
    });
}
