//! Bans that outlive a run without pins.

use std::{
    fs,
    net::IpAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    Banning, Bpffs, Pair, Port12,
    addresses::{FAR, NEAR},
    banning::bans,
    frame::syn,
    lab, reaches, until,
};

/// The file in a state directory; null if there is none.
fn file(bpffs: &Bpffs) -> Value {
    let text = fs::read_to_string(path(bpffs)).unwrap_or_else(|_| "null".into());
    serde_json::from_str(&text).unwrap()
}

fn path(bpffs: &Bpffs) -> PathBuf {
    bpffs.kept().join("bans.json")
}

/// Changes the file of a daemon that has ended.
fn edit(bpffs: &Bpffs, change: impl FnOnce(&mut Value)) {
    let mut document = file(bpffs);
    change(&mut document);
    fs::write(path(bpffs), document.to_string()).unwrap();
}

fn sources(list: &[Value]) -> Vec<&str> {
    list.iter().map(|ban| ban["source"].as_str().unwrap()).collect()
}

#[test]
fn bans_of_both_origins_and_scopes_outlive_the_end_of_a_run() {
    lab(|| {
        let host = Banning::new("after = 5\nfor = \"1h\"\nscope = \"all\"");
        let (near, far) = (&host.pair.near, host.pair.far_raw());
        let mut run = host.run("");
        let banned = host.bpffs.ok(near, "ban 10.12.0.30 --for 2h");
        assert!(!banned.contains("it ends with"), "{banned}");
        host.bpffs.ok(near, "ban 10.12.0.31 --scope all");
        (0..7).for_each(|_| far.send(&syn((NEAR.into(), FAR.into()), 12)));
        run.wait_until_said("is banned for 1h");
        let before = host.bans();
        assert_eq!(sources(&before), [&*FAR.to_string(), "10.12.0.30", "10.12.0.31"]);
        run.stop();
        assert!(host.bpffs.pinned("w0").is_empty());
        let mut run = Port12::spawn(host.command(""));
        let said = run.wait_until_said("read back");
        assert!(said.contains("w0: 3 bans are read back from"), "{said}");
        run.wait_until_said("ports of the registry of");
        assert!(!reaches(&far, 12), "with its next packet");
        let after = host.bans();
        for (before, after) in before.iter().zip(&after) {
            for same in ["source", "origin", "scope", "times"] {
                assert_eq!(before[same], after[same]);
            }
            let [earlier, later] = [before, after].map(|it| it["remaining_seconds"].as_u64());
            assert!(later <= earlier && later >= earlier.map(|it| it - 30), "{before} {after}");
        }
        assert_eq!(after[0]["packets"].as_u64(), before[0]["packets"].as_u64().map(|it| it + 1));
        // It reads back no events.
        run.signal(libc::SIGINT);
        let said = run.wait().said;
        assert!(!said.iter().any(|it| it.contains("is banned")), "{said:?}");
    });
}

#[test]
fn what_changed_last_outlives_a_kill() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        let run = bpffs.run(near, "-i w0");
        bpffs.ok(near, "ban 10.12.0.30");
        until("the file", || (!file(&bpffs)["interfaces"]["w0"].is_null()).then_some(()));
        run.signal(libc::SIGSTOP);
        // Nobody writes them.
        bpffs.ok(near, "ban 10.12.0.2");
        bpffs.ok(near, "unban 10.12.0.30");
        run.signal(libc::SIGKILL);
        drop(run);
        let run = bpffs.run(near, "-i w0");
        assert_eq!(sources(&bans(&bpffs, near)), ["10.12.0.2"]);
        assert!(!reaches(&far, 12));
        // And so they are written, before another kill.
        let written = json!(["10.12.0.2"]);
        until("the file", || {
            let bans = file(&bpffs)["interfaces"]["w0"].clone();
            let sources: Value = bans.as_array()?.iter().map(|it| it["source"].clone()).collect();
            (sources == written).then_some(())
        });
        run.signal(libc::SIGKILL);
        drop(run);
        fs::remove_dir_all(bpffs.pins()).unwrap();
        let run = bpffs.run(near, "-i w0");
        assert_eq!(sources(&bans(&bpffs, near)), ["10.12.0.2"], "by the file alone");
        run.stop();
    });
}

#[test]
fn running_time_passes_between_runs_and_stops_between_boots() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let run = bpffs.run(near, "-i w0");
        bpffs.ok(near, "ban 10.12.0.30 --for 1h");
        bpffs.ok(near, "ban 10.12.0.31 --for 2s");
        let began = Instant::now();
        run.stop();
        until("the end of a ban", || (began.elapsed() > Duration::from_secs(2)).then_some(()));
        bpffs.run(near, "-i w0").stop();
        let document = file(&bpffs);
        assert_eq!(sources(document["interfaces"]["w0"].as_array().unwrap()), ["10.12.0.30"]);
        // As if the machine had been off: its jiffies began anew, with other ticks.
        edit(&bpffs, |document| {
            let ban = &mut document["interfaces"]["w0"][0];
            (ban["since"], ban["until"]) = (json!(1000), json!(1000 + 700 * 10));
            document["jiffies"] = json!(1000 + 100 * 10);
            (document["boot"], document["hz"]) = (json!("0".repeat(32)), json!(10));
        });
        let run = bpffs.run(near, "-i w0");
        let [ban] = &bans(&bpffs, near)[..] else { panic!("one ban") };
        let rest = ban["remaining_seconds"].as_u64().unwrap();
        assert!((580..=600).contains(&rest), "{ban}");
        assert!((100..=120).contains(&ban["banned_seconds"].as_u64().unwrap()), "{ban}");
        run.stop();
    });
}

#[test]
fn a_removed_ban_does_not_come_back_wherever_it_was_removed() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let ban = || bpffs.ok(near, "ban 10.12.0.30 10.12.0.31");
        let is_left = |left: &[&str]| {
            let run = bpffs.run(near, "-i w0");
            assert_eq!(sources(&bans(&bpffs, near)), left);
            run
        };
        let run = bpffs.run(near, "-i w0");
        ban();
        bpffs.ok(near, "unban 10.12.0.30");
        run.stop();
        // While it runs, and while nothing is there.
        is_left(&["10.12.0.31"]).stop();
        let said = bpffs.ok(near, "unban 10.12.0.31 10.12.0.32");
        let directory = bpffs.kept();
        let directory = directory.display();
        assert!(said.contains(&format!("{directory}: 10.12.0.31 is banned no longer")), "{said}");
        assert!(said.contains(&format!("{directory}: 10.12.0.32 was not banned")), "{said}");
        is_left(&[]).stop();
        assert!(bpffs.ok(near, "unban --all").contains("no source was banned"));
        // On pins that stay, without a daemon.
        bpffs.ok(near, "attach -i w0");
        ban();
        bpffs.ok(near, "unban 10.12.0.30");
        bpffs.ok(near, "detach");
        is_left(&["10.12.0.31"]).stop();
        bpffs.ok(near, "unban --all");
        is_left(&[]).stop();
    });
}

#[test]
fn pins_precede_the_file() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        near.sh("ip link add v0 type veth peer name v1");
        let run = bpffs.run(near, "-i w0,v0");
        bpffs.ok(near, "ban 10.12.0.30");
        run.stop();
        let written = file(&bpffs);
        assert_eq!(written["interfaces"].as_object().unwrap().len(), 2, "{written}");
        bpffs.ok(near, "attach -i w0");
        assert_eq!(sources(&bans(&bpffs, near)), ["10.12.0.30"]);
        bpffs.ok(near, "unban 10.12.0.30");
        // A file of before, as a restored backup is.
        fs::write(path(&bpffs), written.to_string()).unwrap();
        let run = bpffs.run(near, "-i w0,v0 --pin");
        assert!(bans(&bpffs, near).is_empty());
        until("the file", || (file(&bpffs)["interfaces"] == json!({})).then_some(()));
        run.stop();
    });
}

#[test]
fn a_source_that_the_host_needs_by_now_is_not_banned_again() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let run = bpffs.run(near, "-i w0");
        bpffs.ok(near, "ban 10.12.0.2 10.12.0.30");
        run.stop();
        near.sh("ip route add default via 10.12.0.2");
        let mut run = Port12::spawn(bpffs.run_command(near, "-i w0"));
        let said = run.wait_until_said("the ban of 10.12.0.2 is not restored");
        assert!(said.contains("it is the gateway of a route"), "{said}");
        run.wait_until_said("ports of the registry of");
        assert_eq!(sources(&bans(&bpffs, near)), ["10.12.0.30"]);
        run.stop();
    });
}

#[test]
fn a_file_that_cannot_be_read_is_set_aside_and_stops_no_run() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        let run = bpffs.run(near, "-i w0");
        bpffs.ok(near, "ban 10.12.0.2");
        run.stop();
        let written = fs::read_to_string(path(&bpffs)).unwrap();
        let newer = written.replace("\"version\":1", "\"version\":9");
        for text in [&written[..written.len() / 2], "", "[]", &newer] {
            fs::write(path(&bpffs), text).unwrap();
            let mut run = Port12::spawn(bpffs.run_command(near, "-i w0"));
            let said = run.wait_until_said("no ban is read back");
            let aside = bpffs.kept().join("bans.json.aside");
            assert!(said.contains(&aside.display().to_string()), "{said}");
            run.wait_until_said("ports of the registry of");
            assert_eq!(fs::read_to_string(&aside).unwrap(), text);
            assert!(reaches(&far, 12));
            run.stop();
        }
    });
}

#[test]
fn bans_of_a_daemon_in_the_runtime_directory_outlive_it() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        fs::write(bpffs.kept(), "").unwrap();
        let run = bpffs.run(near, "-i w0");
        let said = bpffs.ok(near, "ban 10.12.0.30");
        assert!(said.contains("it ends with the next boot"), "{said}");
        run.stop();
        let run = bpffs.run(near, "-i w0");
        assert_eq!(sources(&bans(&bpffs, near)), ["10.12.0.30"]);
        run.stop();
        fs::remove_file(bpffs.kept()).unwrap();
    });
}

#[test]
fn an_interface_that_comes_back_has_its_bans() {
    lab(|| {
        let host = Banning::of(Pair::new(), "", "after = 3\nfor = \"1h\"");
        let near = &host.pair.near;
        near.sh("ip link add v0 type veth peer name v1");
        let far = host.pair.far_raw();
        let mut run = Port12::launch(host.command("-i w0,v0"));
        host.bpffs.ok(near, "ban 10.12.0.30");
        let is_banned = |source: IpAddr| sources(&host.bans()).contains(&&*source.to_string());
        until("the ban", || {
            far.send(&syn((NEAR.into(), FAR.into()), 12));
            is_banned(FAR.into()).then_some(())
        });
        near.sh("ip link set w0 down; ip link set w0 name x0");
        run.wait_until_said("x0");
        until("the ban under the new name", || {
            let written = file(&host.bpffs);
            written["interfaces"]["x0"].as_array().filter(|it| it.len() == 2).map(|_| ())
        });
        run.stop();
        let mut run = Port12::spawn(host.command("-i v0"));
        run.wait_until_said("v0: 1 ban is read back");
        run.wait_until_said("ports of the registry of");
        host.bpffs.ok(near, "unban 10.12.0.30");
        run.stop();
        let mut run = Port12::spawn(host.command("-i x0"));
        run.wait_until_said("x0: 1 ban is read back");
        run.wait_until_said("ports of the registry of");
        assert_eq!(sources(&host.bans()), [FAR.to_string()]);
        run.stop();
    });
}
