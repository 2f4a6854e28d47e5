//! The fence: system calls that no thread of `run` makes after its start, and that somebody who has taken it over would.
//!
//! A list of calls that are denied, by seccomp: a list of those that are allowed would have to foresee what the C library
//! and name services do, on every system. Landlock (kernel 5.13) is not used: sinks of a reload may be anywhere, and all of
//! /proc is read.

use std::{collections::BTreeMap, env};

use anyhow::{Context as _, Result};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter_all_threads,
};

/// Calls that are denied with EPERM.
const DENIED: &[libc::c_long] = &[
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    // The kernel.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_personality,
    // Namespaces and mounts. They are entered before.
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    // The machine.
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
];

/// Flags of `clone` that make namespaces.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// The same call by the x32 convention, which is of the same architecture for seccomp.
#[cfg(target_arch = "x86_64")]
const X32: libc::c_long = 0x4000_0000;

/// Puts the fence up for all threads. If the kernel has no seccomp filters, that is logged.
pub(super) fn raise() {
    if let Err(error) = try_raise() {
        log::warn!("no fence of system calls: {error:#}");
    }
}

fn try_raise() -> Result<()> {
    for filter in filters()? {
        apply_filter_all_threads(&filter).context("seccomp")?;
    }
    Ok(())
}

fn filters() -> Result<[BpfProgram; 2]> {
    let mut denied: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for &call in DENIED {
        deny(&mut denied, call, &[]);
    }
    let namespaces: Vec<SeccompRule> = NAMESPACES
        .into_iter()
        .map(|flag| {
            let flag = flag as u64;
            let is_set = SeccompCmpOp::MaskedEq(flag);
            SeccompCondition::new(0, SeccompCmpArgLen::Qword, is_set, flag)
                .and_then(|condition| SeccompRule::new(vec![condition]))
        })
        .collect::<Result<_, _>>()?;
    deny(&mut denied, libc::SYS_clone, &namespaces);
    // The flags of `clone3` lie in memory, which a filter cannot read: the C library falls back on `clone`.
    let mut absent = BTreeMap::new();
    deny(&mut absent, libc::SYS_clone3, &[]);
    Ok([compile(denied, libc::EPERM)?, compile(absent, libc::ENOSYS)?])
}

fn deny(calls: &mut BTreeMap<i64, Vec<SeccompRule>>, call: libc::c_long, rules: &[SeccompRule]) {
    calls.insert(call, rules.to_vec());
    #[cfg(target_arch = "x86_64")]
    calls.insert(call | X32, rules.to_vec());
}

fn compile(calls: BTreeMap<i64, Vec<SeccompRule>>, errno: libc::c_int) -> Result<BpfProgram> {
    let answer = SeccompAction::Errno(errno as u32);
    let architecture = env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, answer, architecture)?;
    Ok(filter.try_into()?)
}

#[cfg(test)]
mod tests {
    use std::{io, thread};

    use super::*;

    fn errno(result: libc::c_long) -> Option<i32> {
        (result == -1).then(|| io::Error::last_os_error().raw_os_error().unwrap())
    }

    #[test]
    fn calls_behind_the_fence_fail_and_threads_still_start() {
        thread::spawn(|| {
            for filter in filters().unwrap() {
                // For this thread alone: other tests are in this process.
                seccompiler::apply_filter(&filter).unwrap();
            }
            for &call in DENIED {
                // SAFETY: the filter answers in place of the kernel, which looks at no argument.
                let result = unsafe { libc::syscall(call, 0, 0, 0, 0, 0, 0) };
                assert_eq!(errno(result), Some(libc::EPERM), "system call {call}");
            }
            for flag in NAMESPACES {
                let flags = flag | libc::SIGCHLD;
                // SAFETY: as above.
                let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
                assert_eq!(errno(result), Some(libc::EPERM), "flag {flag:#x}");
            }
            // SAFETY: as above.
            let result = unsafe { libc::syscall(libc::SYS_clone3, 0, 0) };
            assert_eq!(errno(result), Some(libc::ENOSYS));
            thread::spawn(|| ()).join().unwrap();
        })
        .join()
        .unwrap();
    }
}
