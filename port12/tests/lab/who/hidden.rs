//! Sockets that `/proc/PID/fd` does not show, though a process has them.

use std::{
    fs,
    net::TcpListener,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    sync::mpsc,
    thread,
};

use super::{Running, pids, socket, table, who};
use crate::support::{Namespace, lab};

#[test]
fn a_process_whose_first_thread_has_ended_is_found() {
    lab(|| {
        let near = Namespace::new();
        let python = Running::python(
            &near,
            "
import ctypes, platform, socket, threading, time
listener = socket.socket()
listener.bind(('', 12)); listener.listen()
def serve():
    time.sleep(0.3)
    print('ready', flush=True)
    time.sleep(60)
threading.Thread(target=serve).start()
ctypes.CDLL(None).syscall({'x86_64': 60}.get(platform.machine(), 93), 0)
",
        );
        let pid = u64::from(python.id());
        assert_eq!(fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count), 0);
        let document = who(&near, "");
        let found = socket(&document, "tcp", 12);
        assert_eq!(pids(found), [pid], "{found}");
        let process = &found["processes"][0];
        assert_eq!(process["through"], "thread");
        assert_ne!(process["thread"], pid);
        assert!(process["exe"].as_str().unwrap().contains("python"), "{process}");
        assert_eq!(process["exe_on_disk"], "intact");
        assert!(table(&near, "").0.contains(", in its thread "));
    });
}

#[test]
fn a_thread_with_descriptors_of_its_own_is_found() {
    lab(|| {
        let near = Namespace::new();
        thread::scope(|scope| {
            let (opened, wait) = mpsc::channel();
            let (end, ended) = mpsc::channel::<()>();
            let near = &near;
            scope.spawn(move || {
                // SAFETY: unshare takes flags; it changes this thread alone.
                assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
                near.enter(move || {
                    let _listener = TcpListener::bind("127.0.0.1:12").unwrap();
                    // The thread that enters shares the descriptors of the one that it is made by.
                    opened.send(()).unwrap();
                    let _ = ended.recv();
                });
            });
            wait.recv().unwrap();
            let document = who(near, "");
            let found = socket(&document, "tcp", 12);
            assert_eq!(pids(found), [u64::from(std::process::id())], "{found}");
            assert_eq!(found["processes"][0]["through"], "thread");
            drop(end);
        });
    });
}

/// An io_uring with one registered file.
fn ring(file: &impl AsRawFd) -> Option<OwnedFd> {
    /// `sizeof(struct io_uring_params)` and `IORING_REGISTER_FILES` (linux/io_uring.h).
    const PARAMS: usize = 120;
    const REGISTER_FILES: u32 = 2;
    let mut params = [0_u8; PARAMS];
    // SAFETY: the parameters are valid for the kernel to read and fill.
    let ring = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, params.as_mut_ptr()) };
    if ring < 0 {
        return None;
    }
    // SAFETY: the descriptor is open and nobody else's.
    let ring = unsafe { OwnedFd::from_raw_fd(ring as i32) };
    let files = [file.as_raw_fd()];
    // SAFETY: the array is valid for its length during the call.
    let result = unsafe {
        let number = libc::SYS_io_uring_register;
        libc::syscall(number, ring.as_raw_fd(), REGISTER_FILES, files.as_ptr(), 1)
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    Some(ring)
}

#[test]
fn a_socket_in_an_io_uring_without_a_descriptor_is_found() {
    lab(|| {
        let near = Namespace::new();
        let Some(_ring) = near.enter(|| ring(&TcpListener::bind("127.0.0.1:12").unwrap())) else {
            return eprintln!("not run: this kernel has no io_uring, or forbids it");
        };
        let document = who(&near, "");
        let found = socket(&document, "tcp", 12);
        assert_eq!(pids(found), [u64::from(std::process::id())], "{found}");
        assert_eq!(found["processes"][0]["through"], "io_uring");
        assert!(table(&near, "").0.contains(", without a descriptor, in an io_uring\n"));
    });
}

/// They are listed, and gone before their process is looked at.
#[test]
fn sockets_that_come_and_go_are_never_said_to_be_nobody_s() {
    lab(|| {
        let near = Namespace::new();
        let python = Running::python(
            &near,
            "
import socket, time
print('ready', flush=True)
while True:
    for port in range(700, 720):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(('127.0.0.1', port))
            time.sleep(.01)
",
        );
        let mut seen = 0;
        for _ in 0..100 {
            let output = near.command(super::PROGRAM).args(["who", "--output", "json"]).output();
            let document: serde_json::Value =
                serde_json::from_slice(&output.unwrap().stdout).unwrap();
            for found in document["sockets"].as_array().unwrap() {
                assert_eq!(pids(found), [u64::from(python.id())], "{found}");
                seen += 1;
            }
        }
        assert_ne!(seen, 0);
    });
}

#[test]
fn a_socket_of_the_kernel_s_own_is_nobody_s() {
    lab(|| {
        let near = Namespace::new();
        let made =
            near.command("ip").args("link add v0 type vxlan id 7 dstport 12".split(' ')).status();
        if !made.unwrap().success() {
            return eprintln!("not run: this kernel has no VXLAN");
        }
        near.sh("ip link set v0 up");
        let document = who(&near, "");
        let limits = document["limits"].as_array().unwrap();
        // In a container not everybody can be looked into.
        let owner = if limits.is_empty() { "none" } else { "unseen" };
        for found in super::sockets(&document, "udp", 12) {
            assert_eq!((&found["owner"], pids(found).len()), (&owner.into(), 0), "{document}");
            assert_ne!(found["inodes"][0], 0);
        }
        assert!(!super::sockets(&document, "udp", 12).is_empty());
        let (text, _) = table(&near, "");
        let said =
            if limits.is_empty() { "the kernel's own" } else { "no process was seen that has it" };
        assert!(text.contains(said) && text.contains("made by user root, inode "), "{text}");
    });
}
