//! Sockets that cannot be listed are unknown, and never taken for none.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Output},
};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::{
    explain::forecast,
    listeners::{LEFT, LISTENER, whole_records},
    story::kept::with,
    support::{
        Banning, Bpffs, Pair, Port12,
        addresses::{BOTH, FAR, NEAR},
        frame::syn,
        lab,
        namespace::run,
        reaches,
        seccomp::without_socket_lists,
        sockets::wait_for_socket,
        until,
    },
    who::Running,
};

/// An established connection from the far host to a port of the near one, and its near end.
fn connected(pair: &Pair, port: u16) -> (TcpStream, TcpStream) {
    let listener = pair.near.enter(|| TcpListener::bind((NEAR, port)).unwrap());
    let far = pair.far.enter(|| TcpStream::connect((NEAR, port)).unwrap());
    (far, listener.accept().unwrap().0)
}

/// A port12 command that can list no sockets, run to its end.
fn blind(bpffs: &Bpffs, pair: &Pair, args: &str) -> Output {
    without_socket_lists(&mut bpffs.command(&pair.near, args)).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn drop_mode_that_can_list_no_sockets_loses_no_listener_and_drops_the_rest() {
    lab(|| {
        let pair = Pair::new();
        let mut command = Port12::command(&pair.near, "-i w0 --mode drop");
        without_socket_lists(&mut command);
        let mut port12 = Port12::launch(command);
        let line = port12.wait_until_said("listeners that appear or close are not reported");
        assert!(line.contains("tcp, udp"), "{line}");
        assert!(line.contains("the program looks TCP sockets up by itself"), "{line}");
        assert!(line.contains("bans no source with scope \"all\""), "{line}");
        // Each SYN follows its `listen` at once.
        for port in [12, 14, 81, 113, 783, 1023].into_iter().cycle().take(60) {
            let (mut far, mut near) = connected(&pair, port);
            far.write_all(b"?").unwrap();
            near.read_exact(&mut [0; 1]).unwrap();
            // No port is to stay in TIME_WAIT.
            socket2::SockRef::from(&near).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
        assert_eq!(port12.report().outcome("dropped"), 0);
        // If binds are heard of by now, a port passes for two seconds after its last bind.
        let far = pair.far_raw();
        port12.wait_for("a drop", |report| {
            far.send(&syn(BOTH[0], 12));
            report.port("tcp", 12, "dropped") > 0
        });
        port12.stop();
    });
}

#[test]
fn a_connection_outlives_bans_that_cannot_know_of_it() {
    lab(|| {
        let host = Banning::new("after = 5\nscope = \"all\"");
        let (pair, bpffs) = (&host.pair, &host.bpffs);
        let (mut far, mut near) = connected(pair, 22);
        let mut command = host.command("");
        let mut port12 = Port12::launch({
            without_socket_lists(&mut command);
            command
        });
        port12.wait_until_said("bans no source with scope \"all\"");
        let refused = blind(bpffs, pair, &format!("ban --scope all {FAR}"));
        assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
        assert!(said(&refused).contains("could not be listed"), "{}", said(&refused));
        let forced = blind(bpffs, pair, &format!("ban --scope all --force {FAR}"));
        assert_eq!(forced.status.code(), Some(3), "{}", said(&forced));
        for _ in 0..20 {
            pair.far_raw().send(&syn(BOTH[0], 12));
        }
        port12.wait_for("the probes", |report| {
            report.outcome("probe") + report.outcome("banned") >= 20
        });
        assert!(host.bans().iter().all(|ban| ban["scope"] != "all"), "{:?}", host.bans());
        far.write_all(b"?").unwrap();
        near.read_exact(&mut [0; 1]).unwrap();
        let ban = blind(bpffs, pair, &format!("ban {FAR}"));
        assert_eq!(ban.status.code(), Some(0), "{}", said(&ban));
        far.write_all(b"?").unwrap();
        near.read_exact(&mut [0; 1]).unwrap();
        port12.stop();
    });
}

#[test]
fn who_fails_and_explain_knows_nothing_where_sockets_cannot_be_listed() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let _nc = Running::start(pair.near.command("nc").args(["-k", "-l", "-p", "12"]));
        wait_for_socket(&pair.near, "tcp", 12);
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        for args in ["who 12", "who 12/tcp", "who"] {
            let who = blind(&bpffs, &pair, args);
            assert_eq!(who.status.code(), Some(2), "{args}: {}", said(&who));
            let table = String::from_utf8_lossy(&who.stdout);
            assert!(table.contains("not seen: tcp sockets: "), "{table}");
            assert!(!table.contains("no socket"), "{table}");
            let json = blind(&bpffs, &pair, &format!("{args} --output json"));
            assert_eq!(json.status.code(), Some(2), "{args}: {}", said(&json));
            let document: Value = serde_json::from_slice(&json.stdout).unwrap();
            assert_eq!(document["unlisted_transports"][0], "tcp", "{document}");
        }
        // The kernel has no SCTP, so that no socket can be there, listed or not.
        let absent = blind(&bpffs, &pair, "who 12/sctp");
        let protocols = std::fs::read_to_string("/proc/net/protocols").unwrap();
        let code = if protocols.contains("SCTP") { 2 } else { 1 };
        assert_eq!(absent.status.code(), Some(code), "{}", said(&absent));
        // What the program was given at its start holds for two seconds.
        until("the look-ups", || {
            (bpffs.status(&pair.near, "w0")["sockets_fresh"] == false).then_some(())
        });
        let explained = blind(&bpffs, &pair, "explain 14 --output json");
        let story: Value = serde_json::from_slice(&explained.stdout).unwrap();
        let foretold = |place: &Value| {
            let foretold = forecast(place, "tcp");
            (foretold["outcome"].clone(), foretold["verdict"].clone())
        };
        assert_eq!(foretold(&story["interfaces"][0]), (json!("unknown"), json!("unknown")));
        // `run` would watch in monitor mode.
        assert_eq!(foretold(&story["configured"]), (json!("unknown"), json!("pass")));
        // The program itself knows.
        assert!(reaches(&pair.far_raw(), 12));
    });
}

/// The process runs out of descriptors while it watches.
#[test]
fn a_listener_is_not_reported_as_closed_because_a_listing_failed() {
    lab(|| {
        let pair = Pair::new();
        let directory = tempdir().unwrap();
        let eve = directory.path().join("eve.json");
        let nc = Running::start(pair.near.command("nc").args(["-k", "-l", "-p", "12"]));
        wait_for_socket(&pair.near, "tcp", 12);
        let args = format!("-i w0 --mode drop --sink eve:{}", eve.display());
        let mut port12 = Port12::start(&pair.near, &args);
        let records = |signature| with(&whole_records(&eve), signature).len();
        until("the listener", || (records(LISTENER) == 1).then_some(()));
        let process = format!("--pid={}", port12.id());
        let limit = |number: &str| {
            run(Command::new("prlimit").arg(&process).arg(format!("--nofile={number}:")));
        };
        limit("3");
        let line = port12.wait_until_said("listeners that appear or close are not reported");
        assert!(line.contains("Too many open files"), "{line}");
        let before = port12.report().outcome("local_socket");
        for number in 1..=8 {
            assert!(reaches(&pair.far_raw(), 12), "{number}");
        }
        port12.wait_for("the SYNs", |report| report.outcome("local_socket") >= before + 8);
        limit("1024");
        port12.wait_until_said("sockets of all transports can be listed again");
        drop(nc);
        // The one report is of the listener that has closed by now.
        until("the end of the listener", || (records(LEFT) == 1).then_some(()));
        assert_eq!((records(LISTENER), records(LEFT)), (1, 1));
        port12.stop();
    });
}
