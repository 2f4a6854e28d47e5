//! The directory of the pins: squatting, links, renaming, locks.

use std::{
    fs::{self, File, Permissions},
    os::{
        fd::AsRawFd as _,
        unix::fs::{PermissionsExt as _, chown, lchown, symlink},
    },
    path::Path,
};

use crate::support::{
    Victim,
    attacker::{USER, is_clear},
    lab,
};

const ATTACH: &str = "attach -i w0 --mode drop";

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

/// Succeeds if `Walk::verify` accepts any owner: the user can then `rm` the link of root's attachment.
#[test]
fn a_directory_that_the_user_made_first_is_not_used() {
    lab(|| {
        let victim = Victim::new();
        let pins = victim.bpffs.pins();
        victim.attacker.act(|| fs::create_dir(&pins)).unwrap();
        let said = victim.bpffs.fails(victim.near(), ATTACH, 4);
        is_clear(&said, &pins, &format!("belongs to user id {USER}"));
        assert!(is_empty(&pins));
        victim.is_untouched();
        // The remedy of the message.
        fs::remove_dir(&pins).unwrap();
        victim.attach();
    });
}

/// Succeeds if `Walk::step` follows every link.
#[test]
fn a_link_that_the_user_made_first_is_not_followed() {
    lab(|| {
        let victim = Victim::new();
        let pins = victim.bpffs.pins();
        let own = pins.with_file_name("own");
        victim.attacker.act(|| {
            fs::create_dir(&own).unwrap();
            symlink(&own, &pins).unwrap();
        });
        let said = victim.bpffs.fails(victim.near(), ATTACH, 4);
        is_clear(&said, &pins, "remove it");
        assert!(is_empty(&own));
        victim.is_untouched();
    });
}

/// Succeeds if a link is judged by what it leads to: root would pin among, and clear, another
/// program's pins.
#[test]
fn a_link_to_a_directory_of_roots_is_not_followed() {
    lab(|| {
        let victim = Victim::new();
        let pins = victim.bpffs.pins();
        let roots = pins.with_file_name("roots");
        fs::create_dir(&roots).unwrap();
        fs::set_permissions(&roots, Permissions::from_mode(0o700)).unwrap();
        victim.attacker.act(|| symlink(&roots, &pins)).unwrap();
        victim.bpffs.fails(victim.near(), ATTACH, 4);
        victim.bpffs.fails(victim.near(), "detach", 4);
        assert!(is_empty(&roots));
        victim.is_untouched();
    });
}

/// Succeeds if the components above the last one are not verified.
#[test]
fn a_path_through_a_link_of_the_users_is_not_used() {
    lab(|| {
        let victim = Victim::new();
        let link = victim.attacker.home("bpf");
        let bpffs = victim.bpffs.pins().parent().unwrap().to_owned();
        victim.attacker.act(|| symlink(&bpffs, &link)).unwrap();
        let args = format!("{ATTACH} --pin-dir {}", link.join("port12").display());
        victim.bpffs.fails(victim.near(), &args, 4);
        assert!(!victim.bpffs.pins().exists());
        victim.is_untouched();
    });
}

/// Succeeds if an untrusted directory ends `run`: the user would keep root from watching at all.
#[test]
fn a_squatted_directory_does_not_keep_run_from_dropping() {
    lab(|| {
        let victim = Victim::new();
        let pins = victim.bpffs.pins();
        victim.attacker.act(|| fs::create_dir(&pins)).unwrap();
        let run = victim.run("");
        let said = run.said.join("\n");
        is_clear(&said, &pins, "the maps are not pinned");
        assert!(is_empty(&pins));
        run.stop();
    });
}

/// Succeeds if `status`, `stats` and `bans` read what another user pinned.
#[test]
fn what_the_user_pins_is_not_taken_for_port12s() {
    lab(|| {
        let victim = Victim::new();
        let pins = victim.bpffs.pins();
        victim.attacker.act(|| {
            fs::create_dir(&pins).unwrap();
            fs::create_dir(pins.join("w0")).unwrap();
        });
        for args in ["status", "stats", "bans", "bypass", "allow list", "explain 12"] {
            let output = victim.bpffs.output(victim.near(), args);
            let said = String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout);
            // A table breaks lines.
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            is_clear(&said, &pins, "belongs to user id");
        }
    });
}

/// Succeeds if the pins of root's attachment are made with a mode that lets others write.
#[test]
fn what_root_pinned_is_not_removed_or_renamed() {
    lab(|| {
        let victim = Victim::new();
        victim.attach();
        let pins = victim.bpffs.pins();
        victim.attacker.act(|| {
            for path in [pins.join("w0/link"), pins.join("w0/STATE")] {
                fs::remove_file(&path).unwrap_err();
                fs::rename(&path, pins.with_file_name("mine")).unwrap_err();
            }
            for path in [&pins.join("w0"), &pins] {
                fs::remove_dir(path).unwrap_err();
                fs::rename(path, pins.with_file_name("mine")).unwrap_err();
            }
            fs::create_dir(pins.join("w1")).unwrap_err();
        });
        victim.is_unharmed();
    });
}

/// Succeeds if `Directory::is_private` accepts a mode that lets others read.
#[test]
fn nobody_else_holds_the_lock() {
    lab(|| {
        let victim = Victim::new();
        victim.attach();
        let pins = victim.bpffs.pins();
        victim.attacker.act(|| {
            File::open(&pins).unwrap_err();
            File::open(pins.join("w0")).unwrap_err();
        });
        victim.bpffs.ok(victim.near(), "detach");
        // A directory that an administrator made with the usual mode.
        fs::set_permissions(&pins, Permissions::from_mode(0o755)).unwrap();
        let _lock = victim.attacker.act(|| {
            let file = File::open(&pins).unwrap();
            // SAFETY: the descriptor is open.
            assert_eq!(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) }, 0);
            file
        });
        let said = victim.bpffs.fails(victim.near(), ATTACH, 4);
        is_clear(&said, &pins, &format!("chmod 0700 {}", pins.display()));
        // The remedy leaves the descriptor that is open, and the message names its holder.
        fs::set_permissions(&pins, Permissions::from_mode(0o700)).unwrap();
        let said = victim.bpffs.fails(victim.near(), ATTACH, 1);
        assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    });
}

/// Succeeds if `Slot::pin` takes a directory that is there whoever made it.
#[test]
fn a_place_that_the_user_made_before_the_directory_was_closed_is_not_used() {
    lab(|| {
        let victim = Victim::new();
        let pins = victim.bpffs.pins();
        fs::create_dir(&pins).unwrap();
        fs::set_permissions(&pins, Permissions::from_mode(0o1777)).unwrap();
        victim.attacker.act(|| fs::create_dir(pins.join("w0"))).unwrap();
        let said = victim.bpffs.fails(victim.near(), ATTACH, 4);
        is_clear(&said, &pins, "chmod 0700");
        fs::set_permissions(&pins, Permissions::from_mode(0o700)).unwrap();
        let said = victim.bpffs.fails(victim.near(), ATTACH, 4);
        is_clear(&said, &pins.join("w0"), &format!("belongs to user id {USER}"));
        assert!(is_empty(&pins.join("w0")));
        // What is cleared away after the failure is not what a link leads to.
        fs::remove_dir(pins.join("w0")).unwrap();
        let roots = pins.with_file_name("roots");
        fs::create_dir_all(roots.join("kept")).unwrap();
        symlink(&roots, pins.join("w0")).unwrap();
        lchown(pins.join("w0"), Some(USER), Some(USER)).unwrap();
        victim.bpffs.fails(victim.near(), ATTACH, 4);
        assert!(roots.join("kept").exists());
        victim.is_untouched();
    });
}

/// Succeeds if `PinDirectory::lock` makes the directory for a process that can pin nothing, or `detach`
/// makes it: it would be the user's.
#[test]
fn no_command_of_the_users_makes_the_directory() {
    lab(|| {
        let victim = Victim::new();
        let (pins, user) = (victim.bpffs.pins(), crate::support::Ordinary::new());
        let line =
            |args| format!("{} {args} --pin-dir {}", user.file("port12").display(), pins.display());
        victim.attacker.sh(victim.near(), &line("detach"));
        assert!(!pins.exists(), "detach");
        for args in ["attach -i w0", "run -i w0 --pin", "run -i w0", "status", "bypass"] {
            victim.attacker.fails(victim.near(), &line(args));
            assert!(!pins.exists(), "{args}");
        }
        victim.bpffs.ok(victim.near(), "detach");
        assert!(!pins.exists(), "root's detach makes none either");
        victim.attach();
    });
}

/// Succeeds if a directory's owner alone is verified, and not its mode.
#[test]
fn a_directory_of_roots_that_the_user_can_write_to_is_not_used() {
    lab(|| {
        let victim = Victim::new();
        let pins = victim.bpffs.pins();
        fs::create_dir(&pins).unwrap();
        chown(&pins, Some(0), Some(USER)).unwrap();
        for mode in [0o770, 0o777] {
            fs::set_permissions(&pins, Permissions::from_mode(mode)).unwrap();
            victim.attacker.act(|| fs::create_dir(pins.join("w0"))).unwrap();
            let said = victim.bpffs.fails(victim.near(), ATTACH, 4);
            is_clear(&said, &pins, "chmod go-w");
            fs::remove_dir(pins.join("w0")).unwrap();
        }
        victim.is_untouched();
    });
}
