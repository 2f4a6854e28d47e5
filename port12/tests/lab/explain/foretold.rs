//! Forecasts for an unknown source, and the outcomes of its packets.

use std::fs;

use serde_json::{Value, json};

use super::{advice, explain, forecast, interface};
use crate::{
    support::{
        Bpffs, Pair, Raw,
        addresses::BOTH,
        frame::{syn, udp},
        lab,
        sockets::wait_for_socket,
        until,
    },
    who::Running,
};

const RULES: &str = r#"
extra = ["80/tcp"]
[[port]]
ports = "14"
action = "ignore"
[[port]]
ports = "15"
action = "watch"
[[port]]
ports = ["81/tcp", "783/udp"]
action = "drop"
enforce = true
"#;

/// What was counted of each outcome.
fn outcomes(bpffs: &Bpffs, pair: &Pair) -> Value {
    let text = bpffs.ok(&pair.near, "stats --output json");
    let report: Value = serde_json::from_str(text.trim()).unwrap();
    report["interfaces"][0]["outcomes"].clone()
}

/// Sends a frame and finds the outcome that it had.
fn outcome(bpffs: &Bpffs, pair: &Pair, far: &Raw, frame: &[u8]) -> String {
    let before = outcomes(bpffs, pair);
    far.send(frame);
    until("an outcome", || {
        let after = outcomes(bpffs, pair);
        let rose = |name: &&String| after[*name]["packets"] != before[*name]["packets"];
        // What the stack says meanwhile, such as ICMP, is other traffic.
        let is_ours =
            |name: &&String| !["other_transport", "high_port", "not_ip"].contains(&name.as_str());
        after.as_object().unwrap().keys().filter(is_ours).find(rose).cloned()
    })
}

#[test]
fn a_knock_meets_what_was_foretold_in_every_mode_with_and_without_a_daemon() {
    lab(|| {
        let policy = tempfile::NamedTempFile::new().unwrap();
        fs::write(policy.path(), RULES).unwrap();
        let config = policy.path().display();
        for (mode, has_daemon) in [("drop", true), ("drop", false), ("monitor", true)] {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            let far = pair.far_raw();
            let listen = |options: &[&str], transport: &str, port: u16| {
                let mut command = pair.near.command("nc");
                let running = Running::start(command.args(options));
                wait_for_socket(&pair.near, transport, port);
                running
            };
            let _listeners = [
                listen(&["-k", "-l", "-p", "26"], "tcp", 26),
                listen(&["-k", "-l", "-p", "81"], "tcp", 81),
                listen(&["-u", "-l", "-p", "28"], "udp", 28),
                listen(&["-u", "-l", "-p", "783"], "udp", 783),
            ];
            let run =
                bpffs.run(&pair.near, &format!("-i w0 --pin --mode {mode} --config {config}"));
            let run = if has_daemon {
                Some(run)
            } else {
                run.stop();
                until("the heartbeat to end", || {
                    let story = explain(&bpffs, &pair.near, "12");
                    (interface(&story, "w0")["sockets_fresh"] == false).then_some(())
                });
                None
            };
            for port in [12, 13, 14, 15, 26, 28, 80, 81, 783] {
                let story = explain(&bpffs, &pair.near, &format!("{port} --config {config}"));
                let frames = [("tcp", syn(BOTH[0], port)), ("udp", udp(BOTH[0], port, b"x"))];
                for (transport, frame) in frames {
                    let foretold = forecast(interface(&story, "w0"), transport);
                    let met = outcome(&bpffs, &pair, &far, &frame);
                    let place = format!("{mode}, {transport}/{port}, daemon: {has_daemon}");
                    assert_eq!(foretold["outcome"], met, "{place}: {foretold}");
                    // The file says monitor mode: what it would do is what is done then.
                    if mode == "monitor" {
                        assert_eq!(forecast(&story["configured"], transport), foretold);
                    }
                }
            }
            let story = explain(&bpffs, &pair.near, &format!("81 --config {config}"));
            if mode == "drop" {
                advice(&story, "enforced_listener", "tcp");
            }
            drop(run);
        }
    });
}

#[test]
fn a_port_that_is_not_watched_is_told_as_that() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        let story = explain(&bpffs, &pair.near, "22");
        let foretold = forecast(interface(&story, "w0"), "tcp");
        assert_eq!(
            (&foretold["action"], &foretold["outcome"], &foretold["verdict"]),
            (&json!("assigned"), &json!("assigned"), &json!("pass"))
        );
        let step = advice(&story, "not_counted", "tcp");
        assert!(super::says(step, "`extra = [\"22\"]`"), "{step}");
    });
}
