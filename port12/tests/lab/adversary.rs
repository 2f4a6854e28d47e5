//! Ways in which drop mode could have locked somebody out, or gone on in secret.

use std::{fs, thread, time::Duration};

use crate::support::{Bpffs, Pair, foreign::program, lab, mode, until};

/// Gone and back within a glance, and reloaded: the place of the new one is not the old one's to
/// clear.
#[test]
fn a_reload_after_an_interface_came_back_leaves_its_pins() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, directory) = (&pair.near, tempfile::tempdir().unwrap());
        let file = directory.path().join("port12.toml");
        fs::write(&file, "interfaces = [\"v0\"]\nmode = \"drop\"\n").unwrap();
        near.sh("ip link add v0 type veth peer name v1");
        for pin in ["", "--pin"] {
            let mut run = bpffs.run(near, &format!("{pin} --config {}", file.display()));
            near.sh("ip link del v0; ip link add v0 type veth peer name v1");
            run.signal(libc::SIGHUP);
            run.wait_until_said("reloaded");
            assert!(program(near, "v0").is_some());
            bpffs.ok(near, "bypass");
            run.stop();
            bpffs.ok(near, "detach");
        }
    });
}

/// "The whole of it, or nothing".
#[test]
fn a_reload_that_fails_leaves_no_interface_behind() {
    lab(|| {
        let (pair, bpffs, other) = (Pair::new(), Bpffs::new(), Bpffs::new());
        let (near, directory) = (&pair.near, tempfile::tempdir().unwrap());
        let file = directory.path().join("port12.toml");
        near.sh("ip link add v0 type veth peer name v1; ip link add z0 type veth peer name z1");
        other.ok(near, "attach -i z0");
        for pin in ["", "--pin"] {
            fs::write(&file, "interfaces = [\"w0\"]\n").unwrap();
            let mut run = bpffs.run(near, &format!("{pin} --config {}", file.display()));
            fs::write(&file, "interfaces = [\"w0\", \"v0\", \"z0\"]\nmode = \"drop\"\n").unwrap();
            run.signal(libc::SIGHUP);
            run.wait_until_said("the policy in force stays");
            thread::sleep(Duration::from_millis(300));
            assert_eq!(program(near, "v0"), None, "{pin}");
            assert!(bpffs.pinned("v0").is_empty() && bpffs.pinned("z0").is_empty(), "{pin}");
            run.stop();
            bpffs.ok(near, "detach");
        }
    });
}

/// What is pinned goes along with the name: another interface may take the old one.
#[test]
fn the_bypass_reaches_an_interface_that_was_renamed() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        near.sh("ip link add v0 type veth peer name v1");
        let mut run = bpffs.run(near, "-i v* --exclude v1 --mode drop");
        near.sh("ip link set v0 down; ip link set v0 name x0");
        near.sh("ip link add v0 type veth peer name v2; ip link set v2 name y2");
        until("the new one", || program(near, "v0").map(|_| ()));
        bpffs.ok(near, "bypass");
        let report = run.wait_for("a bypass", |report| {
            report.0["interfaces"]
                .as_array()
                .unwrap()
                .iter()
                .any(|it| it["mode"]["effective"] == "monitor")
        });
        for it in report.0["interfaces"].as_array().unwrap() {
            assert_eq!(it["mode"]["effective"], "monitor", "{it}");
        }
        run.stop();
    });
}

#[test]
fn an_attachment_that_fails_changes_no_policy() {
    lab(|| {
        let (pair, bpffs, other) = (Pair::new(), Bpffs::new(), Bpffs::new());
        let near = &pair.near;
        near.sh("ip link add v0 type veth peer name v1");
        bpffs.ok(near, "attach -i v0 --mode monitor");
        near.sh("ip link set v0 name x0; ip link add v0 type veth peer name v2");
        other.ok(near, "attach -i v0");
        bpffs.fails(near, "attach -i v0 --mode drop", 7);
        // Its program is on x0, and `status` names it so.
        assert_eq!(bpffs.status(near, "x0")["mode"]["effective"], "monitor");
    });
}

#[test]
fn a_confirmation_under_a_bypass_tells_the_truth() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop --confirm 1s");
        bpffs.ok(&pair.near, "bypass");
        thread::sleep(Duration::from_millis(1500));
        let late = bpffs.fails(&pair.near, "confirm", 1);
        assert!(late.contains("too late"), "{late}");
    });
}

#[test]
fn what_is_confirmed_stays_so_when_the_interface_goes_and_comes() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        near.sh("ip link add v0 type veth peer name v1");
        let mut run = bpffs.run(near, "-i v0 --mode drop --pin --confirm 60s");
        bpffs.ok(near, "confirm");
        near.sh("ip link del v0");
        run.wait_until_said("the interface has vanished");
        thread::sleep(Duration::from_millis(1500));
        near.sh("ip link add v0 type veth peer name v1");
        run.wait_until_said("v0: native XDP, drop mode");
        assert_eq!(mode(&bpffs.status(near, "v0")), "drop");
        run.stop();
    });
}

/// No deadline is taken away from rules that nobody confirmed.
#[test]
fn a_reload_that_is_cut_off_makes_no_trial_permanent() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, directory) = (&pair.near, tempfile::tempdir().unwrap());
        let file = directory.path().join("port12.toml");
        fs::write(&file, "interfaces = [\"w0\"]\nmode = \"drop\"\nconfirm = \"60s\"\n").unwrap();
        let args = format!("--pin --config {}", file.display());
        let mut command = bpffs.run_command(near, &args);
        command.env("PORT12_FAULT", "kill:reload.gate");
        let run = crate::support::Port12::launch(command);
        fs::write(
            &file,
            "interfaces = [\"w0\"]\nmode = \"drop\"\n[[port]]\nports = \"12/tcp\"\n\
             action = \"watch\"\n",
        )
        .unwrap();
        run.signal(libc::SIGHUP);
        run.wait();
        assert_eq!(mode(&bpffs.status(near, "w0")), "drop, unconfirmed");
    });
}

/// The host forwards by the time the daemon is to come back.
#[test]
fn a_restart_that_is_refused_stops_what_is_attached() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        bpffs.ok(near, "attach -i w0 --mode drop");
        near.sysctl("ipv4/ip_forward", "1");
        let said = bpffs.fails(near, "run -i w0 --mode drop --pin", 3);
        assert!(said.contains("drops nothing from now on"), "{said}");
        assert_eq!(mode(&bpffs.status(near, "w0")), "monitor, forwarding");
        near.sysctl("ipv4/ip_forward", "0");
        bpffs.ok(near, "attach -i w0 --mode drop");
        assert_eq!(mode(&bpffs.status(near, "w0")), "drop");
    });
}

#[test]
fn what_is_attached_in_another_network_namespace_is_left_alone() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        pair.far.sh("ip link add w0 type veth peer name w1");
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        let id = program(&pair.near, "w0");
        let said = bpffs.fails(&pair.far, "attach -i w0", 7);
        assert!(said.contains("another network namespace"), "{said}");
        assert_eq!((program(&pair.near, "w0"), program(&pair.far, "w0")), (id, None));
    });
}

#[test]
fn what_others_have_pinned_under_common_names_is_left_alone() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let pins = bpffs.pins();
        bpffs.make_pins();
        for name in ["other/link", "mixed/COUNTERS", "mixed/theirs"] {
            let path = pins.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            pair.near.sh(&format!(
                "bpftool map create {} type array key 4 value 4 entries 1 name p",
                path.display()
            ));
        }
        bpffs.ok(&pair.near, "attach -i w0");
        bpffs.ok(&pair.near, "detach");
        assert_eq!(bpffs.pinned("other"), ["link"]);
        assert_eq!(bpffs.pinned("mixed"), ["COUNTERS", "theirs"]);
    });
}

/// The operator is told "allowed", and is.
#[test]
fn a_source_that_is_allowed_during_a_reload_is_allowed() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, directory) = (&pair.near, tempfile::tempdir().unwrap());
        let file = directory.path().join("port12.toml");
        let write = |more: &str| {
            let many = (0..20_000).map(|n| format!("\"100.{}.{}.1\", ", n / 200, n % 200));
            let many: String = many.collect();
            let text = format!("interfaces = [\"w0\"]\nallow = [{many}{more}]\n");
            fs::write(&file, text).unwrap();
        };
        write("\"10.77.0.2\"");
        let mut run = bpffs.run(near, &format!("--config {}", file.display()));
        write("");
        run.signal(libc::SIGHUP);
        for _ in 0..8 {
            bpffs.ok(near, "allow add 10.77.0.2");
        }
        run.wait_until_said("reloaded");
        let list = bpffs.ok(near, "allow list");
        assert!(list.contains("10.77.0.2") && list.contains("operator"));
        run.stop();
    });
}
