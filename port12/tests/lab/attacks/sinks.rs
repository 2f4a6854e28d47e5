//! Sinks: other users' files, links, pipes, sockets, and the kernel's own files.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::{UnixDatagram, UnixListener},
    },
    path::Path,
    process::Stdio,
};

use crate::support::{
    Victim,
    addresses::{FAR, NEAR},
    attacker::{USER, is_clear, pipe},
    lab, until,
    wait::LONG,
};

/// What `run` says of a sink that it refuses.
fn refusal(victim: &Victim, sink: &str, code: i32) -> String {
    let said = victim.bpffs.fails(victim.near(), &format!("run -i w0 --sink {sink}"), code);
    victim.is_untouched();
    said
}

fn eve(path: &Path) -> String {
    format!("eve:{}", path.display())
}

/// Succeeds if `Directory::append` takes a file whoever owns it: the user reads and changes the
/// records.
#[test]
fn a_file_that_the_user_made_first_is_not_written_to() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("eve.json");
        victim.attacker.act(|| fs::write(&path, "")).unwrap();
        is_clear(&refusal(&victim, &eve(&path), 4), &path, &format!("belongs to user id {USER}"));
        assert_eq!(fs::read(&path).unwrap(), b"");
    });
}

/// Succeeds if the file is opened without `O_NOFOLLOW`.
#[test]
fn a_link_to_a_file_of_roots_is_not_written_through() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let [precious, link] = ["precious", "eve.json"].map(|name| shared.path().join(name));
        fs::write(&precious, "precious").unwrap();
        victim.attacker.act(|| symlink(&precious, &link)).unwrap();
        is_clear(&refusal(&victim, &eve(&link), 3), &link, "symbolic link");
        // Nor is one made that the link leads to.
        fs::remove_file(&precious).unwrap();
        refusal(&victim, &eve(&link), 3);
        assert!(!precious.exists());
    });
}

/// Succeeds if the number of names is not verified, on a kernel without `fs.protected_hardlinks`. With
/// it, the user cannot make the link, and the test does it instead.
#[test]
fn a_hard_link_to_a_file_of_roots_is_not_written_to() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let [precious, link] = ["precious", "eve.json"].map(|name| shared.path().join(name));
        fs::write(&precious, "precious").unwrap();
        if victim.attacker.act(|| fs::hard_link(&precious, &link)).is_err() {
            fs::hard_link(&precious, &link).unwrap();
        }
        is_clear(&refusal(&victim, &eve(&link), 4), &link, "hard links");
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
    });
}

/// Succeeds if a pipe is opened before its owner is verified: `run` waits for the user to read it.
#[test]
fn a_pipe_of_the_users_is_not_written_to() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("pipe");
        victim.attacker.act(|| pipe(&path));
        is_clear(&refusal(&victim, &eve(&path), 4), &path, "belongs to user id");
    });
}

/// Succeeds if a socket is connected to whoever listens: the user reads the records, or stalls.
#[test]
fn a_socket_that_the_user_listens_on_is_not_connected_to() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let [stream, log] = ["stream", "log"].map(|name| shared.path().join(name));
        let (listener, datagrams) = victim
            .attacker
            .act(|| (UnixListener::bind(&stream).unwrap(), UnixDatagram::bind(&log).unwrap()));
        for (sink, path) in [("eve:unix:", &stream), ("syslog:", &log), ("journald:", &log)] {
            let said = refusal(&victim, &format!("{sink}{}", path.display()), 4);
            is_clear(&said, path, "belongs to user id");
        }
        listener.set_nonblocking(true).unwrap();
        listener.accept().unwrap_err();
        datagrams.set_nonblocking(true).unwrap();
        datagrams.recv(&mut [0]).unwrap_err();
    });
}

/// Succeeds if a file is verified at the start alone, and not when SIGHUP opens it anew.
#[test]
fn a_file_that_the_user_makes_after_a_rotation_is_not_written_to() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("eve.json");
        let mut run = victim.run(&format!("--sink {}", eve(&path)));
        victim.knock(14);
        until("a record", || (fs::metadata(&path).unwrap().len() > 0).then_some(()));
        fs::rename(&path, shared.path().join("eve.json.1")).unwrap();
        victim.attacker.act(|| fs::write(&path, "")).unwrap();
        run.signal(libc::SIGHUP);
        run.wait_until_said("reloaded");
        victim.knock(16);
        // The two lines come in either order.
        let told = run.said.iter().find(|line| line.contains("belongs to user id")).cloned();
        let said = told.unwrap_or_else(|| run.wait_until_said("belongs to user id"));
        is_clear(&said, &path, "remove it");
        assert_eq!(fs::read(&path).unwrap(), b"");
        victim.is_unharmed();
        // The remedy: the record that waited is written.
        fs::remove_file(&path).unwrap();
        let written = || fs::read_to_string(&path).is_ok_and(|it| it.contains("\"dest_port\":16"));
        until("the record", || written().then_some(()));
        run.stop();
    });
}

/// Succeeds if the components above the directory of the file are not verified.
#[test]
fn a_directory_that_the_user_can_replace_is_not_used() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let logs = shared.path().join("logs");
        fs::create_dir(&logs).unwrap();
        fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o777)).unwrap();
        victim.attacker.act(|| {
            fs::rename(&logs, shared.path().join("moved")).unwrap();
            fs::create_dir(&logs).unwrap();
        });
        let said = refusal(&victim, &eve(&logs.join("eve.json")), 4);
        is_clear(&said, shared.path(), &format!("chmod go-w {}", shared.path().display()));
        assert!(!logs.join("eve.json").exists());
    });
}

/// Succeeds if all regular files and devices are taken: those in /proc and /sys are regular files, and
/// who may change the options of a unit would write to the kernel.
#[test]
fn files_of_the_kernel_and_devices_are_no_sinks() {
    lab(|| {
        let victim = Victim::new();
        let before = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
        for path in [
            "/proc/sys/kernel/core_pattern",
            "/proc/sysrq-trigger",
            "/sys/kernel/uevent_helper",
            "/sys/kernel/mm/ksm/run",
            "/dev/null",
            "/dev/full",
            "/dev/tty",
            "/dev/kmsg",
        ] {
            for form in ["eve", "human", "pcapng"] {
                let said = refusal(&victim, &format!("{form}:{path}"), 3);
                is_clear(&said, Path::new(path), "name a file");
            }
        }
        assert_eq!(fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap(), before);
        let args = "run -i w0 --duration 200ms --sink human:/dev/stdout";
        victim.bpffs.ok(victim.near(), args);
    });
}

/// Succeeds if the message of a record goes out without the escapes of `encode::Message`.
#[test]
fn the_path_of_a_program_writes_no_field() {
    lab(|| {
        let (victim, shared) = (Victim::new(), tempfile::tempdir_in("/tmp").unwrap());
        let path = shared.path().join("log");
        let log = UnixDatagram::bind(&path).unwrap();
        log.set_read_timeout(Some(LONG)).unwrap();
        let mut run = victim.run(&format!("--egress --sink syslog:{}", path.display()));
        // The program for what leaves is there before the first report.
        run.report();
        let hostile = victim.attacker.home("x SRC=8.8.8.8 DPT=22 \n<0>sshd[1]: PWNED=1");
        fs::copy(fs::canonicalize("/bin/bash").unwrap(), &hostile).unwrap();
        let code = format!("exec 3<>/dev/udp/{FAR}/12; echo x >&3; read -t 2 <&3; true");
        let mut command = victim.near().command("setpriv");
        let user = USER.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]).arg(&hostile);
        let mut child = command.args(["-c", &code]).stderr(Stdio::null()).spawn().unwrap();
        let mut message = [0; 8192];
        let length = log.recv(&mut message).expect("a record");
        child.wait().unwrap();
        let message = std::str::from_utf8(&message[..length]).unwrap();
        let fields: Vec<_> =
            message.split_whitespace().filter_map(|word| word.split_once('=')).collect();
        let of = |wanted: &str| -> Vec<&str> {
            fields.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value).collect()
        };
        assert!(message.contains("8.8.8.8"), "the path is told: {message}");
        assert_eq!(of("SRC"), [NEAR.to_string()], "{message}");
        assert_eq!((of("DPT"), of("PWNED")), (vec!["12"], vec![]), "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
        run.stop();
    });
}
