//! A reader that stops reading, and never closes.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Write},
    os::fd::AsRawFd,
    process::Stdio,
};

use crate::support::{
    Namespace, Pair, Port12, Report, addresses::BOTH, foreign::program, frame::syn, lab, until,
};

#[test]
fn signals_and_the_duration_end_a_run_whose_reader_has_stalled() {
    lab(|| {
        let near = Namespace::new();
        for end in [Some(libc::SIGINT), Some(libc::SIGTERM), None] {
            let (_reader, pipe) = std::io::pipe().unwrap();
            fill(&pipe);
            let duration = if end.is_none() { "--duration 1s" } else { "" };
            let mut command = Port12::command(&near, &format!("-i lo {duration}"));
            command.stdin(Stdio::null()).stdout(pipe).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            until("attachment", || program(&near, "lo"));
            if let Some(signal) = end {
                until("a write", || is_writing(child.id(), 1).then_some(()));
                // SAFETY: kill takes numbers, and the child has not been waited for.
                unsafe { libc::kill(child.id() as i32, signal) };
            }
            let status = until("port12 to end", || child.try_wait().unwrap());
            let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
            assert_eq!(status.code(), Some(1), "{said}");
            assert!(said.contains("the reader of the reports has stalled"), "{said}");
            until("detachment", || program(&near, "lo").is_none().then_some(()));
        }
    });
}

#[test]
fn reports_that_are_left_out_are_counted() {
    lab(|| {
        let near = Namespace::new();
        let (mut reader, pipe) = std::io::pipe().unwrap();
        fill(&pipe);
        let mut port12 = Port12::spawn_to(Port12::command(&near, "-i lo"), pipe);
        port12.wait_until_said("the reader of the reports has stalled");
        let reading = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        let said = port12.wait_until_said("the reader of the reports goes on: ");
        let count = said.split_whitespace().find_map(|word| word.parse::<u64>().ok());
        assert!(count.is_some_and(|count| count > 0), "{said}");
        port12.signal(libc::SIGINT);
        assert_eq!(port12.wait().code(), 0);
        reading.join().unwrap().unwrap();
    });
}

#[test]
fn a_reader_of_standard_error_that_stalls_stops_neither_the_counters_nor_the_end() {
    lab(|| {
        let pair = Pair::new();
        for (end, log) in [(libc::SIGINT, "warn"), (libc::SIGTERM, "trace")] {
            let (_reader, pipe) = std::io::pipe().unwrap();
            fill(&pipe);
            let mut command = Port12::command(&pair.near, "-i w0");
            command.env("PORT12_LOG", log).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(pipe);
            let mut child = command.spawn().unwrap();
            let mut reports = BufReader::new(child.stdout.take().unwrap()).lines();
            until("a write to standard error", || is_writing(child.id(), 2).then_some(()));
            until("attachment", || program(&pair.near, "w0"));
            let mut next = || Report::parse(&reports.next().unwrap().unwrap());
            next();
            pair.far_raw().send(&syn(BOTH[0], 12));
            while next().outcome("probe") == 0 {}
            // SAFETY: kill takes numbers, and the child has not been waited for.
            unsafe { libc::kill(child.id() as i32, end) };
            let totals = reports.map(|line| Report::parse(&line.unwrap())).last().unwrap();
            assert_eq!((totals.kind(), totals.outcome("probe")), ("totals", 1), "{}", totals.0);
            let status = until("port12 to end", || child.try_wait().unwrap());
            assert_eq!(status.code(), Some(0));
            until("detachment", || program(&pair.near, "w0").is_none().then_some(()));
        }
    });
}

/// Whoever shares a terminal or a pipe may do so.
#[test]
fn no_line_is_lost_if_somebody_else_makes_standard_error_nonblocking() {
    lab(|| {
        let near = Namespace::new();
        let (reader, pipe) = std::io::pipe().unwrap();
        fill(&pipe);
        // SAFETY: fcntl takes numbers, and the descriptor is open.
        assert_eq!(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }, 0);
        let mut command = Port12::command(&near, "-i lo --duration 300ms");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(pipe);
        let mut child = command.spawn().unwrap();
        drop(command);
        until("attachment", || program(&near, "lo"));
        let said: Vec<String> = BufReader::new(reader).lines().map(Result::unwrap).collect();
        assert!(said.iter().any(|line| line.contains("ports of the registry of")), "{said:?}");
        assert_eq!(child.wait().unwrap().code(), Some(0));
    });
}

#[test]
fn a_panic_ends_a_run_whose_reader_of_standard_error_has_stalled() {
    lab(|| {
        let near = Namespace::new();
        let (_reader, pipe) = std::io::pipe().unwrap();
        fill(&pipe);
        let mut command = Port12::command(&near, "-i lo");
        command.env("PORT12_FAULT", "interval").env("RUST_BACKTRACE", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(pipe);
        let mut child = command.spawn().unwrap();
        let status = until("port12 to end", || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(101));
        until("detachment", || program(&near, "lo").is_none().then_some(()));
    });
}

#[test]
fn lines_of_standard_error_wait_for_a_reader_that_goes_on() {
    lab(|| {
        let near = Namespace::new();
        let (reader, pipe) = std::io::pipe().unwrap();
        fill(&pipe);
        let mut command = Port12::command(&near, "-i lo");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(pipe);
        let mut child = command.spawn().unwrap();
        drop(command);
        until("a write to standard error", || is_writing(child.id(), 2).then_some(()));
        // SAFETY: kill takes numbers, and the child has not been waited for.
        unsafe { libc::kill(child.id() as i32, libc::SIGHUP) };
        let lines = BufReader::new(reader).lines().map(Result::unwrap);
        let mut said = lines.skip_while(|line| line.is_empty());
        assert!(said.next().unwrap().contains("ports of the registry of"));
        assert!(said.any(|line| line == "port12: reloaded"));
        // SAFETY: as above.
        unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
        let mut out = child.stdout.take().unwrap();
        std::io::copy(&mut out, &mut std::io::sink()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert_eq!(said.count(), 0);
    });
}

/// Fills a pipe up.
fn fill(pipe: &std::io::PipeWriter) {
    let set = |flags: libc::c_int| {
        // SAFETY: fcntl takes numbers, and the descriptor is open.
        assert_eq!(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, flags) }, 0);
    };
    set(libc::O_NONBLOCK);
    let full = loop {
        if let Err(error) = (&mut &*pipe).write(&[b'\n'; 4096]) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    set(0);
}

/// Whether a thread of a process is in a write to a descriptor.
fn is_writing(process: u32, descriptor: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    tasks.flatten().any(|task| {
        let call = std::fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
        call.starts_with(&format!("{} {descriptor:#x} ", libc::SYS_write))
    })
}
