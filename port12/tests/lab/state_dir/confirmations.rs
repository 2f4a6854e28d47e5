//! Confirmations of drop mode that outlive a run without pins.

use std::fs;

use crate::support::{Bpffs, Namespace, Pair, Port12, lab, mode, reaches, until};

const TRIAL: &str = "-i w0 --mode drop --confirm 5s";

/// Starts a run whose drop mode was confirmed before.
fn starts_confirmed(bpffs: &Bpffs, near: &Namespace, args: &str) -> Port12 {
    let mut run = Port12::spawn(bpffs.run_command(near, args));
    let line = run.wait_until_said("ports of the registry of");
    assert!(line.contains("drop mode (confirmed before),"), "{line}");
    assert!(bpffs.status(near, "w0")["mode"]["reverts_in_seconds"].is_null());
    run
}

/// Starts a run that asks for a confirmation.
fn asks(bpffs: &Bpffs, near: &Namespace, args: &str) -> Port12 {
    let mut run = Port12::spawn(bpffs.run_command(near, args));
    let line = run.wait_until_said("ports of the registry of");
    assert!(!line.contains("confirmed before"), "{line}");
    run.wait_until_said("drop mode reverts to monitor in 5 s");
    run
}

fn is_written(bpffs: &Bpffs) {
    let file = bpffs.kept().join("confirmations.json");
    until("the file", || fs::read_to_string(&file).ok().filter(|it| it.contains("\"w0\"")));
}

#[test]
fn drop_mode_that_was_confirmed_stays_so_for_the_same_policy() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        let run = asks(&bpffs, near, TRIAL);
        bpffs.ok(near, "confirm");
        is_written(&bpffs);
        run.signal(libc::SIGKILL);
        drop(run);
        let run = starts_confirmed(&bpffs, near, TRIAL);
        assert!(!reaches(&far, 12));
        run.stop();
        // Another policy is another question, and the first keeps its answer until that is given.
        asks(&bpffs, near, &format!("{TRIAL} --include-reserved")).stop();
        starts_confirmed(&bpffs, near, TRIAL).stop();
        let run = asks(&bpffs, near, &format!("{TRIAL} --include-reserved"));
        bpffs.ok(near, "confirm");
        run.stop();
        asks(&bpffs, near, TRIAL).stop();
        // A policy without a deadline confirms nothing.
        bpffs.run(near, "-i w0 --mode drop").stop();
        asks(&bpffs, near, TRIAL).stop();
    });
}

#[test]
fn drop_mode_that_nobody_confirmed_is_no_confirmation() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        let mut run = asks(&bpffs, near, TRIAL);
        run.wait_until_said("drop mode has reverted to monitor");
        assert!(reaches(&far, 12));
        bpffs.fails(near, "confirm", 1);
        run.stop();
        assert!(!bpffs.kept().join("confirmations.json").exists());
        asks(&bpffs, near, TRIAL).stop();
    });
}

#[test]
fn a_confirmation_without_a_daemon_is_kept_too() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        // It makes the directory.
        bpffs.run(near, "-i w0").stop();
        bpffs.ok(near, &format!("attach {TRIAL}"));
        bpffs.ok(near, "confirm");
        is_written(&bpffs);
        bpffs.ok(near, "detach");
        starts_confirmed(&bpffs, near, TRIAL).stop();
        bpffs.ok(near, &format!("attach {TRIAL}"));
        assert_eq!(mode(&bpffs.status(near, "w0")), "drop");
        assert!(!reaches(&far, 12));
    });
}

#[test]
fn pins_that_wait_for_a_confirmation_precede_the_file() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let run = asks(&bpffs, near, TRIAL);
        bpffs.ok(near, "confirm");
        is_written(&bpffs);
        run.stop();
        let kept = bpffs.kept().join("confirmations.json");
        let aside = bpffs.kept().join("mine");
        fs::rename(&kept, &aside).unwrap();
        bpffs.ok(near, &format!("attach {TRIAL}"));
        fs::rename(&aside, &kept).unwrap();
        let run = bpffs.run(near, &format!("{TRIAL} --pin"));
        let rest = bpffs.status(near, "w0")["mode"]["reverts_in_seconds"].clone();
        assert!(rest.is_u64(), "{rest}");
        run.stop();
    });
}
