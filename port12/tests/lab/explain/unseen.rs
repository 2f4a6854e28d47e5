//! What cannot be seen is told, and is no failure.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};

use super::{PROGRAM, advice, both, interface, limits, on, says};
use crate::{
    support::{Bpffs, Namespace, Ordinary, Pair, Port12, lab, reaches, sockets::wait_for_socket},
    who::Running,
};

#[test]
fn an_ordinary_user_is_told_what_it_would_take() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
        let _nc = Running::start(pair.near.command("nc").args(["-k", "-l", "-p", "12"]));
        wait_for_socket(&pair.near, "tcp", 12);
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        let (story, text) = both(|| user.command(&pair.near, &[], &bpffs.pins(), "explain 12"));
        assert_eq!(story["interfaces"], json!(null), "{story}");
        assert!(limits(&story).contains("what port12 watches: "), "{story}");
        assert!(text.contains("what is pinned cannot be read; see below"), "{text}");
        let socket = &story["sockets"][0];
        assert_eq!((&socket["owner"], &socket["probes"]), (&json!("unseen"), &json!(null)));
        assert!(says(
            advice(&story, "unseen_owner", "tcp"),
            "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
        ));
        advice(&story, "watch_unseen", "tcp");
        advice(&story, "unexpected_listener", "tcp");
        // Nothing is said of what is not seen.
        let found: Vec<&Value> =
            story["advice"].as_array().unwrap().iter().map(|it| &it["finding"]).collect();
        for claim in ["quiet", "nothing_watches", "not_counted", "only_reached"] {
            assert!(!found.contains(&&json!(claim)), "{found:?}");
        }
        assert!(!text.contains("nothing came"), "{text}");
    });
}

#[test]
fn a_policy_file_that_one_may_not_read_is_told() {
    lab(|| {
        let (near, bpffs, user) = (Namespace::new(), Bpffs::new(), Ordinary::new());
        let policy = user.file("secret.toml");
        fs::write(&policy, "mode = \"drop\"\n").unwrap();
        fs::set_permissions(&policy, PermissionsExt::from_mode(0o600)).unwrap();
        let args = format!("explain 12 --config {}", policy.display());
        let (story, text) = both(|| user.command(&near, &[], &bpffs.pins(), &args));
        assert_eq!(story["configured"], json!(null));
        assert!(limits(&story).contains("cannot read the policy file"), "{story}");
        assert!(text.contains("what `port12 run` would do is not known; see below"), "{text}");
    });
}

#[test]
fn what_one_may_not_see_of_forwarding_is_no_refusal() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
        let policy = user.file("policy.toml");
        fs::write(&policy, "mode = \"drop\"\ninterfaces = [\"w0\"]\n").unwrap();
        let args = format!("explain 12 --config {}", policy.display());
        let (story, _) = both(|| user.command(&pair.near, &[], &bpffs.pins(), &args));
        let planned = &story["configured"]["interfaces"];
        assert_eq!(*planned, json!([{"interface": "w0", "refused": null}]), "{story}");
        assert!(limits(&story).contains("whether `port12 run` would be refused there"), "{story}");
    });
}

#[test]
fn a_user_with_the_three_capabilities_and_pins_of_its_own_sees_all_but_owners() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
        user.takes(&bpffs);
        let _nc = Running::start(pair.near.command("nc").args(["-k", "-l", "-p", "14"]));
        wait_for_socket(&pair.near, "tcp", 14);
        user.ok(&pair.near, &bpffs, "attach -i w0");
        assert!(reaches(&pair.far_raw(), 12));
        let text = user.ok(&pair.near, &bpffs, "explain 12 --output json");
        let story: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(on(interface(&story, "w0"), "tcp")["packets"], 1, "{story}");
        let text = user.ok(&pair.near, &bpffs, "explain 14 --output json");
        let story: Value = serde_json::from_str(&text).unwrap();
        advice(&story, "unseen_owner", "tcp");
    });
}

#[test]
fn where_there_is_no_bpffs_what_runs_is_not_called_nothing() {
    lab(|| {
        let pair = Pair::new();
        let mut command = pair.near.command(PROGRAM);
        command.args(["run", "--output", "json", "--interval", "200ms", "-i", "w0"]);
        let nowhere = Path::new("/nonexistent/port12");
        let run = Port12::launch({
            command.env("PORT12_PIN_DIR", nowhere);
            command
        });
        let explain = || {
            let mut command = pair.near.command(PROGRAM);
            command.args(["explain", "12"]).env("PORT12_PIN_DIR", nowhere);
            command
        };
        let (story, text) = both(explain);
        assert_eq!(story["interfaces"], json!([]));
        assert!(limits(&story).contains("and it is port12's"), "{story}");
        advice(&story, "watch_unseen", "tcp");
        assert!(!text.contains("no program of port12 is pinned\n"), "{text}");
        run.stop();
        let (story, text) = both(explain);
        advice(&story, "nothing_watches", "tcp");
        assert!(text.contains("nothing: no program of port12 is pinned\n"), "{text}");
    });
}

#[test]
fn without_proc_the_rest_is_told() {
    lab(|| {
        let near = Namespace::new();
        let _nc = Running::start(near.command("nc").args(["-l", "-p", "12"]));
        wait_for_socket(&near, "tcp", 12);
        let text = near.sh(&format!("unshare -m sh -c 'umount -l /proc; {PROGRAM} explain 12'"));
        assert!(text.contains("not seen: processes: /proc cannot be read: No such file"), "{text}");
        assert!(text.contains("tcp         12 listen"), "{text}");
    });
}
