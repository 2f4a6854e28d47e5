//! Network namespaces that live as long as a test.

use std::{
    io::{self, Write},
    process::{Command, Stdio},
    thread,
};

/// Runs a test in a network namespace of its own, with `lo` up. The namespace is the thread's,
/// and goes with it.
pub fn alone(test: impl FnOnce() + Send + 'static) {
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        let name = thread::current().name().unwrap_or("a test").to_owned();
        match std::env::var("PORT12_NO_ROOT").as_deref() {
            Ok("1") => {
                // Not by `eprintln!`, which the harness keeps to itself when a test passes.
                let line = format!("not run: {name} makes network namespaces: needs root\n");
                return io::stderr().write_all(line.as_bytes()).unwrap();
            }
            _ => panic!("{name} makes network namespaces: run it as root, or set PORT12_NO_ROOT=1"),
        }
    }
    raise_descriptor_limit();
    let run = thread::spawn(|| {
        // SAFETY: unshare takes flags; it changes this thread alone.
        let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
        assert_eq!(result, 0, "unshare: {}", io::Error::last_os_error());
        sh("ip link set lo up");
        test();
    });
    if let Err(panic) = run.join() {
        std::panic::resume_unwind(panic);
    }
}

/// The usual limit of 1,024 is less than some tests open.
fn raise_descriptor_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is valid for the kernel to fill, and then to read.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}

/// Runs a command line in the thread's network namespace and returns what it prints.
pub fn sh(command: &str) -> String {
    feed(command, "")
}

/// As [`sh`], with something on standard input.
pub fn feed(command: &str, input: &str) -> String {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone before it is fed.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Writes a sysctl of the thread's network namespace.
pub fn sysctl(key: &str, value: &str) {
    let path = format!("/proc/sys/net/{key}");
    std::fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
}
