//! Clocks: a wall clock that is set, and time namespaces.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use tempfile::tempdir;

use crate::support::{
    Pair, Port12, Report, addresses::BOTH, frame::syn, lab, namespace::run, until,
};

/// A library that moves the wall clock of a process by the seconds that a file says. The machine's own is everybody's.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) {
        char text[32] = {0};
        int file = open(getenv("CLOCK_STEP"), O_RDONLY | O_CLOEXEC);
        if (file >= 0 && read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
        if (file >= 0) close(file);
    }
    return result;
}
"#;

fn build_shim(directory: &Path) {
    let (source, library) = (directory.join("step.c"), directory.join("step.so"));
    fs::write(&source, SHIM).unwrap();
    run(Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([library, source]));
}

fn time(value: &serde_json::Value) -> SystemTime {
    humantime::parse_rfc3339(value.as_str().unwrap()).unwrap()
}

/// When a port was probed last.
fn last_seen(report: &Report, port: u16) -> SystemTime {
    time(&report.ports().find(|it| it["port"] == port).unwrap()["last_seen"])
}

/// When a source was seen last.
fn source_seen(report: &Report) -> SystemTime {
    time(&report.0["sources"]["top"][0]["last_seen"])
}

#[test]
fn a_step_of_the_wall_clock_moves_no_time_that_was_recorded_before() {
    lab(|| {
        let directory = tempdir().unwrap();
        build_shim(directory.path());
        let step = directory.path().join("seconds");
        for seconds in ["3600", "-3600"] {
            fs::write(&step, "0").unwrap();
            let pair = Pair::new();
            let mut command = Port12::command(&pair.near, "-i w0");
            command.env("LD_PRELOAD", directory.path().join("step.so")).env("CLOCK_STEP", &step);
            let mut port12 = Port12::launch(command);
            pair.far_raw().send(&syn(BOTH[0], 12));
            let before = port12.wait_for("a probe", |report| report.outcome("probe") == 1);
            let (seen, by) = (last_seen(&before, 12), source_seen(&before));
            let began = time(&before.0["time"]);
            fs::write(&step, seconds).unwrap();
            let is_set = |report: &Report| {
                let now = time(&report.0["time"]);
                let moved = now.duration_since(began).unwrap_or_else(|back| back.duration());
                moved > Duration::from_secs(1800)
            };
            let after = port12.wait_for("the step", is_set);
            assert_eq!((last_seen(&after, 12), source_seen(&after)), (seen, by), "{seconds}");
            // Several looks at the clock later.
            (0..10).for_each(|_| drop(port12.report()));
            pair.far_raw().send(&syn(BOTH[0], 14));
            let after = port12.wait_for("another probe", |report| report.outcome("probe") == 2);
            assert_eq!(last_seen(&after, 12), seen, "{seconds}");
            let late = time(&after.0["time"]).duration_since(last_seen(&after, 14));
            assert!(late.is_ok_and(|late| late < Duration::from_secs(600)), "{}", after.0);
            port12.stop();
        }
    });
}

#[test]
fn events_in_a_time_namespace_have_the_time_of_day() {
    lab(|| {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let eve = directory.path().join("eve.json");
        let began = SystemTime::now();
        let mut command = pair.near.command_with_bpffs("unshare");
        command.args(["--time", "--boottime=1000000", env!("CARGO_BIN_EXE_port12"), "run"]);
        command.args(["--output", "json", "--interval", "200ms", "-i", "w0"]);
        command.arg("--sink").arg(format!("eve:{}", eve.display()));
        let port12 = Port12::launch(command);
        let own = |process: &str| fs::read_link(format!("/proc/{process}/ns/time")).unwrap();
        if own(&port12.id().to_string()) == own("self") {
            port12.stop();
            return eprintln!("not run: this kernel enters no time namespace at execve");
        }
        pair.far_raw().send(&syn(BOTH[0], 12));
        let record = until("an event", || {
            let text = fs::read_to_string(&eve).ok()?;
            serde_json::from_str::<serde_json::Value>(text.lines().next()?).ok()
        });
        let at = record["timestamp"].as_str().unwrap().replace("+0000", "Z");
        let at = humantime::parse_rfc3339(&at).unwrap();
        let slack = Duration::from_millis(100);
        assert!(at + slack >= began && at <= SystemTime::now() + slack, "{record}");
        port12.stop();
    });
}
