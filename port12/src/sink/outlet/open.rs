//! Opening a target.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd, AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{
    super::{SinkSpec, Target},
    Outlet, Way,
};
use crate::trusted_path::{self, LastLink, Owners, PathError, parent_of};

/// Owner and group may read; the group is that of the directory or of the process.
const MODE: u32 = 0o640;

/// Where port12 would write to the kernel or to a device.
const NO_STORAGE: &str = "no place for records: name a file on a disk, or `-` for standard output";

/// Filesystems whose files are no storage (linux/magic.h): proc, sysfs, debugfs, tracefs, securityfs,
/// cgroup, cgroup2, bpf, efivarfs, pstore, selinuxfs, configfs, binfmt_misc, devpts, nsfs.
const PSEUDO: [u64; 15] = [
    0x9fa0,
    0x6265_6572,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0x0027_e0eb,
    0x6367_7270,
    0xcafe_4a11,
    0xde5e_81e4,
    0x6165_676c,
    0xf97c_ff8c,
    0x6265_6570,
    0x4249_4e4d,
    0x1cd1,
    0x6e73_6673,
];

/// Opens the target of a sink; waits for nobody.
pub(in super::super) fn open(spec: &SinkSpec) -> io::Result<Outlet> {
    match &spec.target {
        Target::Stdout => {
            let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
            let way = way(&file)?;
            Ok(Outlet::new(file, way))
        }
        Target::File(path) => {
            let file = open_file(path)?;
            let way = way(&file)?;
            Ok(Outlet::new(file, way))
        }
        Target::Unix(path) => connect(path, spec.form.is_datagram()),
    }
}

/// At its end. A named pipe without a reader is `ENXIO` instead of a wait.
fn open_file(path: &Path) -> Result<File, PathError> {
    let (directory, name) = parent_of(path, LastLink::Kept, Owners::Trusted)?;
    let is_pseudo = directory.filesystem().is_some_and(|it| PSEUDO.contains(&it));
    let is_device = || directory.path().starts_with("/dev");
    let is_other = || fs::symlink_metadata(directory.at(&name)).is_ok_and(|it| !it.is_file());
    if is_pseudo || is_device() && is_other() {
        return Err(PathError::Kind { path: path.to_owned(), found: NO_STORAGE });
    }
    directory.append(&name, MODE)
}

fn way(file: &File) -> io::Result<Way> {
    Ok(if file.metadata()?.is_file() { Way::File } else { Way::Stream })
}

/// Connects without waiting. A stream, or datagrams where the other side takes those only.
fn connect(path: &Path, is_datagram: bool) -> io::Result<Outlet> {
    // Held while it is connected to: its path cannot lead to another one by then.
    let listener = trusted_path::socket(path)?;
    let path = &PathBuf::from(format!("/proc/self/fd/{}", listener.as_raw_fd()));
    if is_datagram {
        return connect_as(path, Type::DGRAM, Way::Datagrams);
    }
    match connect_as(path, Type::STREAM, Way::Stream) {
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            connect_as(path, Type::DGRAM, Way::Datagrams)
        }
        connected => connected,
    }
}

fn connect_as(path: &Path, kind: Type, way: Way) -> io::Result<Outlet> {
    let socket = Socket::new(Domain::UNIX, kind, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(Outlet::new(File::from(OwnedFd::from(socket)), way))
}
