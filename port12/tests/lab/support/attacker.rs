//! A local user without privileges, and the host that it attacks.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::Output,
    thread,
};

use tempfile::TempDir;

use super::{Bpffs, Namespace, Pair, Port12, foreign::program, raw::Raw, reaches};

/// A user that no other test has, and no account.
pub const USER: u32 = 54_321;

/// A user id, with no other group, capability or privilege.
pub struct Attacker {
    /// Its own directory, in /tmp.
    home: TempDir,
}

impl Attacker {
    /// A user with a home directory.
    pub fn new() -> Self {
        let home = tempfile::tempdir_in("/tmp").unwrap();
        std::os::unix::fs::chown(home.path(), Some(USER), Some(USER)).unwrap();
        Self { home }
    }

    /// The path of something in its home directory.
    pub fn home(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    /// Does something as the user, in this process.
    pub fn act<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                become_user();
                act()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs a command line as the user, in a network namespace.
    pub fn sh(&self, namespace: &Namespace, line: &str) -> Output {
        let user = USER.to_string();
        let mut command = namespace.command("setpriv");
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--inh-caps=-all"]);
        command.args(["timeout", "--kill-after=1", "60", "sh", "-c", line]);
        command.current_dir("/").output().unwrap()
    }

    /// Runs a command line as the user that has to fail.
    pub fn fails(&self, namespace: &Namespace, line: &str) {
        let output = self.sh(namespace, line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "the attack succeeded: {line}\n{said}");
        assert!(output.status.code() != Some(127), "there is no such program: {line}\n{said}");
    }
}

/// The credentials of this thread alone: the functions of libc change those of all threads.
fn become_user() {
    // SAFETY: takes numbers and no pointer that is read: the list of groups is empty.
    let results = unsafe {
        [
            libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()),
            libc::syscall(libc::SYS_setresgid, USER, USER, USER),
            libc::syscall(libc::SYS_setresuid, USER, USER, USER),
        ]
    };
    assert_eq!(results, [0; 3], "{}", std::io::Error::last_os_error());
}

/// A host on which root runs port12 in drop mode, with an attacker on it.
pub struct Victim {
    pub pair: Pair,
    /// A bpffs as it is mounted without options: all may make directories.
    pub bpffs: Bpffs,
    pub attacker: Attacker,
    raw: Raw,
}

impl Victim {
    /// The host, with nothing attached.
    pub fn new() -> Self {
        let pair = Pair::new();
        let raw = pair.far_raw();
        let bpffs = Bpffs::new();
        let root = fs::metadata(bpffs.pins().parent().unwrap()).unwrap();
        assert_eq!(root.mode() & 0o7777, 0o1777, "the attacks need the default mode of a bpffs");
        Self { pair, bpffs, attacker: Attacker::new(), raw }
    }

    /// The host that is watched.
    pub fn near(&self) -> &Namespace {
        &self.pair.near
    }

    /// Attaches in drop mode, without a daemon.
    pub fn attach(&self) {
        self.bpffs.ok(self.near(), "attach -i w0 --mode drop");
        self.is_unharmed();
    }

    /// Runs in drop mode, with more arguments.
    pub fn run(&self, args: &str) -> Port12 {
        let run = self.bpffs.run(self.near(), &format!("-i w0 --mode drop {args}"));
        self.drops();
        run
    }

    /// Asserts that a probe is dropped.
    pub fn drops(&self) {
        assert!(program(self.near(), "w0").is_some(), "nothing is attached");
        assert!(!reaches(&self.raw, 12), "a probe reached the stack");
    }

    /// Knocks at a port; the probe is dropped.
    pub fn knock(&self, port: u16) {
        assert!(!reaches(&self.raw, port), "a probe reached the stack");
    }

    /// A directory of root's that all may write to, as /tmp is.
    pub fn shared() -> TempDir {
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        directory
    }

    /// Asserts that root's port12 is attached, drops, and can be asked and told.
    pub fn is_unharmed(&self) {
        self.drops();
        let status = self.bpffs.status(self.near(), "w0");
        assert_eq!(super::mode(&status), "drop", "{status}");
        self.bpffs.ok(self.near(), "allow add 203.0.113.7");
        self.bpffs.ok(self.near(), "allow remove 203.0.113.7");
    }

    /// Asserts that nothing is attached.
    pub fn is_untouched(&self) {
        assert_eq!(program(self.near(), "w0"), None);
    }
}

/// Makes a named pipe.
pub fn pipe(path: &Path) {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: `path` is a C string.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o666) }, 0);
}

/// Asserts that one line names a path and a remedy.
pub fn is_clear(said: &str, path: &Path, remedy: &str) {
    let path = path.display().to_string();
    assert!(said.contains(&path) && said.contains(remedy), "{path}, {remedy}: {said}");
}
