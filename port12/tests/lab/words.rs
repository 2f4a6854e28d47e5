//! Words of one command that agree with the others, and with what is.

use std::fs;

use serde_json::{Value, json};

use crate::{
    explain::{advice, explain, interface, says},
    support::{
        Bpffs, Namespace, Pair, Port12,
        addresses::{BOTH, FAR},
        frame::syn,
        lab, mode, reaches, until,
    },
};

fn json_of(bpffs: &Bpffs, near: &Namespace, args: &str) -> Value {
    serde_json::from_str(bpffs.ok(near, &format!("{args} --output json")).trim()).unwrap()
}

#[test]
fn a_bypass_in_monitor_mode_shows_in_status_and_bans_and_at_a_later_attach() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0");
        bpffs.ok(&pair.near, &format!("ban {FAR}"));
        let far = pair.far_raw();
        assert!(!reaches(&far, 12));
        assert_eq!(json_of(&bpffs, &pair.near, "bans")[0]["in_force"], true);
        bpffs.ok(&pair.near, "bypass");
        assert!(reaches(&far, 12));
        let status = bpffs.status(&pair.near, "w0");
        assert_eq!(
            (&status["mode"]["effective"], &mode(&status).into()),
            (&json!("monitor"), &json!("monitor, bypassed"))
        );
        let table = bpffs.ok(&pair.near, "status");
        assert!(table.contains("all dropping is stopped by `port12 bypass`"), "{table}");
        assert_eq!(json_of(&bpffs, &pair.near, "bans")[0]["in_force"], false);
        let table = bpffs.ok(&pair.near, "bans");
        assert!(table.contains("w0: no ban is in force (monitor, bypassed)"), "{table}");
        let attached = bpffs.output(&pair.near, "attach -i w0 --mode drop");
        let said = String::from_utf8_lossy(&attached.stderr);
        assert_eq!(attached.status.code(), Some(0), "{said}");
        assert!(said.contains("XDP, monitor mode, "), "{said}");
        assert!(said.contains("w0: all dropping is stopped by `port12 bypass`"), "{said}");
        let off = bpffs.ok(&pair.near, "bypass --off");
        assert!(off.contains("mode: drop"), "{off}");
        assert!(!reaches(&far, 14));
    });
}

#[test]
fn check_fails_as_run_would_and_calls_nothing_fine_that_is_not() {
    lab(|| {
        let near = Namespace::new();
        let bpffs = Bpffs::new();
        let said = |args: &str| {
            let output = bpffs.output(&near, args);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (output.status.code(), text(&output.stdout), text(&output.stderr))
        };
        let (code, out, _) = said("check -i lo --mode drop");
        assert!(code == Some(0) && out.contains("fine"), "{out}");
        let (code, out, error) = said("check -i missing0");
        assert_eq!((code, &*out), (Some(6), ""), "{error}");
        assert!(error.contains("there is no interface missing0"), "{error}");
        near.sysctl("ipv4/ip_forward", "1");
        let (code, out, error) = said("check -i lo --mode drop");
        assert_eq!((code, &*out), (Some(3), ""), "{error}");
        assert!(error.contains("drop mode is refused on lo: IPv4 forwarding is on"), "{error}");
        let (code, out, error) = said("check -i lo");
        assert!(code == Some(0) && out.contains("fine"), "{out}");
        assert!(error.contains("lo: IPv4 forwarding is on"), "{error}");
        let (code, _, error) = said("check -i lo --mode drop --forwarding drop");
        assert_eq!(code, Some(0), "{error}");
        assert!(error.contains("lo: IPv4 forwarding is on"), "{error}");
    });
}

#[test]
fn stats_knows_of_forwarding_what_run_knows() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        pair.near.sysctl("ipv4/ip_forward", "1");
        let mut port12 = bpffs.run(&pair.near, "-i w0 --pin");
        let known = port12.report().interface("w0")["forwarding"].clone();
        assert!(known.as_str().unwrap().contains("IPv4 forwarding is on"), "{known}");
        let stats = json_of(&bpffs, &pair.near, "stats");
        assert_eq!(stats["interfaces"][0]["forwarding"], known, "{stats}");
        pair.near.sysctl("ipv4/ip_forward", "0");
        let stats = json_of(&bpffs, &pair.near, "stats");
        assert_eq!(stats["interfaces"][0]["forwarding"], json!(null), "{stats}");
    });
}

#[test]
fn explain_denies_no_packets_of_banned_sources() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0");
        bpffs.ok(&pair.near, &format!("ban {FAR}"));
        let far = pair.far_raw();
        far.send(&syn(BOTH[0], 12));
        let story = until("the packet", || {
            let story = explain(&bpffs, &pair.near, "12");
            (interface(&story, "w0")["outcomes"]["banned"]["packets"] == 1).then_some(story)
        });
        advice(&story, "only_banned", "tcp");
        let all = story["advice"].to_string();
        assert!(!all.contains("\"quiet\""), "{all}");
        let text = bpffs.ok(&pair.near, "explain 12");
        assert!(text.contains("banned sources: 1 packet dropped on all ports"), "{text}");
        assert!(!text.contains("nothing came"), "{text}");
    });
}

#[test]
fn explain_promises_of_run_what_its_policy_file_says() {
    lab(|| {
        let (near, bpffs) = (Namespace::new(), Bpffs::new());
        let policy = tempfile::NamedTempFile::new().unwrap();
        let path = policy.path().display();
        for (text, step) in [
            ("mode = \"drop\"", format!("Both drop, by {path}")),
            ("mode = \"monitor\"", "Both only count, unless `--mode drop`".to_owned()),
        ] {
            fs::write(policy.path(), text).unwrap();
            let story = explain(&bpffs, &near, &format!("12 --config {path}"));
            assert!(says(advice(&story, "nothing_watches", "tcp"), &step), "{story}");
        }
        // Port 22 is assigned: `run` would not watch it.
        let story = explain(&bpffs, &near, &format!("22 --config {path}"));
        assert!(says(advice(&story, "nothing_watches", "tcp"), "`extra = [\"22\"]`"), "{story}");
    });
}

/// The first knock is counted when the listener has gone.
#[test]
fn a_listener_that_was_reached_is_reported_so_before_it_is_reported_as_gone() {
    lab(|| {
        const PORTS: [u16; 3] = [12, 14, 81];
        let pair = Pair::new();
        let directory = tempfile::tempdir().unwrap();
        let eve = directory.path().join("eve.json");
        let mut port12 = Port12::start(&pair.near, &format!("-i w0 --sink eve:{}", eve.display()));
        port12.report();
        for port in PORTS {
            let listener =
                pair.near.enter(|| std::net::TcpListener::bind(("0.0.0.0", port)).unwrap());
            let signatures = || -> Vec<Value> {
                let all = crate::listeners::whole_records(&eve);
                let of = all.iter().filter(|it| it["dest_port"] == port);
                of.map(|it| it["alert"]["signature_id"].clone()).collect()
            };
            until("the listener", || (!signatures().is_empty()).then_some(()));
            assert!(reaches(&pair.far_raw(), port));
            drop(listener);
            until("its end", || {
                signatures().contains(&json!(crate::listeners::LEFT)).then_some(())
            });
        }
        port12.stop();
        let records = crate::listeners::whole_records(&eve);
        let mut reached_ports = 0;
        for port in PORTS {
            let place = |signature: u64| {
                let is_it = |it: &Value| {
                    it["dest_port"] == port && it["alert"]["signature_id"] == signature
                };
                records.iter().position(is_it)
            };
            if let Some(reached) = place(crate::listeners::REACHED) {
                assert!(Some(reached) < place(crate::listeners::LEFT), "{port}: {records:?}");
                reached_ports += 1;
            }
        }
        assert!(reached_ports > 0, "{records:?}");
    });
}
