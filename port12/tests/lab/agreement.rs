//! Every command gives the same account of an interface.

use std::{fs, os::unix::fs::PermissionsExt as _, thread, time::Duration};

use port12::config::KEYS;
use serde_json::{Map, Value};

use crate::{
    explain::{explain, interface},
    support::{
        Bpffs, Namespace, Pair, Port12, Report,
        addresses::{BOTH, FAR},
        frame::syn,
        lab, mode, until,
    },
    who::Running,
};

/// A policy with every key but `registry`; a test sees to it.
const POLICY: &str = r#"
interfaces = ["w0"]
exclude = ["lo"]
xdp_mode = "native"
mode = "drop"
confirm = "1h"
allow = ["198.51.100.0/24", "2001:db8:99::/48"]
extra = ["999/tcp"]
include_reserved = true
transit = "watch"
too_deep = "pass"
forwarding = "refuse"
egress = true
pin = true
reattach = true
least_privilege = false
interval = "1s"
remember_sources = 4096
sinks = []
frame_bytes = 64
labels = { site = "lab" }
networks = { internal = ["192.0.2.0/24"] }
output = "table"
ban = { after = 200, for = "1h", within = "10m", scope = "all" }

[[port]]
ports = "12/tcp"
expected = true

[[port]]
ports = "14"
action = "ignore"

[[port]]
ports = "81/tcp"
action = "drop"
enforce = true
"#;

/// Fields that belong to a period, or to one command.
const APART: [&str; 6] = [
    "frames_per_second",
    "bits_per_second",
    "utilization",
    "unknown_source",
    "port_sources",
    "more_sources",
];

/// What a command says of `w0`, without what belongs to a period or to that command. Of the ports only 12 is kept:
/// `explain` was asked for it.
fn account(of: &Value) -> Map<String, Value> {
    let mut it = of.as_object().unwrap().clone();
    it.retain(|key, _| !APART.contains(&key.as_str()));
    // Seconds may pass from one command to the next.
    let remaining = it["mode"].as_object_mut().unwrap().remove("reverts_in_seconds").unwrap();
    it.insert("has_deadline".to_owned(), (!remaining.is_null()).into());
    let ports = it["ports"].as_array().unwrap().iter();
    let probed = ports.filter(|port| port["port"] == 12 && port["packets"] != 0).cloned();
    let mut probed: Vec<Value> = probed.collect();
    for port in &mut probed {
        let port = port.as_object_mut().unwrap();
        port.retain(|key, _| !matches!(&**key, "packets_per_second" | "bits_per_second"));
        // A time of the kernel's clock is good to a tick.
        let is_seen = port["last_seen"].is_string();
        port.insert("last_seen".to_owned(), is_seen.into());
    }
    it.insert("ports".to_owned(), probed.into());
    it
}

fn json(bpffs: &Bpffs, near: &Namespace, args: &str) -> Value {
    serde_json::from_str(bpffs.ok(near, &format!("{args} --output json")).trim()).unwrap()
}

/// The accounts of `stats`, `status` and `explain`.
fn accounts(bpffs: &Bpffs, near: &Namespace) -> [(&'static str, Map<String, Value>); 3] {
    let of = |document: &Value| account(interface(document, "w0"));
    [
        ("stats", of(&json(bpffs, near, "stats"))),
        ("status", account(&bpffs.status(near, "w0"))),
        ("explain", of(&explain(bpffs, near, "12"))),
    ]
}

/// The difference of two accounts, a line for each field.
fn difference(one: &Map<String, Value>, other: &Map<String, Value>) -> String {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    let differing = keys.filter(|key| one.get(*key) != other.get(*key));
    let line = |key: &String| format!("{key}: {:?} and {:?}\n", one.get(key), other.get(key));
    differing.map(line).collect()
}

fn agree(what: &str, accounts: &[(&str, Map<String, Value>)]) -> Option<()> {
    let (first, rest) = accounts.split_first().unwrap();
    for (name, account) in rest {
        let difference = difference(&first.1, account);
        if !difference.is_empty() {
            eprintln!("{what}: {} and {name} differ:\n{difference}", first.0);
            return None;
        }
    }
    Some(())
}

/// `run` reports ten times a second, so an account may be of the moment before a change.
fn agree_with_run(what: &str, run: &mut Port12, bpffs: &Bpffs, near: &Namespace) -> Report {
    until(what, || {
        let report = run.report();
        let mut all = vec![("run", account(report.interface("w0")))];
        all.extend(accounts(bpffs, near));
        agree(what, &all)?;
        Some(report)
    })
}

/// The policy with a timeout that ends soon, and another hash.
fn expiring() -> String {
    POLICY.replace("confirm = \"1h\"", "confirm = \"1s\"").replace("after = 200", "after = 201")
}

#[test]
fn the_policy_of_these_tests_has_every_key() {
    let table: toml::Table = POLICY.parse().unwrap();
    let has = |key: &&&str| !matches!(**key, "registry" | "reset") && !table.contains_key(**key);
    assert_eq!(KEYS.iter().filter(has).collect::<Vec<_>>(), [] as [&&str; 0]);
    assert_ne!(expiring(), POLICY.replace("after = 200", "after = 201"));
}

#[test]
fn stats_status_and_explain_agree_in_every_mode_without_a_daemon() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let policy = tempfile::NamedTempFile::new().unwrap();
        let attach = |text: &str| {
            fs::write(policy.path(), text).unwrap();
            bpffs.ok(near, &format!("attach --config {}", policy.path().display()));
        };
        // Seconds may pass from one command to the next.
        let agree_on = |expected: &str| {
            until(expected, || {
                let all = accounts(&bpffs, near);
                agree(expected, &all)?;
                (mode(&Value::Object(all[0].1.clone())) == expected).then_some(())
            });
        };
        attach(&POLICY.replace("mode = \"drop\"", "mode = \"monitor\""));
        pair.far_raw().send(&syn(BOTH[0], 12));
        agree_on("monitor");
        attach(POLICY);
        agree_on("drop, unconfirmed");
        bpffs.ok(near, "ban 192.0.2.99");
        bpffs.ok(near, "confirm");
        agree_on("drop");
        bpffs.ok(near, "bypass");
        agree_on("monitor, bypassed");
        bpffs.ok(near, "bypass --off");
        bpffs.ok(near, "detach");
        attach(&expiring());
        agree_on("monitor, expired");
    });
}

#[test]
fn run_stats_status_and_explain_agree_in_every_mode() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let policy = tempfile::NamedTempFile::new().unwrap();
        fs::write(policy.path(), POLICY).unwrap();
        let args = format!("-i w0 --pin --config {}", policy.path().display());
        let far = pair.far_raw();
        let mut run = bpffs.run(near, &args);
        far.send(&syn(BOTH[0], 12));
        run.wait_for("the probe", |it| it.port("tcp", 12, "dropped") == 1);
        let report = agree_with_run("unconfirmed", &mut run, &bpffs, near);
        assert_eq!(mode(report.interface("w0")), "drop, unconfirmed");
        assert!(report.interface("w0")["mode"]["reverts_in_seconds"].is_u64());
        bpffs.ok(near, "confirm");
        let report = agree_with_run("confirmed", &mut run, &bpffs, near);
        let w0 = report.interface("w0");
        assert_eq!(mode(w0), "drop");
        let port = report.ports().find(|it| it["port"] == 12).unwrap();
        assert_eq!(port["expected"], true, "{port}");
        assert_eq!((&w0["allowed"], &w0["bans"]["after"]), (&2.into(), &200.into()), "{w0}");
        assert_eq!((&w0["forwards"], &w0["bans"]["scope"]), (&false.into(), &"all".into()));

        bpffs.ok(near, "ban 192.0.2.99");
        let report = until("the ban", || {
            let report = agree_with_run("a ban", &mut run, &bpffs, near);
            (report.interface("w0")["bans"]["active"] == 1).then_some(report)
        });
        assert_eq!(mode(report.interface("w0")), "drop");

        bpffs.ok(near, "bypass");
        let report = agree_with_run("bypass", &mut run, &bpffs, near);
        assert_eq!(mode(report.interface("w0")), "monitor, bypassed");
        assert_eq!(report.interface("w0")["mode"]["requested"], "drop");
        bpffs.ok(near, "bypass --off");

        fs::write(policy.path(), POLICY.replace("mode = \"drop\"", "mode = \"monitor\"")).unwrap();
        run.signal(libc::SIGHUP);
        run.wait_until_said("reloaded");
        let report = agree_with_run("monitor mode", &mut run, &bpffs, near);
        assert_eq!(mode(report.interface("w0")), "monitor");

        fs::write(policy.path(), expiring()).unwrap();
        run.stop();
        bpffs.ok(near, "detach");
        // These rules were confirmed, and would begin so.
        fs::remove_file(bpffs.kept().join("confirmations.json")).unwrap();
        let mut run = bpffs.run(near, &args);
        run.wait_for("the deadline", |it| mode(it.interface("w0")) == "monitor, expired");
        let report = agree_with_run("expired", &mut run, &bpffs, near);
        assert_eq!(mode(report.interface("w0")), "monitor, expired");

        fs::write(policy.path(), POLICY).unwrap();
        run.signal(libc::SIGHUP);
        run.wait_until_said("reloaded");
        bpffs.ok(near, "confirm");
        near.sysctl("ipv4/ip_forward", "1");
        run.wait_for("forwarding", |it| mode(it.interface("w0")) == "monitor, forwarding");
        let report = agree_with_run("forwarding", &mut run, &bpffs, near);
        assert_eq!(report.interface("w0")["forwards"], true);
        near.sysctl("ipv4/ip_forward", "0");

        // Without a daemon.
        run.stop();
        let without = accounts(&bpffs, near);
        agree("no daemon", &without).expect("the same accounts");
        assert_eq!(mode(&Value::Object(without[0].1.clone())), "monitor, forwarding");
    });
}

/// Parts of the state that only the daemon knows.
const OF_THE_DAEMON: [&str; 5] = ["sources", "scans", "listeners", "outbound", "alerts"];

/// Those parts, as a document has them.
fn of_the_daemon(document: &Value) -> Vec<Value> {
    OF_THE_DAEMON.iter().map(|part| document[*part].clone()).collect()
}

#[test]
fn what_only_the_daemon_knows_is_known_to_other_commands_while_it_runs() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut run =
            bpffs.run(near, &format!("-i w0 --pin --egress --sink human:{}", log.path().display()));
        let stats = |bpffs: &Bpffs| json(bpffs, near, "stats");
        run.wait_for("the first look", |it| it.0["listeners"]["is_complete"] == true);
        let listener = Running::start(near.command("nc").args(["-l", "-p", "12"]));
        until("the scan", || {
            for port in 288..=307 {
                pair.far_raw().send(&syn(BOTH[0], port));
            }
            let scan = stats(&bpffs)["scans"]["ongoing"].get(0).cloned()?;
            assert_eq!(
                (&scan["kind"], &scan["source"]),
                (&"syn".into(), &FAR.to_string().into()),
                "{scan}"
            );
            Some(())
        });
        until("the same account of a listener and of sources", || {
            let (report, stats) = (run.report(), stats(&bpffs));
            let listeners = stats["listeners"]["listeners"].as_array()?;
            let of_nc = listeners.iter().find(|it| it["port"] == 12)?;
            assert_eq!(of_nc["processes"][0]["pid"], listener.id(), "{of_nc}");
            assert!(of_nc["first_seen"].is_string(), "{of_nc}");
            let is_known = stats["sources"]["top"][0]["port_count"].as_u64()? > 10;
            assert_eq!(stats["daemon"]["pid"], run.id());
            assert_eq!(stats["daemon"], report.0["daemon"]);
            let status = json(&bpffs, near, "status");
            (is_known
                && of_the_daemon(&report.0) == of_the_daemon(&stats)
                && of_the_daemon(&stats) == of_the_daemon(&status))
            .then_some(())
        });
        assert_eq!(stats(&bpffs)["outbound"]["interfaces"][0]["interface"], "w0");
        assert_eq!(
            stats(&bpffs)["alerts"]["sinks"][0]["sink"],
            format!("human:{}", log.path().display())
        );

        // Nobody else may read it, and once the daemon is gone these parts are unknown.
        let state = fs::read_dir(bpffs.runtime()).unwrap().next().unwrap().unwrap().path();
        let mode = fs::metadata(state.join("state")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        run.stop();
        assert!(of_the_daemon(&stats(&bpffs)).iter().all(Value::is_null));
        assert!(!state.exists(), "{}", state.display());
    });
}

#[test]
fn a_state_file_that_another_user_could_have_written_is_not_believed() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let mut run = bpffs.run(&pair.near, "-i w0 --pin");
        run.report();
        let file = until("the file", || {
            let directory = fs::read_dir(bpffs.runtime()).ok()?.next()?.unwrap().path();
            Some(directory.join("state")).filter(|file| file.exists())
        });
        // A state that changes just then is written anew.
        until("a state without the file", || {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).ok()?;
            let output = bpffs.output(&pair.near, "stats --output json");
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let is_unknown = of_the_daemon(&document).iter().all(Value::is_null);
            (is_unknown && said.contains("the daemon's part of the state is unknown")).then_some(())
        });
        run.stop();
    });
}

#[test]
fn each_of_several_readers_counts_every_packet() {
    const PACKETS: u64 = 300;
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let mut run = bpffs.run(&pair.near, "-i w0");
        run.report();
        let readers = ["200ms", "350ms", "500ms"].map(|interval| {
            let args = format!("stats --output json --interval {interval}");
            Port12::spawn(bpffs.command(&pair.near, &args))
        });
        let mut readers = readers.map(|mut reader| {
            reader.report();
            reader
        });
        let far = pair.far_raw();
        for _ in 0..PACKETS {
            far.send(&syn(BOTH[0], 12));
            thread::sleep(Duration::from_millis(5));
        }
        let sees_all = |reader: &mut Port12| {
            let mut seen = 0.0;
            let report = loop {
                let report = reader.report();
                let period = report.0["period_seconds"].as_f64().unwrap();
                let rates = report.ports().find(|it| it["port"] == 12);
                let rate = rates.and_then(|it| it["packets_per_second"].as_f64());
                seen += rate.unwrap_or_default() * period;
                if report.port("tcp", 12, "packets") == PACKETS {
                    break report;
                }
            };
            assert_eq!(seen.round() as u64, PACKETS, "{}", report.0);
        };
        sees_all(&mut run);
        readers.iter_mut().for_each(sees_all);
        drop(readers);
        run.stop();
    });
}
