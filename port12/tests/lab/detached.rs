//! Somebody else detaches port12's program.

use std::fs;

use crate::support::{
    Bpffs, Pair,
    addresses::BOTH,
    foreign::{self, program},
    frame::syn,
    lab, reaches, until,
};

fn knock(pair: &Pair) -> bool {
    reaches(&pair.far_raw(), 12)
}

#[test]
fn run_reports_that_its_program_was_detached_and_the_program_that_is_there_instead() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop");
        assert!(!knock(&pair));
        foreign::detach(&pair.near, "w0");
        let said = run.wait_until_said("w0: port12's XDP program was detached");
        assert!(said.contains("no XDP program is attached") && said.contains("reattach"), "{said}");
        let report = run.wait_for("the mode in force", |it| {
            it.0["interfaces"][0]["mode"]["effective"] != "drop"
        });
        assert!(report.interface("w0")["xdp_mode"].is_null());
        assert!(knock(&pair));
        let said = bpffs.fails(&pair.near, "status", 3);
        assert!(said.contains("w0: port12's XDP program was detached"), "{said}");

        let other = foreign::hold(&pair.near, "w0");
        let said = run.wait_until_said("attached instead: id");
        // `run` has given up the capability that names it; `status` has it.
        assert!(said.contains("takes CAP_SYS_ADMIN"), "{said}");
        let said = bpffs.fails(&pair.near, "status", 7);
        assert!(said.contains("name theirs"), "{said}");
        assert_eq!(bpffs.status(&pair.near, "w0")["mode"]["effective"], "monitor");
        drop(other);

        // An administrator may be rescuing the host, and log rotation sends SIGHUP, too.
        run.signal(libc::SIGHUP);
        run.wait_until_said("reloaded, but port12's program is not attached to w0");
        assert_eq!(program(&pair.near, "w0"), None);
        run.stop();
    });
}

#[test]
fn a_loader_that_takes_the_place_is_left_alone_and_named() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop --reattach");
        let object = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/port12.bpf.o");
        let ours = program(&pair.near, "w0").unwrap();
        // In one go: `reattach` has no second to be faster in.
        let links = pair.near.sh("bpftool --json link list");
        let links: serde_json::Value = serde_json::from_str(&links).unwrap();
        let links = links.as_array().unwrap();
        let link = &links.iter().find(|it| it["prog_id"] == ours).unwrap()["id"];
        pair.near.sh(&format!(
            "bpftool link detach id {link} && ip link set dev w0 xdp obj {object} sec xdp"
        ));
        let theirs = program(&pair.near, "w0").unwrap();
        run.wait_until_said(&format!("attached instead: id {theirs}"));
        assert_eq!(program(&pair.near, "w0"), Some(theirs));
        pair.near.sh("ip link set dev w0 xdp off");
        run.wait_until_said("w0: attached again: native XDP, drop mode");
        assert_eq!(program(&pair.near, "w0"), Some(ours));
        run.stop();
    });
}

#[test]
fn a_program_is_attached_again_with_its_state_if_the_policy_says_reattach() {
    for pin in ["", "--pin"] {
        lab(|| {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            let args = format!("-i w0 --mode drop --reattach {pin}");
            let mut run = bpffs.run(&pair.near, &args);
            assert!(!knock(&pair));
            let ours = program(&pair.near, "w0");
            foreign::detach(&pair.near, "w0");
            run.wait_until_said("w0: port12's XDP program was detached");
            run.wait_until_said("w0: attached again: native XDP, drop mode");
            assert_eq!(program(&pair.near, "w0"), ours);
            let cable = pair.far_raw();
            let report = run.wait_for("another drop", |report| {
                cable.send(&syn(BOTH[0], 12));
                report.outcome("dropped") > 1
            });
            assert_eq!(report.interface("w0")["xdp_mode"], "native");
            assert_eq!(bpffs.status(&pair.near, "w0")["mode"]["effective"], "drop");
            run.stop();
            // What is pinned is the link that is in force.
            let stays = !pin.is_empty();
            until("the program to stay or to leave", || {
                (program(&pair.near, "w0").is_some() == stays).then_some(())
            });
        });
    }
}

#[test]
fn a_reload_attaches_again_if_the_file_that_it_reads_says_reattach() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("port12.toml");
        fs::write(&file, "interfaces = [\"w0\"]\nmode = \"drop\"\n").unwrap();
        let mut run = bpffs.run(&pair.near, &format!("--config {}", file.display()));
        foreign::detach(&pair.near, "w0");
        run.wait_until_said("w0: port12's XDP program was detached");
        fs::write(&file, "interfaces = [\"w0\"]\nmode = \"drop\"\nreattach = true\n").unwrap();
        run.signal(libc::SIGHUP);
        run.wait_until_said("w0: attached again");
        assert_eq!(run.wait_until_said("reloaded"), "port12: reloaded");
        assert!(!knock(&pair));
        run.stop();
    });
}

#[test]
fn status_without_a_daemon_tells_what_was_detached_and_attach_mends_it() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.fails(&pair.near, "status", 3);
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        bpffs.ok(&pair.near, "status");
        foreign::detach(&pair.near, "w0");
        bpffs.fails(&pair.near, "status", 3);
        let theirs = foreign::attach(&pair.near, "w0");
        let said = bpffs.fails(&pair.near, "status", 7);
        assert!(said.contains(&format!("id {theirs}")), "{said}");
        assert_eq!(bpffs.status(&pair.near, "w0")["other_program_id"], theirs);
        pair.near.sh("ip link set dev w0 xdp off");
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        bpffs.ok(&pair.near, "status");
        assert!(!knock(&pair));
    });
}
