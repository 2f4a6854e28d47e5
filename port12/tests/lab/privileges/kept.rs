//! Privileges of a run that root has started, after its start.

use std::{collections::BTreeMap, fs};

use crate::support::{Pair, Port12, Seized, foreign::program, lab, until};

/// CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF: bits 12, 38 and 39 (linux/capability.h).
const WATCHING: u64 = 0xc0_0000_1000;

/// CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE: bits 2 and 19.
const OWNERS: u64 = 0x8_0004;

/// A run with all threads that there are.
fn start(pair: &Pair, args: &str) -> Port12 {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("eve.json");
    let args = format!("-i w0 --egress --sink eve:{} {args}", file.display());
    let mut port12 = Port12::start(&pair.near, &args);
    // The programs and threads are all there when the first report is.
    port12.report();
    port12
}

/// The fields of each thread of a process, by its name.
fn threads(process: i32) -> Vec<BTreeMap<String, String>> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let status = |path| fs::read_to_string(path).unwrap_or_default();
    let fields = |status: String| {
        let fields = status.lines().filter_map(|line| line.split_once(":\t"));
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    tasks.map(|task| fields(status(task.unwrap().path().join("status")))).collect()
}

#[test]
fn every_thread_keeps_the_capabilities_that_it_needs_and_no_others() {
    lab(|| {
        let pair = Pair::new();
        for (args, kept) in [("", WATCHING | OWNERS), ("--least-privilege", WATCHING)] {
            let port12 = start(&pair, args);
            let threads = threads(port12.id());
            let names: Vec<_> = threads.iter().map(|thread| &*thread["Name"]).collect();
            for name in
                ["port12", "truth", "lookout", "binds", "outbound", "sink eve", "printer", "stderr"]
            {
                assert!(names.contains(&name), "{names:?}");
            }
            for thread in &threads {
                let has = |field: &str| u64::from_str_radix(&thread[field], 16).unwrap();
                let kept = if thread["Name"] == "stderr" { 0 } else { kept };
                for (field, set) in [
                    ("CapPrm", kept),
                    ("CapEff", kept),
                    ("CapBnd", kept),
                    ("CapInh", 0),
                    ("CapAmb", 0),
                ] {
                    assert_eq!(has(field), set, "{field} of {thread:?}");
                }
                assert_eq!((&*thread["NoNewPrivs"], &*thread["Seccomp"]), ("1", "2"), "{thread:?}");
            }
            port12.stop();
        }
    });
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_run_that_is_taken_over_gets_no_further() {
    lab(|| {
        let pair = Pair::new();
        let port12 = start(&pair, "");
        let flag = |flag: libc::c_int| [flag as u64, 0, 0, 0, 0, 0];
        let packets = [libc::AF_PACKET as u64, libc::SOCK_RAW as u64, 0, 0, 0, 0];
        let raise = [libc::PR_CAP_AMBIENT as u64, libc::PR_CAP_AMBIENT_RAISE as u64, 21, 0, 0, 0];
        // A process of the test's own user that has all capabilities, and is ptraced by nobody.
        let this = u64::from(std::process::id());
        let attempts = [
            ("execve", libc::SYS_execve, flag(0)),
            ("execveat", libc::SYS_execveat, flag(0)),
            ("ptrace", libc::SYS_ptrace, [libc::PTRACE_SEIZE as u64, this, 0, 0, 0, 0]),
            ("process_vm_writev", libc::SYS_process_vm_writev, [this, 0, 0, 0, 0, 0]),
            ("init_module", libc::SYS_init_module, flag(0)),
            ("mount", libc::SYS_mount, flag(0)),
            ("open_by_handle_at", libc::SYS_open_by_handle_at, flag(0)),
            ("unshare(CLONE_NEWUSER)", libc::SYS_unshare, flag(libc::CLONE_NEWUSER)),
            ("unshare(CLONE_NEWNS)", libc::SYS_unshare, flag(libc::CLONE_NEWNS)),
            ("clone(CLONE_NEWUSER)", libc::SYS_clone, flag(libc::CLONE_NEWUSER | libc::SIGCHLD)),
            ("a packet socket", libc::SYS_socket, packets),
            ("another user id", libc::SYS_setuid, flag(1000)),
            ("another root", libc::SYS_chroot, flag(0)),
            ("an ambient capability", libc::SYS_prctl, raise),
        ];
        let seized = Seized::new(port12.id());
        assert!(seized.call(libc::SYS_getppid, [0; 6]) > 0, "calls are done");
        for (what, number, arguments) in attempts {
            assert_eq!(seized.call(number, arguments), -i64::from(libc::EPERM), "{what}");
        }
        drop(seized);
        port12.stop();
        until("detachment", || program(&pair.near, "w0").is_none().then_some(()));
    });
}
