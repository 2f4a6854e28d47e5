//! However it ends, no program stays on the interface.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::support::{Pair, Port12, foreign::program, lab, until};

/// Does something to a running port12 and returns the exit code, or minus the signal.
fn ends(pair: &Pair, end: impl FnOnce(&mut Port12)) -> (i32, bool) {
    let mut port12 = Port12::start(&pair.near, "-i w0 -i lo");
    port12.report();
    for interface in ["w0", "lo"] {
        assert!(program(&pair.near, interface).is_some());
    }
    end(&mut port12);
    let ended = port12.wait();
    is_clean(pair);
    (ended.code(), ended.totals.is_some())
}

/// Detaching is asynchronous on old kernels.
fn is_clean(pair: &Pair) {
    for interface in ["w0", "lo"] {
        until("detachment", || program(&pair.near, interface).is_none().then_some(()));
    }
}

#[test]
fn ctrl_c_and_sigterm_end_with_the_totals() {
    lab(|| {
        let pair = Pair::new();
        for signal in [libc::SIGINT, libc::SIGTERM] {
            assert_eq!(ends(&pair, |port12| port12.signal(signal)), (0, true));
        }
    });
}

#[test]
fn the_signals_that_kill_detach_too() {
    lab(|| {
        let pair = Pair::new();
        for signal in [libc::SIGKILL, libc::SIGABRT] {
            let (code, _) = ends(&pair, |port12| port12.signal(signal));
            assert_eq!(code, -signal);
        }
    });
}

#[test]
fn a_panic_detaches() {
    lab(|| {
        let pair = Pair::new();
        let mut command = Port12::command(&pair.near, "-i w0 -i lo --mode drop");
        command.env("PORT12_FAULT", "interval");
        let mut port12 = Port12::launch(command);
        port12.wait_until_said("fault injected at interval");
        assert_eq!(port12.wait().code(), 101);
        is_clean(&pair);
    });
}

#[test]
fn a_reader_that_has_read_enough_ends_it_well() {
    lab(|| {
        let pair = Pair::new();
        let mut command = Port12::command(&pair.near, "-i w0");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with('{'), "{line}");
        let status = until("port12 to end", || child.try_wait().unwrap());
        assert!(status.success(), "{status}");
        is_clean(&pair);
    });
}

#[test]
fn the_end_of_the_duration_detaches() {
    lab(|| {
        let pair = Pair::new();
        assert!(Port12::run(&pair.near, "-i w0 --duration 200ms").status.success());
        is_clean(&pair);
    });
}
