//! Drop mode that reverts unless somebody confirms it, and dropping that somebody stops.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::support::{Bpffs, Pair, lab, mode, reaches, until};

#[test]
fn drop_mode_reverts_with_the_daemon_alive_killed_and_stopped() {
    for signal in [None, Some(libc::SIGKILL), Some(libc::SIGSTOP)] {
        lab(|| {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            let far = pair.far_raw();
            let started = Instant::now();
            let mut run = bpffs.run(&pair.near, "-i w0 --mode drop --pin --confirm 6s");
            let said = "drop mode reverts to monitor in 6 s unless `port12 confirm` comes";
            run.wait_until_said(said);
            if let Some(signal) = signal {
                run.signal(signal);
            }
            assert!(!reaches(&far, 12));
            until("the deadline", || reaches(&far, 12).then_some(()));
            assert!(started.elapsed() >= Duration::from_secs(6), "{signal:?}");
            let status = bpffs.status(&pair.near, "w0");
            assert_eq!(status["mode"]["effective"], "monitor", "{signal:?}");
            let late = bpffs.fails(&pair.near, "confirm", 1);
            assert!(late.contains("too late"), "{late}");
            assert!(reaches(&far, 12));
            if signal.is_none() {
                run.wait_until_said("drop mode has reverted to monitor");
                let report = run.wait_for("monitor mode", |report| {
                    report.interface("w0")["mode"]["effective"] == "monitor"
                });
                assert!(report.port("tcp", 12, "packets") > report.port("tcp", 12, "dropped"));
                run.stop();
            }
        });
    }
}

#[test]
fn what_is_confirmed_stays_through_restarts() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let far = pair.far_raw();
        bpffs.ok(&pair.near, "attach -i w0 --mode drop --confirm 5s");
        assert!(
            bpffs.status(&pair.near, "w0")["mode"]["reverts_in_seconds"].as_u64().unwrap() <= 5
        );
        let said = bpffs.ok(&pair.near, "confirm");
        assert!(said.contains("w0: drop mode is confirmed"), "{said}");
        bpffs.run(&pair.near, "-i w0 --mode drop --pin --confirm 5s").stop();
        thread::sleep(Duration::from_secs(6));
        assert!(!reaches(&far, 12));
        assert_eq!(mode(&bpffs.status(&pair.near, "w0")), "drop");
    });
}

#[test]
fn a_restart_prolongs_no_trial_and_revives_none() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let far = pair.far_raw();
        let left =
            || bpffs.status(&pair.near, "w0")["mode"]["reverts_in_seconds"].as_u64().unwrap();
        bpffs.ok(&pair.near, "attach -i w0 --mode drop --confirm 8s");
        until("half of the time", || (left() <= 4).then_some(()));
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop --pin --confirm 8s");
        assert!(left() <= 4);
        until("the deadline", || reaches(&far, 12).then_some(()));
        run.signal(libc::SIGTERM);
        run.wait();
        run = bpffs.run(&pair.near, "-i w0 --mode drop --pin --confirm 8s");
        assert!(reaches(&far, 12), "a supervisor that restarts it locks nobody out again");
        // The operator can.
        run.signal(libc::SIGHUP);
        run.wait_until_said("drop mode reverts to monitor in 8 s");
        assert!(!reaches(&far, 12));
        bpffs.ok(&pair.near, "confirm");
        run.stop();
        thread::sleep(Duration::from_secs(9));
        assert!(!reaches(&far, 12));
    });
}

#[test]
fn a_trial_that_nobody_could_confirm_is_refused() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let nowhere = std::env::temp_dir().join(format!("port12-no-{}", std::process::id()));
        let mut run = bpffs.command(&pair.near, "run -i w0 --mode drop --confirm 3s");
        let output = run.env("PORT12_PIN_DIR", &nowhere).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&output.stderr).contains("is not in a bpffs"));
    });
}

#[test]
fn the_bypass_stops_all_dropping_with_a_daemon_and_without_and_for_those_who_come() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let far = pair.far_raw();
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop --pin");
        assert!(!reaches(&far, 12));
        let said = bpffs.ok(&pair.near, "bypass");
        assert!(said.contains("`port12 bypass --off` undoes it"), "{said}");
        assert!(reaches(&far, 12));
        run.wait_until_said("all dropping is stopped");
        run.signal(libc::SIGHUP);
        run.wait_until_said("reloaded");
        assert!(reaches(&far, 12), "a reload does not undo it");
        run.stop();
        assert!(reaches(&far, 12));
        pair.near.sh("ip link add v0 type veth peer name v1");
        bpffs.ok(&pair.near, "attach -i w0,v0 --mode drop");
        assert_eq!(mode(&bpffs.status(&pair.near, "v0")), "monitor, bypassed");
        assert!(reaches(&far, 12), "nor does a restart");
        bpffs.ok(&pair.near, "bypass --off");
        assert!(!reaches(&far, 12));
    });
}
