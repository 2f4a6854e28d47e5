//! Opening a target.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
    path::Path,
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{
    super::{SinkSpec, Target},
    Outlet, Way,
};

/// Owner and group may read; the group is that of the directory or of the process.
const MODE: u32 = 0o640;

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

/// At its end, never through a symbolic link: whoever may write to the directory could point it at
/// any file. A named pipe without a reader is `ENXIO` instead of a wait.
fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(MODE)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

fn way(file: &File) -> io::Result<Way> {
    Ok(if file.metadata()?.is_file() { Way::File } else { Way::Stream })
}

/// Connects without waiting. A stream, or datagrams where the other side takes those only.
fn connect(path: &Path, is_datagram: bool) -> io::Result<Outlet> {
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
