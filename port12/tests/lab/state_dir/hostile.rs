//! A local user who is at the state directory first.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use crate::support::{Port12, Victim, attacker::is_clear, lab};

/// Runs with a state directory that is refused: a line says so, and drop mode is in force.
fn is_refused(victim: &Victim, path: &Path, found: &Path, remedy: &str) {
    let mut command = victim.bpffs.run_command(victim.near(), "-i w0 --mode drop");
    command.env("PORT12_STATE_DIR", path);
    let mut run = Port12::spawn(command);
    let said = run.wait_until_said("--state-dir");
    is_clear(&said, found, remedy);
    run.wait_until_said("ports of the registry of");
    victim.is_unharmed();
    run.stop();
}

/// Succeeds if a directory is used whoever owns it: its owner reads and forges bans.
#[test]
fn a_directory_that_the_user_made_first_is_not_used() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("port12");
        victim.attacker.act(|| fs::create_dir(&path)).unwrap();
        is_refused(&victim, &path, &path, "belongs to user id");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    });
}

/// Succeeds if a link is followed whoever made it: root writes where the user says.
#[test]
fn a_link_in_place_of_the_directory_is_not_followed() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let [path, etc] = ["port12", "etc"].map(|name| shared.path().join(name));
        fs::create_dir(&etc).unwrap();
        victim.attacker.act(|| symlink(&etc, &path)).unwrap();
        is_refused(&victim, &path, &path, "belongs to user id");
        assert_eq!(fs::read_dir(&etc).unwrap().count(), 0);
    });
}

/// Succeeds if the mode of the directory is not verified: the user puts files into it.
#[test]
fn a_directory_that_all_can_write_is_not_used() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("port12");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        is_refused(&victim, &path, &path, "chmod go-w");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    });
}

/// Succeeds if the lock file is opened through a link, or without a look at its owner.
#[test]
fn a_lock_file_of_the_users_is_not_used() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let [secret, lock] = ["secret", "lock"].map(|name| shared.path().join(name));
        fs::write(&secret, "precious").unwrap();
        victim.attacker.act(|| symlink(&secret, &lock)).unwrap();
        is_refused(&victim, shared.path(), &lock, "a symbolic link");
        fs::remove_file(&lock).unwrap();
        victim.attacker.act(|| fs::write(&lock, "")).unwrap();
        is_refused(&victim, shared.path(), &lock, "belongs to user id");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "precious");
    });
}
