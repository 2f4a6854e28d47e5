use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::PathBuf,
    sync::mpsc,
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::*;

/// A directory of this user alone, in one that all may write to: /tmp has the sticky bit.
fn directory() -> TempDir {
    tempfile::tempdir_in("/tmp").unwrap()
}

fn with_mode(directory: &TempDir, name: &str, mode: u32) -> PathBuf {
    let path = directory.path().join(name);
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

fn refusal<T>(result: Result<T, PathError>) -> String {
    match result {
        Ok(_) => panic!("it was taken"),
        Err(error) => error.to_string(),
    }
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
}

#[test]
fn a_file_of_this_user_alone_is_read() {
    let directory = directory();
    let path = directory.path().join("policy");
    fs::write(&path, "12345").unwrap();
    assert_eq!(read(&path, 5).unwrap(), b"12345");
    assert!(matches!(read(&path, 4), Err(PathError::TooLarge { most: 4, .. })));
    let error = read(&directory.path().join("absent/policy"), 5).unwrap_err();
    assert!(error.is_missing() && !error.is_permission());
}

#[test]
fn a_directory_that_others_write_to_is_refused_with_the_command_that_mends_it() {
    let directory = directory();
    for mode in [0o777, 0o772, 0o707] {
        let open = with_mode(&directory, &format!("{mode:o}"), mode);
        fs::create_dir(open.join("below")).unwrap();
        fs::write(open.join("below/policy"), "").unwrap();
        let said = refusal(read(&open.join("below/policy"), 1));
        assert!(said.contains(&format!("`chmod go-w {}`", open.display())), "{said}");
        assert!(said.contains("chmod +t") && said.contains(&format!("{mode:04o}")), "{said}");
        assert!(refusal(Directory::open(&open)).contains("chmod go-w"));
        assert!(refusal(Directory::create(&open.join("new"), 0o700)).contains("chmod go-w"));
        assert!(!open.join("new").exists());
        assert!(refusal(replace(&open.join("state"), b"", 0o600)).contains("chmod go-w"));
        assert!(!open.join("state").exists());
    }
}

#[test]
fn a_system_group_may_write_above_the_directory_of_a_file_alone() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("not run: only root can give a directory to another group");
    }
    let directory = directory();
    let log = with_mode(&directory, "log", 0o755);
    fs::create_dir(log.join("own")).unwrap();
    fs::write(log.join("own/eve"), "it").unwrap();
    fs::write(log.join("eve"), "it").unwrap();
    for (group, is_of_system) in [(4, true), (999, true), (1000, false)] {
        std::os::unix::fs::chown(&log, None, Some(group)).unwrap();
        fs::set_permissions(&log, Permissions::from_mode(0o775)).unwrap();
        assert_eq!(read(&log.join("own/eve"), 9).is_ok(), is_of_system, "group {group}");
        assert!(refusal(read(&log.join("eve"), 9)).contains("chmod go-w"));
        assert!(refusal(read(&log.join("own/../eve"), 9)).contains("chmod go-w"));
        assert!(refusal(Directory::open(&log.join("own"))).contains("chmod go-w"));
    }
    std::os::unix::fs::chown(&log, None, Some(4)).unwrap();
    // The group has put its own directory, or a link, in the place of root's.
    fs::rename(log.join("own"), log.join("away")).unwrap();
    symlink("away", log.join("own")).unwrap();
    assert!(refusal(read(&log.join("own/eve"), 9)).contains("is a symbolic link"));
    std::os::unix::fs::chown(log.join("away"), Some(12), None).unwrap();
    assert!(refusal(read(&log.join("away/eve"), 9)).contains("belongs to user id 12"));
}

#[test]
fn a_file_that_others_write_to_is_refused() {
    let directory = directory();
    let path = directory.path().join("policy");
    fs::write(&path, "").unwrap();
    for mode in [0o666, 0o620, 0o602] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(refusal(read(&path, 1)).contains("chmod go-w"));
    }
}

#[test]
fn a_link_is_followed_only_where_nobody_else_can_make_one() {
    let directory = directory();
    let own = with_mode(&directory, "own", 0o755);
    fs::write(own.join("policy"), "it").unwrap();
    symlink("own", directory.path().join("relative")).unwrap();
    symlink(own.join("policy"), directory.path().join("absolute")).unwrap();
    symlink("loop", directory.path().join("loop")).unwrap();
    for name in ["relative/policy", "absolute", "own/../relative/./policy"] {
        assert_eq!(read(&directory.path().join(name), 9).unwrap(), b"it", "{name}");
    }
    assert!(refusal(read(&directory.path().join("loop"), 9)).contains("symbolic links"));
    let sticky = with_mode(&directory, "sticky", 0o1777);
    symlink(&own, sticky.join("link")).unwrap();
    assert!(refusal(read(&sticky.join("link/policy"), 9)).contains("is a symbolic link"));
    fs::write(sticky.join("plain"), "it").unwrap();
    assert_eq!(read(&sticky.join("plain"), 9).unwrap(), b"it");
}

#[test]
fn nothing_waits_for_a_pipe() {
    let directory = directory();
    let path = directory.path().join("pipe");
    fifo(&path);
    let (send, receive) = mpsc::channel();
    thread::spawn({
        let path = path.clone();
        move || send.send(refusal(read(&path, 9))).unwrap()
    });
    let said = receive.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(said.ends_with("is a named pipe: name a regular file"), "{said}");
    for (path, kind) in
        [("/dev/zero", "device"), ("/dev/stdin", "open stream"), ("/tmp", "director")]
    {
        let said = refusal(read(Path::new(path), 9));
        assert!(said.contains(kind), "{path}: {said}");
    }
}

#[test]
fn a_file_is_appended_to_or_made_and_no_other_name_leads_to_it() {
    let directory = directory();
    let sticky = with_mode(&directory, "sticky", 0o1777);
    let own = Directory::open(directory.path()).unwrap();
    let shared = Directory::open(&sticky).unwrap();
    own.append("log".as_ref(), 0o640).unwrap().write_all(b"a").unwrap();
    own.append("log".as_ref(), 0o640).unwrap().write_all(b"b").unwrap();
    let log = directory.path().join("log");
    assert_eq!(fs::read(&log).unwrap(), b"ab");
    fs::hard_link(&log, sticky.join("log")).unwrap();
    assert!(refusal(shared.append("log".as_ref(), 0o640)).contains("hard links"));
    own.append("log".as_ref(), 0o640).unwrap();
    symlink(&log, directory.path().join("link")).unwrap();
    assert!(refusal(own.append("link".as_ref(), 0o640)).contains("a symbolic link"));
    assert!(refusal(own.append("sticky".as_ref(), 0o640)).contains("a directory"));
    fifo(&directory.path().join("pipe"));
    let error = own.append("pipe".as_ref(), 0o640).unwrap_err();
    assert_eq!(std::io::Error::from(error).raw_os_error(), Some(libc::ENXIO));
}

#[test]
fn a_file_is_replaced_as_a_whole_and_keeps_its_mode() {
    let directory = directory();
    let path = directory.path().join("state");
    replace(&path, b"one", 0o600).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    replace(&link, b"two", 0o600).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
    assert!(link.is_symlink());
    let names = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(names, 2, "nothing is left beside it");
}

#[test]
fn a_directory_stays_the_same_one_when_its_path_leads_elsewhere() {
    let directory = directory();
    let path = directory.path().join("pins");
    let opened = Directory::create(&path, 0o700).unwrap();
    opened.is_private().unwrap();
    fs::rename(&path, directory.path().join("moved")).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(opened.at("map"), "").unwrap();
    assert!(directory.path().join("moved/map").exists() && !path.join("map").exists());
    fs::set_permissions(directory.path().join("moved"), Permissions::from_mode(0o711)).unwrap();
    assert!(refusal(opened.is_private()).contains("chmod 0700"));
}

#[test]
fn a_socket_is_the_one_that_was_looked_at() {
    let directory = directory();
    let path = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    symlink("socket", directory.path().join("log")).unwrap();
    socket(&path).unwrap();
    socket(&directory.path().join("log")).unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    assert!(refusal(socket(&directory.path().join("file"))).contains("not a socket"));
}
