//! The event log: `port12 events` without any sink.

mod disk;
mod follow;
mod hostile;

use std::{collections::BTreeSet, fs, path::Path, sync::atomic::AtomicBool};

use jsonschema::Validator;
use serde_json::Value;

use crate::support::{
    Banning, Bpffs, Namespace, Pair,
    addresses::{BOTH, FAR, NEAR},
    flood::Flood,
    frame::syn,
    lab, until,
};

/// Records that a ring holds.
const RECORDS: usize = 4096;

/// Records of a kind in the event log.
fn kept(bpffs: &Bpffs, near: &Namespace, kind: &str) -> Vec<Value> {
    let text = bpffs.ok(near, &format!("events --limit 0 --output json --kind {kind}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until the event log has a number of records of a kind.
fn wait_for(bpffs: &Bpffs, near: &Namespace, kind: &str, count: usize) -> Vec<Value> {
    until(&format!("{count} records of {kind}"), || {
        Some(kept(bpffs, near, kind)).filter(|it| it.len() >= count)
    })
}

/// Ports of probes.
fn ports(records: &[Value]) -> Vec<u64> {
    records.iter().map(|it| it["dest_port"].as_u64().unwrap()).collect()
}

fn schema() -> Validator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/eve.schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn events_shows_probes_a_scan_a_ban_a_mode_and_an_interface_without_a_sink() {
    lab(|| {
        let host = Banning::new("after = 200\nfor = \"1h\"");
        let (near, bpffs) = (&host.pair.near, &host.bpffs);
        near.sh("ip link add gone0 type veth peer name gone1 && ip link set gone0 up");
        let mut run = host.run("-i w0 -i gone0 --mode drop --confirm 1h");
        bpffs.ok(near, "confirm");
        near.sh("ip link del gone0");
        run.wait_until_said("gone0: the interface has vanished");
        host.pair.far.sh(&format!("nmap -r -Pn -n -sS -T4 --max-retries 0 -p 1-1023 {NEAR}"));
        run.wait_until_said(&format!("{FAR} is banned"));
        wait_for(bpffs, near, "ban", 1);
        // A line says so while records wait for the disk.
        let events = || bpffs.output(near, "events");
        until("the last record", || Some(events()).filter(|it| it.stderr.is_empty()));
        let log = run.report().0["alerts"]["event_log"].clone();
        assert_eq!(log["directory"], bpffs.kept().join("events").display().to_string());
        assert_eq!((&log["lost"], &log["superseded"]), (&0.into(), &0.into()));
        let totals = run.stop();
        let log = &totals.0["alerts"]["event_log"];
        assert_eq!((&log["lost"], &log["waiting"]), (&0.into(), &0.into()), "{log}");
        // All of it outlives the run.
        let probes = kept(bpffs, near, "probe");
        assert_eq!(totals.interface("w0")["events"]["emitted"], probes.len());
        let [scan] = &kept(bpffs, near, "scan")[..] else { panic!("one scan") };
        let changes: BTreeSet<_> = kept(bpffs, near, "mode")
            .iter()
            .map(|it| it["alert"]["metadata"]["port12_mode"][0].as_str().unwrap().to_owned())
            .collect();
        assert!(["armed", "confirmed"].iter().all(|it| changes.contains(*it)), "{changes:?}");
        let [gone] = &kept(bpffs, near, "interface")[..] else { panic!("one interface") };
        assert_eq!(gone["in_iface"], "gone0");
        let output = bpffs.output(near, "events --limit 0");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("`port12 run` is not running") && said.lines().count() == 1,
            "{said}"
        );
        let listed = String::from_utf8(output.stdout).unwrap();
        let times: Vec<&str> = listed.lines().map(|line| &line[..26]).collect();
        assert!(times.is_sorted(), "{listed}");
        let counts = &scan["alert"]["context"]["port12"];
        for part in [
            format!("PORT12 source banned  ban=made  banned={FAR}"),
            format!("scan=syn  port_count={}", counts["port_count"]),
            "gone0  PORT12 interface gone  change=gone".to_owned(),
            "PORT12 drop mode confirmed".to_owned(),
        ] {
            assert!(listed.contains(&part), "{part}: {listed}");
        }
        // A ban and a scan are found by their source, and a scan by each of its ports.
        let of_source = bpffs.ok(near, &format!("events --limit 0 --source {FAR}"));
        let lines = of_source.lines().count();
        assert_eq!(lines, probes.len() + 2, "{of_source}");
        let of_port = bpffs.ok(near, "events --port 12");
        assert!(of_port.contains(" scan=syn "), "{of_port}");
        assert_eq!(bpffs.ok(near, "events --limit 3").lines().count(), 3);
        let schema = schema();
        for line in bpffs.ok(near, "events --limit 0 --output json").lines() {
            let record = serde_json::from_str(line).unwrap();
            if let Err(error) = schema.validate(&record) {
                panic!("{error}: {line}");
            }
            let identity = &record["alert"]["context"]["record"];
            assert!(identity["record_id"].is_string() && identity["policy"].is_string(), "{line}");
        }
    });
}

#[test]
fn a_flood_of_probes_replaces_no_ban_and_fills_no_disk() {
    lab(|| {
        const FLOOD: u32 = 400_000;
        let host = Banning::new("after = 20\nfor = \"1h\"");
        let (near, bpffs) = (&host.pair.near, &host.bpffs);
        let mut run = host.run("-i w0");
        let far = host.pair.far_raw();
        (0..25).for_each(|_| far.send(&syn(BOTH[0], 12)));
        run.wait_until_said("is banned for 1h");
        let stop = AtomicBool::new(false);
        // Each source touches eight ports: more than a newcomer's budget.
        let flood = Flood::at(BOTH[0], &[12, 14, 16, 26, 32, 34, 36, 40, 60, 81, 85, 87]);
        flood.pour(&far, FLOOD, &stop);
        run.wait_for("the flood", |it| {
            it.interface("w0")["frames"]["packets"].as_u64() >= Some(u64::from(FLOOD))
        });
        let totals = run.stop();
        let emitted = totals.interface("w0")["events"]["emitted"].as_u64().unwrap();
        assert!(emitted > RECORDS as u64, "the flood is too small: {emitted}");
        let log = &totals.0["alerts"]["event_log"];
        assert_eq!(log["lost"], 0, "{log}");
        assert_eq!(kept(bpffs, near, "ban").len(), 1);
        assert_eq!(kept(bpffs, near, "probe").len(), RECORDS);
        let files = fs::read_dir(bpffs.kept().join("events")).unwrap();
        let bytes: u64 = files.map(|it| it.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes < 16 << 20, "{bytes}");
    });
}

#[test]
fn nothing_there_is_said_with_what_to_do() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let said = bpffs.fails(&pair.near, "events", 1);
        assert!(said.contains(&bpffs.kept().display().to_string()), "{said}");
        assert!(said.contains("--state-dir") && said.contains("--file"), "{said}");
        assert!(!bpffs.kept().exists(), "a reader creates nothing");
        let run = bpffs.run(&pair.near, "-i w0");
        let output = until("an empty log", || {
            Some(bpffs.output(&pair.near, "events")).filter(|it| it.status.success())
        });
        assert_eq!(output.stderr, b"port12: no such events were recorded\n");
        run.stop();
    });
}

#[test]
fn a_run_that_can_keep_no_events_is_named_and_those_of_another_are_not_shown() {
    lab(|| {
        let (pair, [first, second]) = (Pair::new(), [Bpffs::new(), Bpffs::new()]);
        pair.near.sh("ip link add v0 type veth peer name v1");
        let run = first.run(&pair.near, "-i w0");
        // It owns no state directory, and has a file in the place of its runtime directory's.
        second.make_pins();
        let id = port12::kernel::pin::id(&second.pins()).unwrap();
        fs::create_dir(second.runtime()).unwrap();
        let mut command = second.run_command(&pair.near, "-i v0");
        command.env("PORT12_STATE_DIR", first.kept());
        fs::create_dir(second.runtime().join(&id)).unwrap();
        fs::create_dir(second.runtime().join(&id).join("lock")).unwrap();
        let mut other = crate::support::Port12::spawn(command);
        other.wait_until_said("events end with `port12 run`");
        other.wait_until_said("ports of the registry of");
        let said = until("the state of the run", || {
            let output = second.output(&pair.near, "events");
            let said = String::from_utf8(output.stderr).unwrap();
            said.contains("keeps no events").then_some(said)
        });
        assert!(said.contains(&format!("process {}", other.id())), "{said}");
        other.stop();
        run.stop();
    });
}
