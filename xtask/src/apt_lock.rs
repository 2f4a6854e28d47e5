//! Runs apt-get commands, and waits while another apt holds one of its locks.
//!
//! `DPkg::Lock::Timeout` covers the locks of dpkg alone (apt 2.6): those of the package lists and of the
//! archives fail at once. All of them end with the same message, so the command is repeated.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::step;

/// Bound of the wait: unattended upgrades take minutes.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Time between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Start of apt's message about a lock that another process holds.
const HELD: &str = "E: Could not get lock ";

/// Prints the command and runs it to its end; anything but success is an error. While another process holds a
/// lock of apt's, it waits, for 15 minutes at most.
///
/// `command` is apt-get, or starts it, under `LC_ALL=C`; without it messages are translated, and none is
/// recognised.
pub fn run(command: &mut Command) -> Result<()> {
    run_within(PATIENCE, command, |line| eprintln!("{line}"))
}

fn run_within(patience: Duration, command: &mut Command, mut say: impl FnMut(&str)) -> Result<()> {
    let shown = step::show(command);
    say(&format!("+ {shown}"));
    let deadline = Instant::now() + patience;
    let mut waits = false;
    loop {
        let (status, errors) = attempt(command).with_context(|| format!("start `{shown}`"))?;
        if status.success() {
            return Ok(());
        }
        let held = errors.iter().find_map(|line| line.strip_prefix(HELD));
        let Some(held) = held.filter(|_| Instant::now() < deadline) else {
            errors.iter().for_each(|line| say(line));
            bail!("`{shown}` failed: {status}");
        };
        if !waits {
            let minutes = patience.as_secs() / 60;
            say(&format!(
                "another apt is running: waiting up to {minutes} minutes for the lock {held}"
            ));
            waits = true;
        }
        thread::sleep(PAUSE);
    }
}

/// Runs the command once, and passes its standard error on as it appears, except apt's errors: those are
/// returned, since they may be a reason to wait.
fn attempt(command: &mut Command) -> Result<(ExitStatus, Vec<String>)> {
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let mut errors = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            match line.starts_with("E: ") {
                true => errors.push(line),
                false => eprintln!("{line}"),
            }
        }
    }
    Ok((child.wait()?, errors))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        os::fd::AsRawFd as _,
        path::Path,
        sync::mpsc,
    };

    use super::*;
    use crate::programs;

    /// A lock as apt takes it. It conflicts with those of other processes only.
    fn hold(path: &Path) -> File {
        let file = File::create(path).unwrap();
        let lock = libc::flock {
            l_type: libc::F_WRLCK as _,
            l_whence: libc::SEEK_SET as _,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        // SAFETY: the descriptor is open, and `lock` outlives the call.
        assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const lock) }, 0);
        file
    }

    /// An apt-get command whose lists, state and archives are in a directory of its own.
    fn apt_get(root: &Path, command: &str) -> Command {
        for folder in ["lists/partial", "archives/partial", "dpkg"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        File::create(root.join("dpkg/status")).unwrap();
        let root = root.display();
        let mut apt = Command::new("apt-get");
        apt.env("LC_ALL", "C").arg("--quiet");
        for option in [
            format!("Dir::State={root}"),
            format!("Dir::State::status={root}/dpkg/status"),
            format!("Dir::Cache={root}"),
            "Dir::Etc::SourceList=/dev/null".to_owned(),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
        ] {
            apt.args(["-o", &option]);
        }
        apt.arg(command).stdout(Stdio::null());
        apt
    }

    #[test]
    fn a_lock_of_another_apt_is_waited_for() {
        if programs::find("apt-get").is_none() {
            return eprintln!("not run: apt-get is not installed");
        }
        for (command, lock) in [
            ("update", "lists/lock"),
            ("install", "dpkg/lock-frontend"),
            ("clean", "archives/lock"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let mut apt = apt_get(directory.path(), command);
            let held = hold(&directory.path().join(lock));
            let (sender, said) = mpsc::channel();
            thread::scope(|scope| {
                let run = scope.spawn(|| {
                    run_within(PATIENCE, &mut apt, |line| sender.send(line.to_owned()).unwrap())
                });
                assert!(said.recv().unwrap().starts_with("+ "));
                let line = said.recv().unwrap();
                assert!(line.contains("waiting up to 15 minutes") && line.contains(lock), "{line}");
                drop(held);
                run.join().unwrap().unwrap();
                assert_eq!(said.try_recv().ok(), None, "{command}: one line is enough");
            });
        }
    }

    #[test]
    fn the_wait_is_bounded_and_the_error_of_apt_is_shown() {
        if programs::find("apt-get").is_none() {
            return eprintln!("not run: apt-get is not installed");
        }
        let directory = tempfile::tempdir().unwrap();
        let mut apt = apt_get(directory.path(), "update");
        let _held = hold(&directory.path().join("lists/lock"));
        let mut said = Vec::new();
        let ended = run_within(Duration::ZERO, &mut apt, |line| said.push(line.to_owned()));
        assert!(ended.unwrap_err().to_string().contains("failed: exit status: 100"));
        assert!(said[1].starts_with(HELD), "{said:?}");
    }

    #[test]
    fn any_other_failure_ends_at_once() {
        let mut said = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'E: Unable to locate package' >&2; exit 100"]);
        let ended = run_within(PATIENCE, &mut command, |line| said.push(line.to_owned()));
        assert!(ended.is_err());
        assert_eq!(said[1..], ["E: Unable to locate package"]);
    }
}
