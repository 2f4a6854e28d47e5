//! The process of root's run: tracing, memory, descriptors, signals, limits.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    process::{Command, Stdio},
};

use crate::support::{Port12, Victim, attacker::USER, lab, until};

/// A system call that the user makes, which the kernel refuses.
fn is_refused(victim: &Victim, what: &str, call: impl FnOnce() -> libc::c_long + Send) {
    let error = victim.attacker.act(|| match call() {
        -1 => io::Error::last_os_error(),
        result => panic!("the attack succeeded: {what}: {result}"),
    });
    assert!(matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)), "{what}: {error}");
}

/// Succeeds if `run` changes its user id to that of the user.
#[test]
fn the_user_cannot_trace_the_run() {
    lab(|| {
        let victim = Victim::new();
        let run = victim.run("");
        let pid = run.id();
        for (what, request) in [("seize", libc::PTRACE_SEIZE), ("attach", libc::PTRACE_ATTACH)] {
            // SAFETY: the call takes numbers.
            is_refused(&victim, what, || unsafe { libc::ptrace(request, pid, 0, 0) });
        }
        victim.is_unharmed();
        run.stop();
    });
}

/// Succeeds if `run` changes its user id to that of the user.
#[test]
fn the_user_sees_neither_memory_nor_descriptors_of_the_run() {
    lab(|| {
        let victim = Victim::new();
        let run = victim.run("");
        let pid = run.id();
        for name in ["mem", "environ", "maps", "fd", "map_files", "syscall", "stack"] {
            let path = format!("/proc/{pid}/{name}");
            let error = victim.attacker.act(|| match fs::metadata(&path)?.is_dir() {
                true => fs::read_dir(&path).map(drop),
                false => File::open(&path).map(drop),
            });
            let kind = error.expect_err(&path).kind();
            assert_eq!(kind, ErrorKind::PermissionDenied, "{path}");
        }
        for name in ["oom_score_adj", "comm", "clear_refs", "coredump_filter"] {
            let path = format!("/proc/{pid}/{name}");
            let error = victim.attacker.act(|| File::options().write(true).open(&path).map(drop));
            assert_eq!(error.expect_err(&path).kind(), ErrorKind::PermissionDenied, "{path}");
        }
        let mut byte = 0_u8;
        let local = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let local = &raw const local as usize;
        is_refused(&victim, "process_vm_readv", || {
            // SAFETY: the vector outlives the call, and stands for memory here and there.
            unsafe {
                let local = local as *const libc::iovec;
                libc::process_vm_readv(pid, local, 1, local, 1, 0) as libc::c_long
            }
        });
        is_refused(&victim, "a descriptor", || {
            // SAFETY: the calls take numbers.
            unsafe {
                let process = libc::syscall(libc::SYS_pidfd_open, pid, 0);
                libc::syscall(libc::SYS_pidfd_getfd, process, 0, 0)
            }
        });
        victim.is_unharmed();
        run.stop();
    });
}

/// Succeeds if `run` changes its user id to that of the user.
#[test]
fn the_user_cannot_signal_the_run() {
    lab(|| {
        let victim = Victim::new();
        let run = victim.run("");
        let pid = run.id();
        for signal in [libc::SIGKILL, libc::SIGSTOP, libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
            is_refused(&victim, &format!("signal {signal}"), || {
                // SAFETY: the call takes numbers.
                unsafe { libc::kill(pid, signal) }.into()
            });
        }
        victim.is_unharmed();
        run.stop();
    });
}

/// Succeeds if `run` changes its user id to that of the user.
#[test]
fn the_user_cannot_take_resources_from_the_run() {
    lab(|| {
        let victim = Victim::new();
        let run = victim.run("");
        let pid = run.id();
        let limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        for (name, resource) in [("files", libc::RLIMIT_NOFILE), ("memory", libc::RLIMIT_AS)] {
            let limit = &limit;
            is_refused(&victim, name, move || {
                // SAFETY: the limit outlives the call.
                unsafe { libc::prlimit(pid, resource, limit, std::ptr::null_mut()) }.into()
            });
        }
        is_refused(&victim, "priority", || {
            // SAFETY: the call takes numbers.
            unsafe { libc::setpriority(libc::PRIO_PROCESS, pid.unsigned_abs(), 19) }.into()
        });
        is_refused(&victim, "idle scheduling", || {
            let least = libc::sched_param { sched_priority: 0 };
            // SAFETY: the parameter outlives the call.
            unsafe { libc::sched_setscheduler(pid, libc::SCHED_IDLE, &raw const least) }.into()
        });
        victim.is_unharmed();
        run.stop();
    });
}

/// Succeeds if `cli/stderr.rs` writes where lines arise: the run stops at its first line.
#[test]
fn a_reader_of_the_users_that_never_reads_does_not_stop_the_run() {
    lab(|| {
        let victim = Victim::new();
        let (reader, writer) = io::pipe().unwrap();
        let user = USER.to_string();
        let mut sleeper = Command::new("setpriv")
            .args(["--reuid", &user, "--regid", &user, "--clear-groups", "sleep", "1000"])
            .stdin(reader)
            .spawn()
            .unwrap();
        // One page, which the first lines fill.
        // SAFETY: the call takes numbers.
        unsafe { libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(&writer), libc::F_SETPIPE_SZ, 4096) };
        let mut command = victim.bpffs.run_command(victim.near(), "-i w0 --mode drop");
        command.env("PORT12_LOG", "trace").stdin(Stdio::null()).stdout(Stdio::null());
        let mut run = command.stderr(writer).spawn().unwrap();
        until("attachment", || crate::support::foreign::program(victim.near(), "w0"));
        victim.is_unharmed();
        // SAFETY: the call takes numbers, and the child has not been waited for.
        unsafe { libc::kill(run.id() as i32, libc::SIGTERM) };
        let status = until("the end of the run", || run.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    });
}

/// Succeeds if `run` takes a state without sockets for one without listeners, or stops at many of them.
#[test]
fn a_flood_of_sockets_of_the_user_neither_stops_the_run_nor_what_it_drops() {
    lab(|| {
        let victim = Victim::new();
        let mut run: Port12 = victim.run("");
        let near = victim.near();
        let sockets: Vec<_> = near.enter(|| {
            victim
                .attacker
                .act(|| (0..5000).map(|_| std::net::UdpSocket::bind("0.0.0.0:0")).collect())
        });
        assert!(sockets.iter().all(Result::is_ok));
        run.report();
        run.report();
        victim.is_unharmed();
        drop(sockets);
        run.stop();
    });
}
