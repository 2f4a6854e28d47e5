//! The state directory: who owns it, and what `run` does if it cannot be used.

mod bans;
mod confirmations;
mod hostile;

use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf, process::Command};

use crate::support::{Bpffs, Pair, Port12, lab};

const PROGRAM: &str = env!("CARGO_BIN_EXE_port12");

/// Directories of daemons below the runtime directory that keep what outlives a run.
fn fallbacks(bpffs: &Bpffs) -> Vec<PathBuf> {
    let daemons = fs::read_dir(bpffs.runtime()).into_iter().flatten();
    let paths = daemons.map(|it| it.unwrap().path().join("lock"));
    paths.filter(|path| path.exists()).collect()
}

#[test]
fn run_alone_creates_the_directory_and_for_its_user_alone() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        for args in ["attach -i w0", "bans", "ban 10.12.0.2", "unban --all", "confirm", "detach"] {
            bpffs.ok(near, args);
            assert!(!bpffs.kept().exists(), "{args}");
        }
        let run = bpffs.run(near, "-i w0");
        assert_eq!(fs::metadata(bpffs.kept()).unwrap().mode() & 0o7777, 0o700);
        assert!(fallbacks(&bpffs).is_empty());
        run.stop();
    });
}

#[test]
fn a_second_daemon_keeps_its_state_in_the_runtime_directory() {
    lab(|| {
        let (pair, [first, second]) = (Pair::new(), [Bpffs::new(), Bpffs::new()]);
        pair.near.sh("ip link add v0 type veth peer name v1");
        let run = first.run(&pair.near, "-i w0");
        let mut command = second.run_command(&pair.near, "-i v0");
        command.env("PORT12_STATE_DIR", first.kept());
        let mut other = Port12::spawn(command);
        let said = other.wait_until_said("belongs to process");
        assert!(said.contains(&format!("process {} (port12)", run.id())), "{said}");
        assert!(said.contains("until the next boot") && said.contains("--state-dir"), "{said}");
        other.wait_until_said("ports of the registry of");
        let [lock] = &fallbacks(&second)[..] else { panic!("one directory") };
        assert_eq!(fs::metadata(lock.parent().unwrap()).unwrap().mode() & 0o7777, 0o700);
        other.stop();
        run.stop();
        // It is free again.
        let run = first.run(&pair.near, "-i w0");
        assert!(fallbacks(&first).is_empty());
        run.stop();
    });
}

#[test]
fn a_directory_that_cannot_be_written_stops_no_run() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        fs::create_dir(bpffs.kept()).unwrap();
        let plain = bpffs.run_command(&pair.near, "-i w0");
        let read_only = format!("mount -t tmpfs -o ro tmpfs {}", bpffs.kept().display());
        let mut command = pair.near.command_after(&read_only, PROGRAM);
        let program = plain.get_args().position(|it| it == PROGRAM).unwrap();
        command.args(plain.get_args().skip(program + 1));
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        is_told_once(command, "Read-only file system");
        assert_eq!(fallbacks(&bpffs).len(), 1);
        // A file in its place.
        fs::remove_dir_all(bpffs.kept()).unwrap();
        fs::write(bpffs.kept(), "").unwrap();
        is_told_once(bpffs.run_command(&pair.near, "-i w0"), "Not a directory");
        fs::remove_file(bpffs.kept()).unwrap();
    });
}

/// Asserts that a run says one line about the directory, and watches.
fn is_told_once(command: Command, cause: &str) {
    let mut run = Port12::spawn(command);
    let said = run.wait_until_said("--state-dir");
    assert!(said.contains(cause), "{said}");
    run.wait_until_said("ports of the registry of");
    run.signal(libc::SIGINT);
    let ended = run.wait();
    assert!(ended.status.success());
    let lines = ended.said.iter().filter(|it| it.contains("--state-dir"));
    assert_eq!(lines.count(), 1, "{:#?}", ended.said);
}
