//! Killed in the middle: what is left is a legal state, and whoever comes next clears up.

use std::fs;

use crate::support::{Bpffs, Pair, foreign::program, lab, mode, reaches, until};

/// How often each place is hit.
const HITS: usize = 20;

const WHOLE: [&str; 12] = [
    "ALLOW_V4",
    "ALLOW_V6",
    "BANS",
    "CLOCK",
    "COUNTERS",
    "EVENTS",
    "EVIDENCE",
    "PROTECTED",
    "STATE",
    "clock",
    "link",
    "program",
];

struct Host {
    pair: Pair,
    bpffs: Bpffs,
}

impl Host {
    fn new() -> Self {
        Self { pair: Pair::new(), bpffs: Bpffs::new() }
    }

    /// Runs a command that is killed at a place.
    fn killed_at(&self, place: &str, args: &str) {
        let mut command = self.bpffs.command(&self.pair.near, args);
        command.env("PORT12_FAULT", format!("kill:{place}"));
        let output = command.output().unwrap();
        // `timeout` kills itself as its child was killed, or says 128 + 9.
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), None | Some(137)), "{place}: {output:?} {said}");
    }

    fn attached(&self) -> bool {
        program(&self.pair.near, "w0").is_some()
    }

    fn reaches(&self) -> bool {
        reaches(&self.pair.far_raw(), 12)
    }

    /// Either all of it is there, or nothing is on the interface.
    fn is_legal(&self, place: &str) {
        if self.bpffs.pinned("w0").contains(&"link".to_owned()) {
            let pinned = self.bpffs.pinned("w0");
            assert!(WHOLE.iter().all(|name| pinned.iter().any(|it| it == name)), "{pinned:?}");
            assert!(self.attached(), "{place}");
        } else {
            until("detachment", || (!self.attached()).then_some(()));
        }
    }

    /// Every other time by a start, by a detachment in between.
    fn clears_up(&self, hit: usize) {
        let near = &self.pair.near;
        if hit.is_multiple_of(2) {
            self.bpffs.ok(near, "attach -i w0 --mode drop");
            assert_eq!(self.bpffs.pinned("w0"), WHOLE);
            assert!(!self.reaches());
        }
        self.bpffs.ok(near, "detach");
        assert!(self.bpffs.pinned("w0").is_empty());
        assert!(!self.attached());
    }
}

#[test]
fn killed_while_it_attaches() {
    lab(|| {
        let host = Host::new();
        let places = ["pin.directory", "pin.maps", "pin.program", "pin.clock", "attach.link"];
        for place in places.into_iter().chain(["attach.pinned"]) {
            for hit in 0..HITS {
                host.killed_at(place, "attach -i w0 --mode drop");
                host.is_legal(place);
                host.clears_up(hit);
            }
        }
    });
}

#[test]
fn killed_while_it_upgrades() {
    lab(|| {
        let host = Host::new();
        host.bpffs.ok(&host.pair.near, "attach -i w0 --mode drop");
        for place in ["upgrade.before", "upgrade.after", "pin.program", "pin.clock"] {
            for hit in 0..HITS {
                host.killed_at(place, "attach -i w0 --mode drop");
                host.is_legal(place);
                assert!(host.attached() && !host.reaches(), "{place}");
                if hit + 1 == HITS {
                    host.bpffs.ok(&host.pair.near, "attach -i w0 --mode drop");
                    assert_eq!(host.bpffs.pinned("w0"), WHOLE);
                }
            }
        }
        host.clears_up(1);
    });
}

#[test]
fn killed_while_it_reloads() {
    lab(|| {
        let host = Host::new();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("port12.toml");
        let write = |mode: &str| {
            fs::write(&file, format!("interfaces = [\"w0\"]\nmode = \"{mode}\"\n")).unwrap();
        };
        let args = format!("--pin --config {}", file.display());
        // From drop to monitor the gate comes first, the other way the rules.
        for (place, from, to) in [
            ("reload.before", "monitor", "drop"),
            ("reload.rules", "monitor", "drop"),
            ("reload.gate", "drop", "monitor"),
            ("reload.after", "drop", "monitor"),
        ] {
            for hit in 0..HITS {
                write(from);
                host.bpffs.ok(&host.pair.near, &format!("attach --config {}", file.display()));
                let mut command = host.bpffs.run_command(&host.pair.near, &args);
                command.env("PORT12_FAULT", format!("kill:{place}"));
                let run = crate::support::Port12::launch(command);
                write(to);
                run.signal(libc::SIGHUP);
                assert_eq!(run.wait().code(), -libc::SIGKILL, "{place}");
                host.is_legal(place);
                let done = place == "reload.after" || place == "reload.gate";
                let drops = if done { to } else { from } == "drop";
                assert_eq!(host.reaches(), !drops, "{place}: the old policy or the new one");
                if hit.is_multiple_of(5) {
                    host.clears_up(hit);
                }
            }
        }
    });
}

#[test]
fn killed_while_it_confirms() {
    lab(|| {
        let host = Host::new();
        let near = &host.pair.near;
        near.sh("ip link add v0 type veth peer name v1");
        for _ in 0..HITS {
            host.bpffs.ok(near, "attach -i v0,w0 --mode drop --confirm 60s");
            host.killed_at("confirm.between", "confirm");
            assert_eq!(mode(&host.bpffs.status(near, "v0")), "drop");
            assert_eq!(mode(&host.bpffs.status(near, "w0")), "drop, unconfirmed");
            host.bpffs.ok(near, "confirm");
            assert_eq!(mode(&host.bpffs.status(near, "w0")), "drop");
            host.bpffs.ok(near, "detach");
        }
    });
}

#[test]
fn killed_while_it_detaches() {
    lab(|| {
        let host = Host::new();
        for place in ["detach.before", "detach.link", "detach.entry"] {
            for hit in 0..HITS {
                host.bpffs.ok(&host.pair.near, "attach -i w0 --mode drop");
                host.killed_at(place, "detach");
                host.is_legal(place);
                host.clears_up(hit);
            }
        }
    });
}
