//! A process, as far as it can be seen.

use std::{
    io::Read as _,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use procfs::process::Process as Procfs;

use super::{Cgroup, Holder, Process, Through, program};

/// So much of a command line is kept, in bytes. A process can make its own as long as it likes.
const COMMAND: u64 = 4096;

/// Conversion of the start of a process to a time of day.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    boot: Option<SystemTime>,
    ticks_per_second: u64,
}

impl Clock {
    pub(super) fn read() -> Self {
        let since = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Self {
            boot: procfs::boot_time_secs().ok().map(since),
            ticks_per_second: procfs::ticks_per_second().max(1),
        }
    }

    fn at(self, ticks: u64) -> Option<SystemTime> {
        let milliseconds = u128::from(ticks) * 1000 / u128::from(self.ticks_per_second);
        self.boot?.checked_add(Duration::from_millis(u64::try_from(milliseconds).ok()?))
    }
}

impl Process {
    /// One that could not be looked at in time.
    pub(super) fn stuck(holder: Holder) -> Self {
        Self { pid: holder.pid, ..Self::default() }
    }
}

/// `PF_KTHREAD` (linux/sched.h).
const KERNEL_THREAD: u32 = 0x0020_0000;

/// Whether a process is one of the kernel's own threads, which send for others; `None` where it has ended.
pub(super) fn is_of_kernel(pid: i32) -> Option<bool> {
    Some(Procfs::new(pid).ok()?.stat().ok()?.flags & KERNEL_THREAD != 0)
}

/// Looks at a process; `None` where it has ended.
pub(super) fn describe(holder: Holder, clock: Clock) -> Option<Process> {
    let pid = holder.pid;
    let directory = match holder.through {
        Through::Descriptor | Through::IoUring => format!("/proc/{pid}"),
        // The first thread has no program where it has ended.
        Through::Thread(thread) => format!("/proc/{pid}/task/{thread}"),
    };
    // All is read through one open directory: it is never of another process with its number.
    let process = Procfs::new_with_root(PathBuf::from(&directory)).ok()?;
    let stat = process.stat().ok()?;
    let (command, command_cut) = command(&process);
    Some(Process {
        pid,
        name: Some(stat.comm),
        command,
        command_cut,
        program: program::of(&process, &directory),
        uid: process.uid().ok(),
        started: clock.at(stat.starttime),
        cgroup: Cgroup::of_process(&process),
    })
}

fn command(process: &Procfs) -> (Vec<String>, bool) {
    let mut bytes = Vec::new();
    if let Ok(file) = process.open_relative("cmdline") {
        let _ = file.take(COMMAND + 1).read_to_end(&mut bytes);
    }
    words(&bytes, COMMAND as usize)
}

/// The words of a command line of at most so many bytes, each of which ends with a 0; and whether
/// there are more.
fn words(bytes: &[u8], most: usize) -> (Vec<String>, bool) {
    let kept = &bytes[..bytes.len().min(most)];
    let kept = kept.strip_suffix(&[0]).unwrap_or(kept);
    let word = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    let words = match kept {
        [] => Vec::new(),
        kept => kept.split(|&byte| byte == 0).map(word).collect(),
    };
    (words, bytes.len() > most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_words_and_is_cut() {
        assert_eq!(
            words(b"nc\0-l\0\0x y\0", 99),
            (["nc", "-l", "", "x y"].map(Into::into).into(), false)
        );
        assert_eq!(words(b"", 99), (Vec::new(), false));
        assert_eq!(words(b"nginx: worker", 99).0, ["nginx: worker"]);
        assert_eq!(words(b"abc\0def\0", 5), (vec!["abc".into(), "d".into()], true));
        assert_eq!(words(b"a\xff\0", 9).0, ["a\u{fffd}"]);
    }

    #[test]
    fn this_process_is_described() {
        let pid = std::process::id() as i32;
        let holder = Holder { pid, through: Through::Descriptor };
        let process = describe(holder, Clock::read()).unwrap();
        assert_eq!(process.command, std::env::args().collect::<Vec<_>>());
        let program = process.program.unwrap();
        assert_eq!(program.path, std::env::current_exe().unwrap().to_str().unwrap());
        assert_eq!(program.on_disk, super::super::OnDisk::Intact);
        let age = SystemTime::now().duration_since(process.started.unwrap()).unwrap();
        assert!(age < Duration::from_secs(3600), "{age:?}");
    }

    #[test]
    fn a_process_that_has_ended_is_none() {
        let holder = Holder { pid: i32::MAX, through: Through::Descriptor };
        assert_eq!(describe(holder, Clock::read()), None);
    }
}
