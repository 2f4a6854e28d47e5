//! Pins that somebody removes, under a daemon that lives.

use std::fs;

use crate::support::{Bpffs, Pair, Port12, foreign::program, lab, reaches, until};

fn knock(pair: &Pair) -> bool {
    reaches(&pair.far_raw(), 12)
}

fn restored(run: &mut Port12) {
    run.wait_until_said("the pins had been removed, and are restored");
}

#[test]
fn bypass_works_while_no_bpffs_is_mounted_and_the_pins_come_back_with_one() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let mut run = bpffs.run_here(&pair.near, "-i w0 --mode drop");
        assert!(!knock(&pair));
        bpffs.unmount();
        let said = run.wait_until_said("the pins were removed by another process");
        assert!(said.contains("is not in a bpffs") && said.contains("port12 bypass"), "{said}");
        assert!(!knock(&pair), "dropping goes on");
        let status = bpffs.ok(&pair.near, "status");
        assert!(status.contains("w0") && status.contains("not pinned in"), "{status}");
        bpffs.ok(&pair.near, "bypass");
        assert!(knock(&pair));
        bpffs.ok(&pair.near, "bypass --off");
        assert!(!knock(&pair));

        bpffs.mount();
        restored(&mut run);
        let status = bpffs.status(&pair.near, "w0");
        assert_eq!(
            (&status["mode"]["effective"], &status["xdp_mode"]),
            (&"drop".into(), &"native".into())
        );
        bpffs.ok(&pair.near, "bypass");
        assert!(knock(&pair));
        bpffs.ok(&pair.near, "bypass --off");
        let stats = bpffs.ok(&pair.near, "stats --output json");
        assert_eq!(crate::support::Report::parse(stats.trim()).port("tcp", 12, "dropped"), 3);
        run.stop();
        assert!(bpffs.pinned("w0").is_empty());
        assert_eq!(program(&pair.near, "w0"), None);
    });
}

#[test]
fn a_bpffs_that_is_mounted_over_the_pins_gets_them() {
    for pin in ["", "--pin"] {
        lab(|| {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            let mut run = bpffs.run_here(&pair.near, &format!("-i w0 -i lo --mode drop {pin}"));
            bpffs.mount();
            restored(&mut run);
            assert_eq!(bpffs.status(&pair.near, "w0")["persistent"], !pin.is_empty());
            bpffs.ok(&pair.near, "bypass");
            assert!(knock(&pair));
            bpffs.ok(&pair.near, "bypass --off");
            run.stop();
            let stays = !pin.is_empty();
            until("the program to stay or to leave", || {
                (program(&pair.near, "w0").is_some() == stays).then_some(())
            });
            assert_eq!(knock(&pair), !stays);
            bpffs.unmount();
        });
    }
}

#[test]
fn pins_that_are_removed_are_restored() {
    for removed in ["w0/STATE", "w0/program", "w0", ""] {
        lab(|| {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            let mut run = bpffs.run_here(&pair.near, "-i w0 --mode drop --pin");
            let before = bpffs.pinned("w0");
            let path = bpffs.pins().join(removed);
            match path.is_dir() {
                true => fs::remove_dir_all(&path).unwrap(),
                false => fs::remove_file(&path).unwrap(),
            }
            restored(&mut run);
            assert_eq!(bpffs.pinned("w0"), before, "{removed}");
            bpffs.ok(&pair.near, "bypass");
            assert!(knock(&pair));
            bpffs.ok(&pair.near, "bypass --off");
            run.stop();
            assert!(!knock(&pair), "it stays");
            bpffs.ok(&pair.near, "detach");
            assert_eq!(program(&pair.near, "w0"), None);
        });
    }
}
