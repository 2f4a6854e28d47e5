//! A full disk.

use std::{fs, io::Write as _, path::Path};

use crate::support::{Bpffs, Pair, Port12, addresses::BOTH, frame::syn, lab, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_port12");

/// Fills a disk.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// The state directory is a disk of one megabyte, in a mount namespace of the run's own.
#[test]
fn records_wait_for_room_and_those_that_are_replaced_by_then_are_a_loss() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        fs::create_dir(bpffs.kept()).unwrap();
        let plain = bpffs.run_command(near, "-i w0");
        let mount = format!("mount -t tmpfs -o size=1m,mode=700 tmpfs {}", bpffs.kept().display());
        let mut command = near.command_after(&mount, PROGRAM);
        let program = plain.get_args().position(|it| it == PROGRAM).unwrap();
        command.args(plain.get_args().skip(program + 1));
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut run = Port12::launch(command);
        let disk = Path::new("/proc").join(format!("{}/root{}", run.id(), bpffs.kept().display()));
        far.send(&syn(BOTH[0], 12));
        let probes = disk.join("events/probes.json");
        until("the first record", || fs::metadata(&probes).ok().filter(|it| it.len() > 0));
        fill(&disk.join("filler"));
        let mut source = 0_u32;
        let said = until("a loss", || {
            for port in 0..1024 {
                let mut frame = syn(BOTH[0], port);
                frame[26..30].copy_from_slice(&(0x0b00_0000 + source).to_be_bytes());
                far.send(&frame);
            }
            source += 1;
            let report = run.report();
            let log = &report.0["alerts"]["event_log"];
            (log["lost"].as_u64() > Some(0)).then(|| log.clone())
        });
        assert!(said["waiting"].as_u64().unwrap() >= 4096, "{said}");
        run.wait_until_said("records were lost: they could not be written");
        fs::remove_file(disk.join("filler")).unwrap();
        run.wait_until_said("is written to again");
        let totals = run.stop();
        let log = &totals.0["alerts"]["event_log"];
        // A disk of one megabyte has room for some 500 records in each of two files.
        assert!(log["written"].as_u64().unwrap() > 1000, "{log}");
    });
}
