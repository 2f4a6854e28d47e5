//! What came, who has it, and what that means.

use std::{fs, thread, time::Duration};

use serde_json::json;

use super::{advice, both, explain, forecast, interface, limits, on, says};
use crate::{
    support::{
        Bpffs, Pair,
        addresses::{BOTH, FAR, NEAR},
        foreign::program,
        frame::syn,
        lab, mode, reaches,
        sockets::wait_for_socket,
        until,
    },
    who::Running,
};

fn scan(pair: &Pair, options: &str) {
    pair.far.sh(&format!("nmap -Pn -n --max-retries 0 --max-rtt-timeout 200ms {options} {NEAR}"));
}

#[test]
fn who_knocks_in_monitor_mode_is_told_and_how_to_drop_it() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let run = bpffs.run(&pair.near, "-i w0");
        scan(&pair, "-sS -p12");
        scan(&pair, "-sU -p12,14");
        let story = explain(&bpffs, &pair.near, "12");
        assert_eq!(story["daemon"]["name"], "port12");
        let w0 = interface(&story, "w0");
        assert_eq!(
            (&w0["place"], &w0["mode"]["effective"]),
            (&json!("attached"), &json!("monitor"))
        );
        for transport in ["tcp", "udp"] {
            let port = on(w0, transport);
            assert_eq!((&port["packets"], &port["dropped"]), (&json!(1), &json!(0)), "{port}");
            let foretold = forecast(w0, transport);
            assert_eq!(foretold["verdict"], "pass");
            assert_eq!(
                (&foretold["action"], &foretold["outcome"]),
                (&json!("watch"), &json!("probe"))
            );
        }
        let source = &w0["port_sources"][0];
        assert_eq!(source["source"], FAR.to_string());
        assert_eq!(source["transports"], json!(["tcp", "udp"]));
        assert_eq!((&source["packets"], &source["port_count"]), (&json!(3), &json!(3)), "{source}");
        let knocked = advice(&story, "knocked_passed", "tcp");
        assert!(says(knocked, &format!("`kill -HUP {}`", story["daemon"]["pid"])), "{knocked}");
        assert!(says(knocked, &format!("`port12 ban {FAR} --for 1h`")), "{knocked}");
        advice(&story, "nobody_listens", "udp");
        advice(&story, "quiet", "udplite");
        let quiet = explain(&bpffs, &pair.near, "10");
        assert_eq!(interface(&quiet, "w0")["port_sources"], json!([]));
        advice(&quiet, "quiet", "tcp");
        // What the step says drops it, in monitor mode.
        bpffs.ok(&pair.near, &format!("ban {FAR} --for 1h"));
        scan(&pair, "-sS -p12");
        let story = explain(&bpffs, &pair.near, "12");
        let w0 = interface(&story, "w0");
        assert_eq!(on(w0, "tcp")["packets"], 1, "{story}");
        let bans = &w0["bans"];
        assert_eq!(
            (&bans["after"], &bans["scope"], &bans["active"]),
            (&json!(null), &json!("unassigned"), &json!(1))
        );
        assert_eq!(w0["outcomes"]["banned"]["packets"], 1);
        assert_eq!(w0["port_sources"][0]["banned"], true);
        assert!(!says(advice(&story, "knocked_passed", "tcp"), "port12 ban"), "{story}");
        let text = bpffs.ok(&pair.near, "explain 12");
        assert!(text.contains("sources that are banned: 1, which takes their probes"), "{text}");
        run.stop();
    });
}

#[test]
fn whom_the_program_bans_by_itself_is_told_and_how_much_that_takes() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let policy = tempfile::NamedTempFile::new().unwrap();
        let text = "interfaces = [\"w0\"]\n[ban]\nafter = 3\nfor = \"10m\"\nscope = \"all\"\n";
        fs::write(policy.path(), text).unwrap();
        let run = bpffs.run(&pair.near, &format!("--config {}", policy.path().display()));
        let far = pair.far_raw();
        // The program bans nobody before it has been told whom not to ban.
        let story = until("a ban", || {
            far.send(&syn(BOTH[0], 12));
            let story = explain(&bpffs, &pair.near, "12");
            (interface(&story, "w0")["bans"]["active"] == 1).then_some(story)
        });
        let ban = &interface(&story, "w0")["bans"];
        assert_eq!(
            (&ban["after"], &ban["scope"], &ban["active"]),
            (&json!(3), &json!("all"), &json!(1))
        );
        assert_eq!(interface(&story, "w0")["port_sources"][0]["banned"], true);
        let text = bpffs.ok(&pair.near, "explain 12");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "sources that are banned: 1, which takes all that they send at most (`port12 bans`)",
            "who knocks 3 times is banned by the program",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        run.stop();
    });
}

#[test]
fn of_many_sources_those_that_came_last_are_named() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0");
        let decoys: Vec<String> = (1..=7).map(|host| format!("10.12.7.{host}")).collect();
        scan(&pair, &format!("-sS -p12 -D {},ME", decoys.join(",")));
        // A jiffy later, so that it is the last.
        thread::sleep(Duration::from_millis(50));
        pair.far_raw().send(&syn(BOTH[1], 12));
        let story = until("the last of them", || {
            let story = explain(&bpffs, &pair.near, "12");
            (on(interface(&story, "w0"), "tcp")["packets"] == 9).then_some(story)
        });
        let w0 = interface(&story, "w0");
        assert_eq!(w0["port_sources"].as_array().unwrap().len(), 5);
        assert_eq!(w0["more_sources"], 4);
        assert_eq!(w0["port_sources"][0]["source"], BOTH[1].1.to_string(), "{w0}");
        let step = advice(&story, "knocked_passed", "tcp");
        assert!(says(step, &format!("`port12 ban {} --for 1h`", BOTH[1].1)), "{step}");
        let other = explain(&bpffs, &pair.near, "14");
        assert_eq!(interface(&other, "w0")["port_sources"], json!([]), "of this port alone");
    });
}

#[test]
fn a_listener_that_was_reached_is_severe_until_the_policy_expects_it() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let _run = bpffs.run(&pair.near, "-i w0");
        let nc = Running::start(pair.near.command("nc").args(["-k", "-l", "-p", "12"]));
        let story = until("the program to be told of the listener", || {
            let story = explain(&bpffs, &pair.near, "12");
            let is_told = forecast(interface(&story, "w0"), "tcp")["outcome"] == "local_socket";
            is_told.then_some(story)
        });
        assert_eq!(story["advice"][0], *advice(&story, "unexpected_listener", "tcp"));
        assert_eq!(story["advice"][0]["severity"], 2);
        pair.far.sh(&format!("timeout 20 nc -z -w 5 {NEAR} 12"));
        let story = explain(&bpffs, &pair.near, "12");
        let port = on(interface(&story, "w0"), "tcp");
        assert_eq!((&port["local_socket"], &port["packets"]), (&json!(1), &json!(0)), "{port}");
        let worst = &story["advice"][0];
        assert_eq!(
            (&worst["finding"], &worst["severity"]),
            (&json!("reached_listener"), &json!(1))
        );
        assert!(says(worst, &format!("`kill {}`", nc.id())), "{worst}");
        assert_eq!(story["sockets"][0]["processes"][0]["pid"], nc.id());
        assert_eq!(story["sockets"][0]["probes"]["local_socket"], 1);
        let policy = tempfile::NamedTempFile::new().unwrap();
        fs::write(policy.path(), "[[port]]\nports = \"12/tcp\"\nexpected = true\n").unwrap();
        let args = format!("12 --config {}", policy.path().display());
        let story = explain(&bpffs, &pair.near, &args);
        assert_eq!(advice(&story, "expected_listener", "tcp")["severity"], 3);
        assert!(on(&story["configured"], "tcp")["expected"] == true);
        assert!(on(&story["configured"], "udp")["expected"] == false);
        let text = bpffs.ok(&pair.near, &format!("explain {args}"));
        assert!(text.contains("the policy file expects a listener on tcp\n"), "{text}");
        drop(nc);
        let story = explain(&bpffs, &pair.near, &args);
        assert_eq!(story["sockets"], json!([]));
        advice(&story, "socket_gone", "tcp");
    });
}

#[test]
fn the_steps_of_a_daemon_s_knocks_do_what_they_say() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let policy = tempfile::NamedTempFile::new().unwrap();
        let path = policy.path().display();
        fs::write(policy.path(), "interfaces = [\"w0\"]\n").unwrap();
        let mut run = bpffs.run(&pair.near, &format!("--config {path}"));
        assert!(reaches(&pair.far_raw(), 12));
        let story = explain(&bpffs, &pair.near, &format!("12 --config {path}"));
        let step = advice(&story, "knocked_passed", "tcp");
        let hangup = format!("kill -HUP {}", story["daemon"]["pid"]);
        assert!(says(step, &format!("`mode = \"drop\"` in {path} and `{hangup}`")), "{step}");
        fs::write(policy.path(), "mode = \"drop\"\ninterfaces = [\"w0\"]\n").unwrap();
        pair.near.sh(&hangup);
        run.wait_for("drop mode", |report| report.drops());
        assert!(!reaches(&pair.far_raw(), 12));
        let _nc = Running::start(pair.near.command("nc").args(["-k", "-l", "-p", "14"]));
        wait_for_socket(&pair.near, "tcp", 14);
        let story = explain(&bpffs, &pair.near, &format!("14 --config {path}"));
        advice(&story, "unexpected_listener", "tcp");
        let rule = "[[port]]\nports = \"14/tcp\"\naction = \"drop\"\nenforce = true\nexpected = \
                    true\n";
        let text = fs::read_to_string(policy.path()).unwrap();
        fs::write(policy.path(), text + rule).unwrap();
        pair.near.sh(&hangup);
        let story = until("the rule to be in force", || {
            let story = explain(&bpffs, &pair.near, &format!("14 --config {path}"));
            let foretold = forecast(interface(&story, "w0"), "tcp");
            (foretold["action"] == "enforce").then_some(story)
        });
        advice(&story, "enforced_listener", "tcp");
        advice(&story, "expected_listener", "tcp");
        assert!(!reaches(&pair.far_raw(), 14));
        run.stop();
    });
}

#[test]
fn a_program_that_was_deleted_is_the_worst_there_is() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x\u{1b}[2J");
        fs::copy(fs::canonicalize("/usr/bin/nc").unwrap(), &path).unwrap();
        let mut command = pair.near.command(path.to_str().unwrap());
        let nc = Running::start(command.args(["-u", "-l", "-p", "12"]));
        wait_for_socket(&pair.near, "udp", 12);
        fs::remove_file(&path).unwrap();
        let story = explain(&bpffs, &pair.near, "12");
        let worst = &story["advice"][0];
        assert_eq!((&worst["finding"], &worst["severity"]), (&json!("deleted_program"), &json!(1)));
        assert_eq!(worst["ports"], json!([{"transport": "udp", "port": 12}]));
        let copy = format!("cp /proc/{0}/exe port12-{0}.exe", nc.id());
        assert!(says(worst, &format!("`{copy}`")), "{worst}");
        // What the step says does what it says.
        let target = directory.path().join("kept");
        let copy = copy.replace(&format!("port12-{}.exe", nc.id()), target.to_str().unwrap());
        pair.near.sh(&copy);
        assert_eq!(fs::read(target).unwrap(), fs::read("/usr/bin/nc").unwrap());
        let text = bpffs.ok(&pair.near, "explain 12");
        assert!(text.contains("which is DELETED\n"), "{text}");
        assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{text:?}");
    });
}

#[test]
fn what_drops_without_a_daemon_is_told_and_what_stops_it() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.run(&pair.near, "-i w0 --mode drop --pin").stop();
        assert!(!reaches(&pair.far_raw(), 12));
        // The last heartbeat is over then.
        until("the heartbeat to end", || {
            let story = explain(&bpffs, &pair.near, "12");
            (interface(&story, "w0")["sockets_fresh"] == false).then_some(())
        });
        let story = explain(&bpffs, &pair.near, "12");
        assert_eq!(story["daemon"], json!(null));
        let w0 = interface(&story, "w0");
        assert_eq!((&w0["persistent"], &mode(w0).into()), (&json!(true), &json!("drop")));
        let tcp = on(w0, "tcp");
        assert_eq!((&tcp["packets"], &tcp["dropped"]), (&json!(1), &json!(1)));
        assert_eq!(forecast(w0, "tcp")["outcome"], "dropped");
        assert_eq!(forecast(w0, "sctp")["outcome"], "probe");
        assert!(advice(&story, "knocked_dropped", "tcp")["steps"] == json!([]));
        let text = bpffs.ok(&pair.near, "explain 12");
        assert!(text.contains("no daemon keeps it: the program looks sockets up"), "{text}");
        bpffs.ok(&pair.near, "bypass");
        let story = explain(&bpffs, &pair.near, "12");
        assert!(says(advice(&story, "drop_bypassed", "tcp"), "`port12 bypass --off`"), "{story}");
        let foretold = forecast(interface(&story, "w0"), "tcp");
        assert_eq!((&foretold["action"], &foretold["verdict"]), (&json!("drop"), &json!("pass")));
        bpffs.ok(&pair.near, "bypass --off");
        bpffs.ok(&pair.near, "detach");
        bpffs.ok(&pair.near, "attach -i w0 --mode drop --confirm 1s");
        thread::sleep(Duration::from_millis(1500));
        let story = explain(&bpffs, &pair.near, "12");
        let reverted = advice(&story, "drop_reverted", "tcp");
        assert!(says(reverted, "`port12 attach -i w0 --mode drop`"), "{reverted}");
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        assert!(!reaches(&pair.far_raw(), 12), "the step does what it says");
    });
}

#[test]
fn what_a_killed_run_left_behind_is_told_as_such() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let run = bpffs.run(&pair.near, "-i w0");
        assert!(reaches(&pair.far_raw(), 12));
        run.signal(libc::SIGKILL);
        run.wait();
        until("detachment", || program(&pair.near, "w0").is_none().then_some(()));
        let story = explain(&bpffs, &pair.near, "12");
        let w0 = interface(&story, "w0");
        assert_eq!((&w0["place"], &w0["xdp_mode"]), (&json!("detached"), &json!(null)), "{w0}");
        let tcp = on(w0, "tcp");
        assert_eq!((&tcp["packets"], forecast(w0, "tcp")), (&json!(1), &json!(null)));
        assert_eq!(w0["port_sources"][0]["source"], FAR.to_string());
        advice(&story, "knocked_earlier", "tcp");
        advice(&story, "nothing_watches", "tcp");
        // It is told what a run would do.
        assert!(story["configured"]["interfaces"].is_array(), "{story}");
        let text = bpffs.ok(&pair.near, "explain 12");
        assert!(text.contains("w0: left behind: "), "{text}");
    });
}

#[test]
fn an_interface_of_another_namespace_says_nothing_of_this_one() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        assert!(!reaches(&pair.far_raw(), 12));
        let story = explain(&bpffs, &pair.far, "12");
        assert_eq!(interface(&story, "w0")["place"], "elsewhere");
        advice(&story, "nothing_watches", "tcp");
        assert!(
            story["advice"].as_array().unwrap().iter().all(|it| it["finding"] != "knocked_earlier")
        );
        let text = bpffs.ok(&pair.far, "explain 12");
        assert!(text.contains("w0: in another network namespace"), "{text}");
    });
}

#[test]
fn nothing_attached_is_told_with_what_run_would_do() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let policy = tempfile::NamedTempFile::new().unwrap();
        let text = "interfaces = [\"w0\"]\nmode = \"drop\"\n[[port]]\nports = \"12/tcp\"\naction = \
                    \"watch\"\n";
        fs::write(policy.path(), text).unwrap();
        let args = format!("12 --config {}", policy.path().display());
        let story = explain(&bpffs, &pair.near, &args);
        let configured = &story["configured"];
        assert_eq!(configured["file"], policy.path().to_str().unwrap());
        assert_eq!(configured["interfaces"], json!([{"interface": "w0", "refused": null}]));
        assert_eq!(forecast(configured, "tcp")["outcome"], "probe");
        assert_eq!(forecast(configured, "udp")["outcome"], "dropped");
        assert!(configured["mode_origin"].as_str().unwrap().ends_with(", line 2"), "{configured}");
        assert_eq!((&story["interfaces"], limits(&story).as_str()), (&json!([]), ""));
        // The environment goes before the file, as for `run`.
        let (story, text) = both(|| {
            let mut command = bpffs.command(&pair.near, &format!("explain {args}"));
            command.env("PORT12_MODE", "monitor");
            command
        });
        assert_eq!(story["configured"]["mode"], "monitor");
        assert!(text.contains("`port12 run` would watch in monitor mode (PORT12_MODE)"), "{text}");
        pair.near.sysctl("ipv4/ip_forward", "1");
        let story = explain(&bpffs, &pair.near, &args);
        let refused = story["configured"]["interfaces"][0]["refused"].as_str().unwrap();
        assert!(refused.contains("drop mode is refused"), "{refused}");
    });
}
