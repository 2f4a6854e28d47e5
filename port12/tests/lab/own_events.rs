//! Events of port12 itself: bans, the mode in force, interfaces, programs and losses, in each sink.

mod causes;
mod sinks;

use std::{collections::BTreeSet, fs};

use port12::kernel::events;
use serde_json::{Value, json};

use self::sinks::Sinks;
use crate::story::kept::{PROBE, SCAN, records, with};
use crate::support::{
    Banning, Bpffs, Pair, Port12,
    addresses::{BOTH, FAR, NEAR},
    foreign,
    frame::syn,
    lab, reaches, until,
};

fn own(record: &Value) -> &Value {
    &record["alert"]["context"]["port12"]
}

fn identity(record: &Value) -> &Value {
    &record["alert"]["context"]["record"]
}

#[test]
fn a_ban_is_reported_when_it_is_made_and_when_it_expires() {
    lab(|| {
        let host = Banning::new("after = 20\nfor = \"2s\"");
        let mut sinks = Sinks::new();
        let mut run = host.run(&sinks.args());
        let far = host.pair.far_raw();
        (0..25).for_each(|_| far.send(&syn(BOTH[0], 12)));
        let said = format!("w0: {FAR} is banned for 2s");
        let made = sinks.wait(Some(&mut run), 1_012_009, &said, " BAN=made");
        assert_eq!(own(&made)["banned"], FAR.to_string());
        assert_eq!((&own(&made)["seconds"], &made["alert"]["severity"]), (&2.into(), &4.into()));
        assert!(made.get("src_ip").is_none(), "{made}");
        let said = format!("w0: the ban of {FAR} has expired");
        let expired = sinks.wait(None, 1_012_010, &said, " BAN=expired");
        assert_eq!(own(&expired)["packets"], 5, "{expired}");
        assert_eq!(identity(&expired)["alert_id"], identity(&made)["alert_id"]);
        assert_ne!(identity(&expired)["record_id"], identity(&made)["record_id"]);
        run.stop();
    });
}

#[test]
fn records_have_the_labels_of_the_policy_and_the_direction_of_packets() {
    lab(|| {
        let (pair, bpffs, sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let policy = sinks.path("port12.toml");
        let text = "interfaces = [\"w0\"]\nlabels = { site = \"fra1\", role = \"edge\" }\n\
                    networks = { internal = [\"10.12.0.0/24\"] }\n";
        fs::write(&policy, text).unwrap();
        let args = format!("--config {} {}", policy.display(), sinks.args());
        let run = bpffs.run(&pair.near, &args);
        pair.far.sh(&format!("nmap -Pn -n -sS -T4 -p 1-100 {NEAR}"));
        run.stop();
        let records = records(&sinks.path("eve.json"));
        let scan = with(&records, SCAN)[0];
        assert_eq!(scan["alert"]["severity"], 2, "{scan}");
        assert_eq!(identity(scan)["direction"], "internal");
        assert_eq!(identity(scan)["labels"], json!({ "site": "fra1", "role": "edge" }));
        let probes = with(&records, PROBE);
        let ids: BTreeSet<_> =
            probes.iter().map(|it| &identity(it)["record_id"]).map(Value::to_string).collect();
        assert_eq!(ids.len(), probes.len());
        let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        for record in &records {
            let identity = identity(record);
            assert!(identity["policy"].is_string(), "{record}");
            assert_eq!(identity.get("machine_id").is_some(), machine.trim_end().len() == 32);
            let text = record.to_string();
            assert!(machine.is_empty() || !text.contains(machine.trim_end()), "{text}");
        }
    });
}

#[test]
fn a_ban_that_the_operator_removes_is_reported() {
    lab(|| {
        let host = Banning::new("after = 20\nfor = \"1h\"");
        let mut sinks = Sinks::new();
        let mut run = host.run(&sinks.args());
        let far = host.pair.far_raw();
        (0..25).for_each(|_| far.send(&syn(BOTH[0], 12)));
        run.wait_until_said("is banned for 1h");
        host.bpffs.ok(&host.pair.near, &format!("unban {FAR}"));
        let said = format!("w0: the ban of {FAR} is removed");
        sinks.wait(None, 1_012_011, &said, " BAN=lifted");
        run.stop();
    });
}

#[test]
fn bans_by_the_operator_are_reported_when_they_are_made_changed_and_removed() {
    lab(|| {
        let (pair, bpffs, mut sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let mut run = bpffs.run(&pair.near, &format!("-i w0 {}", sinks.args()));
        bpffs.ok(&pair.near, &format!("ban {FAR}"));
        let said = format!("w0: {FAR} is banned by the operator until `port12 unban`");
        let made = sinks.wait(Some(&mut run), 1_012_009, &said, " ORIGIN=operator");
        assert_eq!(
            (&own(&made)["origin"], &own(&made)["ban"]),
            (&"operator".into(), &"made".into())
        );
        assert_eq!(own(&made)["scope"], "unassigned");
        assert_eq!(own(&made).get("seconds"), None);
        bpffs.ok(&pair.near, &format!("ban {FAR} --for 1h"));
        run.wait_until_said(&format!("w0: {FAR} is banned by the operator for 1h"));
        bpffs.ok(&pair.near, &format!("unban {FAR}"));
        let said = format!("w0: the ban of {FAR} is removed");
        let lifted = sinks.wait(None, 1_012_011, &said, " BAN=lifted");
        assert_eq!(own(&lifted)["origin"], "operator");
        assert_eq!(identity(&lifted)["alert_id"], identity(&made)["alert_id"]);
        run.stop();
    });
}

#[test]
fn drop_mode_is_reported_when_it_waits_expires_and_is_bypassed() {
    lab(|| {
        let (pair, bpffs, mut sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let args = format!("-i w0 --mode drop --confirm 5s {}", sinks.args());
        let mut run = bpffs.run(&pair.near, &args);
        let said = "w0: drop mode reverts to monitor in 5 s";
        let armed = sinks.wait(Some(&mut run), 1_012_013, said, " CHANGE=armed");
        assert_eq!(own(&armed)["reverts_in_seconds"], 5);
        let said = "w0: drop mode has reverted to monitor";
        let expired = sinks.wait(Some(&mut run), 1_012_015, said, " CHANGE=expired");
        assert_eq!(own(&expired)["effective_mode"], "monitor");
        assert_eq!(expired["alert"]["severity"], 2);
        run.stop();
        let mut sinks = Sinks::new();
        let args = format!("-i w0 --mode drop --confirm 1h {}", sinks.args());
        let mut run = bpffs.run(&pair.near, &args);
        bpffs.ok(&pair.near, "confirm");
        sinks.wait(None, 1_012_014, "w0: drop mode is confirmed", " CHANGE=confirmed");
        bpffs.ok(&pair.near, "bypass");
        let said = "w0: all dropping is stopped by `port12 bypass`";
        sinks.wait(Some(&mut run), 1_012_016, said, " CHANGE=bypassed");
        bpffs.ok(&pair.near, "bypass --off");
        sinks.wait(None, 1_012_018, "w0: drop mode is in force again", " CHANGE=resumed");
        assert!(!reaches(&pair.far_raw(), 12));
        run.stop();
    });
}

#[test]
fn drop_mode_that_is_given_up_on_a_router_is_reported() {
    lab(|| {
        let (pair, mut sinks) = (Pair::new(), Sinks::new());
        let mut run = Port12::start(&pair.near, &format!("-i w0 --mode drop {}", sinks.args()));
        pair.near.sh("sysctl -qw net.ipv4.ip_forward=1");
        let said = "w0: drop mode is given up for monitor mode: IPv4 forwarding";
        let record = sinks.wait(Some(&mut run), 1_012_017, said, " CHANGE=forwards");
        assert_eq!(own(&record)["requested_mode"], "drop");
        run.stop();
    });
}

#[test]
fn an_interface_is_reported_when_it_is_gone_and_when_it_appears() {
    lab(|| {
        let (pair, mut sinks) = (Pair::new(), Sinks::new());
        let add = "ip link add gone0 type veth peer name gone1 && ip link set gone0 up";
        pair.near.sh(add);
        let mut run = Port12::start(&pair.near, &format!("-i gone0 -i w0 {}", sinks.args()));
        pair.near.sh("ip link del gone0");
        let said = "gone0: the interface has vanished";
        let gone = sinks.wait(Some(&mut run), 1_012_020, said, " CHANGE=gone");
        assert_eq!((&gone["in_iface"], &gone["alert"]["severity"]), (&"gone0".into(), &4.into()));
        pair.near.sh(add);
        let said = "gone0: native XDP, monitor mode";
        sinks.wait(Some(&mut run), 1_012_019, said, " CHANGE=appeared");
        run.stop();
    });
}

#[test]
fn a_program_that_is_taken_away_is_reported() {
    lab(|| {
        let (pair, bpffs, mut sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let mut run = bpffs.run(&pair.near, &format!("-i w0 --mode drop {}", sinks.args()));
        foreign::detach(&pair.near, "w0");
        let said = "w0: port12's XDP program was detached by another process";
        let record = sinks.wait(Some(&mut run), 1_012_022, said, " CHANGE=detached");
        assert_eq!(record["alert"]["severity"], 2);
        run.stop();
    });
}

#[test]
fn pins_that_are_removed_are_reported_when_they_are_restored() {
    lab(|| {
        let (pair, bpffs, mut sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let mut run = bpffs.run(&pair.near, &format!("-i w0 {}", sinks.args()));
        fs::remove_file(bpffs.pins().join("w0/COUNTERS")).unwrap();
        let said = "the pins had been removed, and are restored";
        let record = sinks.wait(Some(&mut run), 1_012_025, said, " CHANGE=pins_restored");
        assert_eq!(own(&record)["pins"], bpffs.pins().display().to_string());
        run.stop();
    });
}

/// The reader of the ring is stopped until the ring is full.
#[test]
fn events_that_are_lost_are_reported() {
    lab(|| {
        let (pair, bpffs, mut sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let mut run = bpffs.run(&pair.near, &format!("-i w0 {}", sinks.args()));
        let counters = bpffs.counters("w0");
        let cable = pair.far_raw();
        let ports: Vec<u16> = (0..1024).collect();
        run.signal(libc::SIGSTOP);
        let mut source = 0_u32;
        let lost = until("a full ring", || {
            for &port in &ports {
                let mut frame = syn(BOTH[0], port);
                frame[26..30].copy_from_slice(&(0x0b00_0000 + source).to_be_bytes());
                cable.send(&frame);
            }
            source += 1;
            Some(events::stats(&counters).lost).filter(|&lost| lost > 0)
        });
        run.signal(libc::SIGCONT);
        let record =
            sinks.wait(Some(&mut run), 1_012_026, "lost: the ring buffer was full", " LOSS=ring");
        assert!(own(&record)["count"].as_u64().unwrap() >= lost, "{record}");
        assert_eq!((&record["in_iface"], &record["alert"]["severity"]), (&"w0".into(), &2.into()));
        run.stop();
    });
}
