//! Floods, rotation, and readers that do not read.

use std::{
    fs::{self, File},
    os::unix::net::UnixListener,
    process::Stdio,
    sync::atomic::AtomicBool,
};

use tempfile::tempdir;

use super::kept::{PROBE, SCAN, records, with};
use crate::support::{
    Bpffs, Pair, Port12,
    addresses::{BOTH, FAR, NEAR},
    flood::Flood,
    frame::syn,
    lab, until,
};

/// `told`, `suppressed`, `lost`, added up.
fn due(report: &crate::support::Report) -> u64 {
    let events = &report.interface("w0")["events"];
    ["emitted", "rate_limited", "lost"].iter().map(|key| events[key].as_u64().unwrap()).sum()
}

#[test]
fn a_scanner_in_a_flood_is_told_and_what_is_not_told_adds_up() {
    lab(|| {
        const FLOOD: u32 = 300_000;
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let eve = directory.path().join("eve.json");
        let command = format!("-i w0 --mode drop --sink eve:{}", eve.display());
        let mut port12 = Port12::start(&pair.near, &command);
        let cable = pair.far_raw();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let poured = scope.spawn(|| Flood::new(BOTH[0]).pour(&cable, FLOOD, &stop));
            let nmap = format!("nmap -Pn -n -sS -T4 -p 1-1023 {NEAR}");
            pair.far.sh(&nmap);
            assert_eq!(poured.join().unwrap(), FLOOD);
        });
        let all =
            |report: &crate::support::Report| report.outcome("dropped") >= u64::from(FLOOD) + 284;
        port12.wait_for("the flood", all);
        let totals = port12.stop();
        // Each of the flood's sources came once.
        assert!(due(&totals) >= u64::from(FLOOD) + 200, "{}", totals.0);
        assert!(due(&totals) <= totals.outcome("dropped"), "{}", totals.0);
        let events = &totals.interface("w0")["events"];
        let kept = records(&eve);
        let sink = &totals.0["alerts"]["sinks"][0];
        assert_eq!(sink["lost"], 0, "{sink}");
        assert_eq!(events["emitted"].as_u64().unwrap(), with(&kept, PROBE).len() as u64);
        assert!(events["rate_limited"].as_u64().unwrap() > u64::from(FLOOD) / 2, "{events}");
        let alerts = with(&kept, SCAN);
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert_eq!(alerts[0]["src_ip"], FAR.to_string());
    });
}

#[test]
fn forged_sources_that_come_more_than_once_silence_no_scanner() {
    lab(|| {
        for ports in [&[12, 14][..], &[12, 14, 16, 26]] {
            let pair = Pair::new();
            let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
            let cable = pair.far_raw();
            let stop = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let flood = Flood::at(BOTH[0], ports);
                let poured = scope.spawn(|| flood.pour(&cable, u32::MAX, &stop));
                // The budgets are spent before the scan begins.
                std::thread::sleep(std::time::Duration::from_secs(2));
                pair.far.sh(&format!("nmap -Pn -n -sS -T4 -p 1-1023 {NEAR}"));
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
                poured.join().unwrap();
            });
            let totals = port12.stop();
            assert_eq!(totals.0["alerts"]["emitted"], 1, "{ports:?}: {}", totals.0["alerts"]);
        }
    });
}

#[test]
fn a_file_that_was_moved_is_opened_anew_at_sighup() {
    lab(|| {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let [eve, old] = ["eve.json", "eve.json.1"].map(|name| directory.path().join(name));
        let command = format!("-i w0 --sink eve:{}", eve.display());
        let mut port12 = Port12::start(&pair.near, &command);
        let cable = pair.far_raw();
        cable.send(&syn(BOTH[0], 12));
        until("the first event", || (!records(&eve).is_empty()).then_some(()));
        fs::rename(&eve, &old).unwrap();
        cable.send(&syn(BOTH[0], 14));
        until("the second event", || (records(&old).len() == 2).then_some(()));
        port12.signal(libc::SIGHUP);
        port12.wait_until_said("reloaded");
        cable.send(&syn(BOTH[0], 16));
        until("the third event", || (eve.exists() && records(&eve).len() == 1).then_some(()));
        port12.stop();
        let ports = |path| -> Vec<u64> {
            records(path).iter().map(|record| record["dest_port"].as_u64().unwrap()).collect()
        };
        assert_eq!((ports(&old), ports(&eve)), (vec![12, 14], vec![16]));
    });
}

#[test]
fn a_sink_that_takes_nothing_holds_up_neither_the_others_nor_the_end() {
    lab(|| {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let [eve, socket] = ["eve.json", "stalled.sock"].map(|name| directory.path().join(name));
        // It listens, and never accepts.
        let _listener = UnixListener::bind(&socket).unwrap();
        // And one that nobody reads.
        let pipe = directory.path().join("pipe");
        pair.near.sh(&format!("mkfifo -m 600 {}", pipe.display()));
        let command = format!(
            "-i w0 --sink eve:{} --sink human/events:unix:{} --sink human/events:{}",
            eve.display(),
            socket.display(),
            pipe.display()
        );
        let mut port12 = Port12::start(&pair.near, &command);
        pair.far.sh(&format!("nmap -Pn -n -sS -T4 -p 1-1023 {NEAR}"));
        port12.wait_for("the scan", |report| report.probed("tcp").len() == 284);
        let totals = port12.stop();
        let told = totals.interface("w0")["events"]["emitted"].as_u64().unwrap();
        let sinks = totals.0["alerts"]["sinks"].as_array().unwrap();
        let kept = records(&eve);
        assert_eq!(with(&kept, PROBE).len() as u64, told);
        assert_eq!(sinks[0]["lost"], 0, "{sinks:?}");
        assert!(sinks[2]["written"] == 0, "{sinks:?}");
    });
}

#[test]
fn a_sink_that_cannot_be_opened_is_an_error_and_nothing_is_attached() {
    lab(|| {
        let pair = Pair::new();
        for (sink, said) in [
            ("eve:/nowhere/at/all/eve.json", "/nowhere/at/all"),
            ("mail:root", "eve"),
            ("pcapng/alerts:/tmp/x", "an alert is no frame"),
        ] {
            let output = Port12::run(&pair.near, &format!("-i w0 --sink {sink}"));
            assert!(!output.status.success(), "{sink}");
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(text.contains(said) && text.lines().count() == 1, "{text}");
            assert!(!pair.near.sh("ip link show w0").contains("xdp"));
        }
    });
}

#[test]
fn what_happened_without_a_daemon_is_told_by_the_next_one() {
    lab(|| {
        let (pair, bpffs, directory) = (Pair::new(), Bpffs::new(), tempdir().unwrap());
        let eve = directory.path().join("eve.json");
        bpffs.ok(&pair.near, "attach -i w0");
        let cable = pair.far_raw();
        for port in [12, 14, 16] {
            cable.send(&syn(BOTH[0], port));
        }
        until("the probes", || {
            let stats = bpffs.ok(&pair.near, "stats --output json");
            let report = crate::support::Report::parse(stats.trim());
            (report.outcome("probe") == 3 && due(&report) == 3).then_some(())
        });
        let port12 = bpffs.run(&pair.near, &format!("-i w0 --pin --sink eve:{}", eve.display()));
        until("the events", || (records(&eve).len() == 3).then_some(()));
        port12.stop();
        let listed = bpffs.ok(&pair.near, &format!("events --file {}", eve.display()));
        assert_eq!(listed.lines().count(), 3, "{listed}");
        assert!(listed.contains(&format!("{FAR}:40000 -> {NEAR}:12")), "{listed}");
        let one = format!("events --file {} --port 14 --output json", eve.display());
        let listed = bpffs.ok(&pair.near, &one);
        let record: serde_json::Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(record["dest_port"], 14);
        bpffs.ok(&pair.near, "detach");
    });
}

#[test]
fn a_reload_changes_the_sinks_with_the_policy_or_nothing() {
    lab(|| {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let [policy, one, other] =
            ["port12.toml", "one.json", "other.json"].map(|name| directory.path().join(name));
        let write = |mode: &str, sinks: &[&std::path::Path]| {
            let sinks: Vec<_> =
                sinks.iter().map(|path| format!("eve:{}", path.display())).collect();
            fs::write(&policy, format!("mode = \"{mode}\"\nsinks = {sinks:?}\n")).unwrap();
        };
        write("monitor", &[&one]);
        let command = format!("-i w0 --config {}", policy.display());
        let mut port12 = Port12::start(&pair.near, &command);
        let cable = pair.far_raw();
        write("drop", &[&one, &directory.path().join("nowhere/eve.json")]);
        port12.signal(libc::SIGHUP);
        let said = port12.wait_until_said("the policy in force stays");
        assert!(said.contains("nowhere does not exist; create it"), "{said}");
        cable.send(&syn(BOTH[0], 12));
        until("the first event", || (records(&one).len() == 1).then_some(()));
        assert_eq!(records(&one)[0]["alert"]["action"], "allowed");
        write("drop", &[&one, &other]);
        port12.signal(libc::SIGHUP);
        port12.wait_until_said("reloaded");
        cable.send(&syn(BOTH[0], 14));
        until("the second event", || {
            (records(&one).len() == 2 && records(&other).len() == 1).then_some(())
        });
        assert_eq!(records(&other)[0]["alert"]["action"], "blocked");
        write("drop", &[&other]);
        port12.signal(libc::SIGHUP);
        port12.wait_until_said("reloaded");
        cable.send(&syn(BOTH[0], 16));
        until("the third event", || (records(&other).len() == 2).then_some(()));
        port12.stop();
        assert_eq!((records(&one).len(), records(&other).len()), (2, 2));
    });
}

#[test]
fn a_sink_whose_standard_output_is_closed_ends_the_run() {
    lab(|| {
        let pair = Pair::new();
        let port12 = env!("CARGO_BIN_EXE_port12");
        let line = format!("{port12} run -i w0 --sink human/events:- | head -1");
        let mut command = pair.near.command_with_bpffs("sh");
        let mut run = command.args(["-c", &line]).stdout(Stdio::null()).spawn().unwrap();
        let cable = pair.far_raw();
        // A first touch each time: one for `head`, and one that finds it gone.
        let mut ports = (1..1024).cycle();
        until("the run to end", || {
            cable.send(&syn(BOTH[0], ports.next().unwrap()));
            run.try_wait().unwrap()
        });
        assert!(!pair.near.sh("ip link show w0").contains("xdp"));
    });
}

#[test]
fn a_capture_that_was_cut_off_by_others_begins_anew() {
    lab(|| {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let path = directory.path().join("knocks.pcapng");
        let mut port12 =
            Port12::start(&pair.near, &format!("-i w0 --sink pcapng:{}", path.display()));
        let cable = pair.far_raw();
        let frames = || {
            let mut reader = port12::capture::open(&path).ok()?;
            let mut frames = 0;
            while reader.next_frame().is_some() {
                frames += 1;
            }
            Some(frames)
        };
        cable.send(&syn(BOTH[0], 12));
        until("the first frame", || (frames() == Some(1)).then_some(()));
        // As logrotate's `copytruncate` does.
        File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        cable.send(&syn(BOTH[0], 14));
        until("a frame after that", || (frames() == Some(1)).then_some(()));
        port12.signal(libc::SIGHUP);
        port12.wait_until_said("reloaded");
        cable.send(&syn(BOTH[0], 16));
        until("and another one", || (frames() == Some(2)).then_some(()));
        port12.stop();
    });
}
