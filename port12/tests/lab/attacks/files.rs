//! Policy and registry files: pipes, links, other users' files.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, chown, symlink},
};

use crate::support::{
    Victim,
    attacker::{USER, is_clear, pipe},
    lab,
};

const POLICY: &str = "interfaces = [\"w0\"]\nmode = \"drop\"\n";
const HARMLESS: &str = "mode = \"monitor\"\nallow = [\"0.0.0.0/0\"]\n";

/// Succeeds if `Directory::open_file` opens before it looks, and waits: `check` hangs for ever.
#[test]
fn a_pipe_as_policy_or_registry_file_holds_up_no_command() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("file");
        victim.attacker.act(|| pipe(&path));
        for command in ["check", "run -i w0", "attach -i w0", "explain 12", "ports"] {
            for option in ["--config", "--registry"] {
                if (command, option) == ("ports", "--config") {
                    continue;
                }
                let args = format!("{command} {option} {}", path.display());
                let output = victim.bpffs.output(victim.near(), &args);
                // That of `timeout`.
                assert_ne!(output.status.code(), Some(124), "{args} hangs");
                let said = [output.stdout, output.stderr].concat();
                let said =
                    String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
                is_clear(&said, &path, "named pipe");
            }
        }
        victim.is_untouched();
    });
}

/// Succeeds as the one before: the daemon hangs at SIGHUP, and can be ended by SIGKILL alone.
#[test]
fn a_pipe_in_place_of_the_policy_file_holds_up_no_reload() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("port12.toml");
        fs::write(&path, POLICY).unwrap();
        let mut run = victim.run(&format!("--config {}", path.display()));
        // An administrator moves it away to edit it.
        fs::rename(&path, shared.path().join("mine")).unwrap();
        victim.attacker.act(|| pipe(&path));
        run.signal(libc::SIGHUP);
        let said = run.wait_until_said("the policy in force stays");
        is_clear(&said, &path, "named pipe");
        victim.is_unharmed();
        run.stop();
    });
}

/// Succeeds if a file is taken whoever owns it: the user allows itself everything.
#[test]
fn a_policy_file_of_the_users_is_not_read() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("port12.toml");
        fs::write(&path, POLICY).unwrap();
        let mut run = victim.run(&format!("--config {}", path.display()));
        fs::remove_file(&path).unwrap();
        victim.attacker.act(|| fs::write(&path, HARMLESS)).unwrap();
        run.signal(libc::SIGHUP);
        let said = run.wait_until_said("the policy in force stays");
        is_clear(&said, &path, &format!("belongs to user id {USER}"));
        victim.is_unharmed();
        run.stop();
        for args in ["check", "attach -i w0", "run -i w0"] {
            let args = format!("{args} --config {}", path.display());
            is_clear(&victim.bpffs.fails(victim.near(), &args, 3), &path, "chown root");
        }
    });
}

/// Succeeds if a link is followed whoever made it: a message about the file quotes its lines.
#[test]
fn a_link_to_a_secret_of_roots_is_not_read() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let [secret, link] = ["secret", "port12.toml"].map(|name| shared.path().join(name));
        fs::write(&secret, "mode = \"hunter2\"\n").unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        victim.attacker.act(|| symlink(&secret, &link)).unwrap();
        for option in ["--config", "--registry"] {
            let args = format!("check {option} {}", link.display());
            let said = victim.bpffs.fails(victim.near(), &args, 3);
            is_clear(&said, &link, "belongs to user id");
            assert!(!said.contains("hunter2"), "{said}");
        }
    });
}

/// Succeeds if the mode of a file is not verified.
#[test]
fn a_policy_file_that_the_users_group_can_write_to_is_not_read() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("port12.toml");
        fs::write(&path, POLICY).unwrap();
        chown(&path, Some(0), Some(USER)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
        victim.attacker.act(|| fs::write(&path, HARMLESS)).unwrap();
        let args = format!("attach -i w0 --config {}", path.display());
        let said = victim.bpffs.fails(victim.near(), &args, 3);
        is_clear(&said, &path, &format!("chmod go-w {}", path.display()));
        victim.is_untouched();
    });
}

/// Succeeds if a relative path is verified from the working directory on, and not from the root.
#[test]
fn a_policy_file_in_a_working_directory_of_the_users_is_not_read() {
    lab(|| {
        let victim = Victim::new();
        let path = victim.attacker.home("port12.toml");
        fs::write(&path, HARMLESS).unwrap();
        let mut command = victim.bpffs.command(victim.near(), "attach -i w0 --config port12.toml");
        let output = command.current_dir(path.parent().unwrap()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        is_clear(&said, path.parent().unwrap(), "belongs to user id");
        victim.is_untouched();
    });
}

/// Succeeds if `replace` writes to the name beside the file whatever is there.
#[test]
fn a_link_beside_the_policy_file_is_not_written_through() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let [path, secret] = ["port12.toml", "secret"].map(|name| shared.path().join(name));
        fs::write(&path, POLICY).unwrap();
        fs::write(&secret, "precious").unwrap();
        victim.attach();
        let beside = shared.path().join("port12.toml.new");
        victim.attacker.act(|| symlink(&secret, &beside)).unwrap();
        let args = format!("allow add 192.0.2.7 --write --config {}", path.display());
        victim.bpffs.ok(victim.near(), &args);
        assert!(fs::read_to_string(&path).unwrap().contains("192.0.2.7"));
        assert_eq!(fs::read_to_string(&secret).unwrap(), "precious");
        victim.is_unharmed();
    });
}
