//! Restarts, and readers that follow.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

use crate::{
    event_log::{kept, ports, wait_for},
    support::{Bpffs, Namespace, Pair, addresses::BOTH, frame::syn, lab, wait::LONG},
};

/// A running `port12 events --follow`; killed when dropped.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn start(bpffs: &Bpffs, near: &Namespace) -> Self {
        let mut command = bpffs.command(near, "events --follow --kind probe --limit 0");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (send, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            out.lines().map_while(Result::ok).take_while(|it| send.send(it.clone()).is_ok()).count()
        });
        Self { child, lines }
    }

    /// The port of the next probe.
    fn port(&self) -> u16 {
        let line = self.lines.recv_timeout(LONG).expect("a further record");
        let (_, end) = line.split_once(" -> ").unwrap();
        let (_, port) = end.split_whitespace().next().unwrap().rsplit_once(':').unwrap();
        port.parse().unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // SIGTERM, which a wrapper passes on: SIGKILL would leave the reader behind.
        // SAFETY: kill takes numbers, and the process is a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        let _ = self.child.wait();
    }
}

#[test]
fn a_reader_follows_through_a_killed_run_and_the_next_one() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        let run = bpffs.run(near, "-i w0");
        far.send(&syn(BOTH[0], 12));
        wait_for(&bpffs, near, "probe", 1);
        let follower = Follower::start(&bpffs, near);
        assert_eq!(follower.port(), 12);
        far.send(&syn(BOTH[0], 14));
        assert_eq!(follower.port(), 14);
        // SIGKILL.
        drop(run);
        let run = bpffs.run(near, "-i w0");
        far.send(&syn(BOTH[0], 16));
        assert_eq!(follower.port(), 16);
        run.stop();
        assert_eq!(ports(&kept(&bpffs, near, "probe")), [12, 14, 16]);
    });
}

#[test]
fn a_run_that_is_killed_while_it_writes_leaves_whole_records() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        let mut before = Vec::new();
        for round in 1..=3 {
            let run = bpffs.run(near, "-i w0");
            for port in (0..1024).filter(|it| it % 3 == round % 3) {
                far.send(&syn(BOTH[0], port));
            }
            wait_for(&bpffs, near, "probe", before.len() + 1);
            // SIGKILL, in the middle of the rest.
            drop(run);
            let probes = kept(&bpffs, near, "probe");
            assert_eq!(probes[..before.len()], before, "no record is hidden");
            before = probes;
        }
        let output = bpffs.output(near, "events");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("no record of an event"), "{said}");
    });
}
