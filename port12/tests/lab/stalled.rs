//! A reader that stops reading, and never closes.

use std::{
    io::{ErrorKind, Write},
    os::fd::AsRawFd,
    process::Stdio,
};

use crate::support::{Namespace, Port12, foreign::program, lab, until};

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
                until("a write", || is_writing(child.id()).then_some(()));
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

/// Whether a thread of a process is in a write to its standard output.
fn is_writing(process: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    tasks.flatten().any(|task| {
        let call = std::fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
        call.starts_with(&format!("{} 0x1 ", libc::SYS_write))
    })
}
