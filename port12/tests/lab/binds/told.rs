//! Who is told of, however short it listens, and who is not.

use std::{
    fs,
    net::SocketAddrV4,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tempfile::{TempDir, tempdir};

use super::{HEARD, PORTS};
use crate::{
    story::kept::with,
    support::{Namespace, Port12, lab, sockets::reusing_udp, until},
    who::Running,
};

const LISTENER: u64 = 1_012_004;

/// A host that tells of listeners in a file.
struct Telling {
    near: Namespace,
    port12: Port12,
    directory: TempDir,
}

impl Telling {
    fn start() -> Self {
        let (near, directory) = (Namespace::new(), tempdir().unwrap());
        let eve = directory.path().join("eve.json");
        let args = format!("-i lo -v --sink eve:{}", eve.display());
        let mut port12 = Port12::spawn(Port12::command(&near, &args));
        port12.wait_until_said(HEARD);
        port12.report();
        Self { near, port12, directory }
    }

    fn eve(&self) -> PathBuf {
        self.directory.path().join("eve.json")
    }

    /// The records of listeners that are written whole by now.
    fn listeners(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.eve()).unwrap();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let all: Vec<Value> = whole.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        with(&all, LISTENER).into_iter().cloned().collect()
    }
}

/// A program that makes a listener for a millisecond, says which process it is, and ends.
const INSTANT: &str = "
import os, socket, sys, time
one = socket.socket()
one.bind(('0.0.0.0', int(sys.argv[1]))); one.listen()
time.sleep(0.001)
os.write(1, str(os.getpid()).encode())
os._exit(0)
";

#[test]
fn listeners_of_a_millisecond_are_told_with_their_process() {
    lab(|| {
        let host = Telling::start();
        let started: Vec<(u16, u64)> = PORTS
            .into_iter()
            .map(|port| {
                let port_text = port.to_string();
                let output = host
                    .near
                    .command("python3")
                    .args(["-c", INSTANT, &port_text])
                    .output()
                    .unwrap();
                (port, String::from_utf8(output.stdout).unwrap().parse().unwrap())
            })
            .collect();
        let told = until("all of them", || {
            let told = host.listeners();
            (told.len() == started.len()).then_some(told)
        });
        for (port, pid) in started {
            let record = told.iter().find(|record| record["dest_port"] == port).unwrap();
            let own = &record["alert"]["context"]["port12"];
            let how = own["listener"].as_str().unwrap();
            assert!(["appeared", "passed"].contains(&how), "{record}");
            assert_eq!(own["processes"][0]["pid"], pid, "{record}");
            assert_eq!(own["processes"][0]["name"], "python3", "{record}");
            assert_eq!((&record["dest_ip"], &own["uid"]), (&"0.0.0.0".into(), &0.into()));
        }
        host.port12.stop();
    });
}

/// NFS and rsh clients take reserved ports: they are bound, and then connected.
const CLIENTS: &str = "
import socket
server = socket.socket(); server.bind(('127.0.0.1', 9000)); server.listen(100)
for port in range(670, 740):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        one = socket.socket(socket.AF_INET, kind)
        one.bind(('127.0.0.1', port)); one.connect(('127.0.0.1', 9000))
        one.close()
one = socket.socket(); one.bind(('127.0.0.1', 12)); one.listen()
print('ready', flush=True)
import time; time.sleep(60)
";

#[test]
fn clients_on_reserved_ports_are_no_listeners() {
    lab(|| {
        let host = Telling::start();
        let _clients = Running::python(&host.near, CLIENTS);
        until("the one that listens", || (!host.listeners().is_empty()).then_some(()));
        let told: Vec<u64> =
            host.listeners().iter().map(|it| it["dest_port"].as_u64().unwrap()).collect();
        host.port12.stop();
        assert_eq!(told, [12]);
    });
}

#[test]
fn a_udp_service_is_told_at_once() {
    lab(|| {
        let host = Telling::start();
        let socket = host.near.enter(|| reusing_udp("127.0.0.1:12".parse().unwrap(), None));
        // Long enough for it to be looked at, and too short for a listing to be likely.
        thread::sleep(Duration::from_millis(50));
        drop(socket);
        let told = until("it", || host.listeners().pop());
        assert_eq!((&told["proto"], &told["dest_port"]), (&"UDP".into(), &12.into()));
        host.port12.stop();
    });
}

/// How often a thread of a process has gone to sleep.
fn sleeps(process: i32, thread: &str) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let read = |path: &Path, name: &str| fs::read_to_string(path.join(name)).unwrap_or_default();
    let mut paths = threads.map(|it| it.unwrap().path());
    let path = paths.find(|path| read(path, "comm").trim_end() == thread).unwrap();
    let status = read(&path, "status");
    let line = status.lines().find_map(|it| it.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

/// Each costs more than what is done with a bind on a port that nobody watches.
#[test]
fn a_flood_of_binds_on_other_ports_wakes_nobody_up_for_each() {
    lab(|| {
        let host = Telling::start();
        let before = sleeps(host.port12.id(), "lookout");
        let start = Instant::now();
        let mut binds = 0_u64;
        host.near.enter(|| {
            while start.elapsed() < Duration::from_secs(1) {
                drop(reusing_udp("127.0.0.1:53".parse().unwrap(), None));
                binds += 1;
            }
        });
        let sleeps = sleeps(host.port12.id(), "lookout") - before;
        let time = start.elapsed();
        host.port12.stop();
        assert!(
            u128::from(sleeps) < 100 + time.as_millis() * 3 / 2,
            "{sleeps} of {binds} in {time:?}"
        );
    });
}

#[test]
fn a_flood_of_binds_is_bounded_and_what_is_not_told_is_counted() {
    lab(|| {
        let host = Telling::start();
        let mut binds = 0_u64;
        host.near.enter(|| {
            let end = Instant::now() + Duration::from_secs(2);
            while Instant::now() < end {
                for port in 1..1024 {
                    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                    socket.set_reuse_address(true).unwrap();
                    let any = SocketAddrV4::new([127, 0, 0, 1].into(), port);
                    socket.bind(&any.into()).unwrap();
                    socket.listen(1).unwrap();
                    binds += 1;
                }
            }
        });
        let ticks = fs::read_to_string(format!("/proc/{}/stat", host.port12.id())).unwrap();
        let ticks = ticks.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
        let busy: u64 = ticks.map(|it| it.parse::<u64>().unwrap()).sum();
        assert!(binds > 2000, "{binds}");
        assert!(host.listeners().len() < 80, "{}", host.listeners().len());
        let ended = {
            host.port12.signal(libc::SIGINT);
            host.port12.wait()
        };
        let said = ended.said.iter().filter(|it| it.contains("bound faster than it can be told"));
        assert_eq!(said.count(), 1, "{:?}", ended.said);
        let totals = ended.totals.unwrap();
        assert!(totals.0["alerts"]["rate_limited"].as_u64().unwrap() > 0, "{}", totals.0);
        eprintln!("{binds} binds in 2 s took the daemon {busy} ticks of its start and all of them");
    });
}
