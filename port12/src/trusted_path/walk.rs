//! The walk along a path, one component at a time.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use super::{
    Directory, PathError,
    entry::{OTHERS_WRITE, is_trusted, look, writable_by_owner},
};

/// Symbolic links in one path (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// First group of ordinary users (login.defs(5): `SYS_GID_MAX` is 999).
const FIRST_USER_GROUP: u32 = 1000;

/// Users that a component may belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owners {
    /// Root and the user that this process runs as.
    Trusted,
    /// Also the user to whom one of these has given a directory: its entry lies where only they can
    /// make entries. For sockets, whose receiver runs as a user of its own.
    Delegated,
}

impl Owners {
    /// Refuses an entry of a directory for its owner.
    fn verify(self, at: &Directory, path: &Path, stat: &Stat) -> Result<(), PathError> {
        let owner = stat.st_uid;
        let is_accepted = is_trusted(owner)
            || match self {
                Self::Trusted => false,
                Self::Delegated => at.is_exclusive()? || at.is_exclusive_to(owner)?,
            };
        match is_accepted {
            true => Ok(()),
            false => Err(PathError::Owner { path: path.to_owned(), owner }),
        }
    }
}

/// The last component, if it is a symbolic link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LastLink {
    /// It is followed like any other.
    Followed,
    /// It is left to the one who opens it, and nobody follows it.
    Kept,
}

/// The deepest directory of a path that exists, and the components behind it.
///
/// # Errors
///
/// [`PathError`].
pub fn nearest(path: &Path) -> Result<(Directory, Vec<OsString>), PathError> {
    let mut walk = Walk::begin(path, Owners::Trusted, To::Directory)?;
    while let Some(name) = walk.pending.pop_front() {
        match walk.step(&name) {
            Ok(()) => {}
            Err(error) if error.is_missing() => {
                walk.pending.push_front(name);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok((walk.at, walk.pending.into()))
}

/// The directory of a path's last component, and that component. It need not exist.
///
/// # Errors
///
/// [`PathError`].
pub fn parent_of(
    path: &Path,
    last: LastLink,
    owners: Owners,
) -> Result<(Directory, OsString), PathError> {
    let mut walk = Walk::begin(path, owners, To::File)?;
    while let Some(name) = walk.pending.pop_front() {
        let is_last = walk.pending.is_empty();
        let stays = match last {
            LastLink::Kept => is_last,
            LastLink::Followed => is_last && !walk.is_link(&name)?,
        };
        if stays && name != ".." {
            return Ok((walk.at, name));
        }
        walk.step(&name)?;
    }
    Err(PathError::Kind { path: path.to_owned(), found: "a directory: name a file in it" })
}

/// A socket that another program listens on, held so that its path cannot lead to another one.
///
/// # Errors
///
/// [`PathError`].
pub fn socket(path: &Path) -> Result<OwnedFd, PathError> {
    let (directory, name) = parent_of(path, LastLink::Followed, Owners::Delegated)?;
    let path = directory.path().join(&name);
    let (file, stat) = look(&directory, &name).map_err(PathError::errno(&path))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Err(PathError::Kind {
            path,
            found: "not a socket: name one, or leave out `unix:`",
        });
    }
    Owners::Delegated.verify(&directory, &path, &stat)?;
    Ok(file)
}

/// A directory that has been verified, and what is left of the path.
struct Walk {
    at: Directory,
    pending: VecDeque<OsString>,
    links: usize,
    owners: Owners,
    to: To,
}

/// The end of a walk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum To {
    /// A directory.
    Directory,
    /// An entry that is not a directory.
    File,
}

impl Walk {
    fn begin(path: &Path, owners: Owners, to: To) -> Result<Self, PathError> {
        let absolute = std::path::absolute(path).map_err(PathError::system(path))?;
        let pending = components(&absolute).collect();
        Ok(Self { at: root()?, pending, links: 0, owners, to })
    }

    /// Enters a directory, or follows a link.
    fn step(&mut self, name: &OsStr) -> Result<(), PathError> {
        let path = self.at.path().join(name);
        let (file, stat) = look(&self.at, name).map_err(PathError::errno(&path))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => self.follow(&path, &file, &stat),
            FileType::Directory => {
                self.verify(&path, &stat)?;
                let path = if name == ".." { parent(self.at.path()) } else { path };
                self.at = Directory::verified(path, file);
                Ok(())
            }
            _ => Err(PathError::errno(&path)(Errno::NOTDIR)),
        }
    }

    fn verify(&self, path: &Path, stat: &Stat) -> Result<(), PathError> {
        self.owners.verify(&self.at, path, stat)?;
        match self.is_above() && is_of_system_group(stat) {
            true => Ok(()),
            false => writable_by_owner(path, stat),
        }
    }

    /// Whether another directory of a file's path follows the one that is entered.
    fn is_above(&self) -> bool {
        self.to == To::File && self.pending.len() > 1
    }

    fn is_link(&self, name: &OsStr) -> Result<bool, PathError> {
        match look(&self.at, name) {
            Ok((_, stat)) => Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Symlink),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(PathError::errno(&self.at.path().join(name))(errno)),
        }
    }

    /// Puts the target of a link in front of what is left. One whose directory others can write to may
    /// be theirs, or a hard link to one of root's that was made for another directory.
    fn follow(&mut self, path: &Path, link: &OwnedFd, stat: &Stat) -> Result<(), PathError> {
        if !is_trusted(stat.st_uid) {
            return Err(PathError::Owner { path: path.to_owned(), owner: stat.st_uid });
        }
        if !self.at.is_exclusive()? {
            let reason = "and others can write to its directory: name the path that it leads to";
            return Err(PathError::Link { path: path.to_owned(), reason });
        }
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(PathError::errno(path)(Errno::LOOP));
        }
        let target =
            rustix::fs::readlinkat(link, "", Vec::new()).map_err(PathError::errno(path))?;
        let target = PathBuf::from(OsStr::from_bytes(target.to_bytes()));
        // What is behind it in /proc is an open file, a pipe or a socket, of whatever path.
        if self.at.is_procfs() && path.parent().is_some_and(|it| it.ends_with("fd")) {
            let found = "an open stream: name a file";
            return Err(PathError::Kind { path: path.to_owned(), found });
        }
        if target.is_absolute() {
            self.at = root()?;
        }
        for name in components(&target).collect::<Vec<_>>().into_iter().rev() {
            self.pending.push_front(name);
        }
        Ok(())
    }
}

impl Directory {
    /// Opens a directory that exists.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn open(path: &Path) -> Result<Self, PathError> {
        let (directory, missing) = nearest(path)?;
        match missing.first() {
            None => Ok(directory),
            Some(name) => Err(PathError::errno(&directory.path().join(name))(Errno::NOENT)),
        }
    }

    /// Opens a directory, and makes it, and those that lead to it, with a mode if they are missing.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn create(path: &Path, mode: u32) -> Result<Self, PathError> {
        let (mut directory, missing) = nearest(path)?;
        for name in missing {
            directory = directory.make(&name, mode)?;
        }
        Ok(directory)
    }
}

fn root() -> Result<Directory, PathError> {
    let path = Path::new("/");
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let file =
        rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(PathError::errno(path))?;
    let stat = rustix::fs::fstat(&file).map_err(PathError::errno(path))?;
    if !is_trusted(stat.st_uid) {
        return Err(PathError::Owner { path: path.to_owned(), owner: stat.st_uid });
    }
    writable_by_owner(path, &stat)?;
    Ok(Directory::verified(path.to_owned(), file))
}

/// Whether a directory belongs to root, and only a group of the system can write to it too, as to /var/log (root:syslog)
/// on Ubuntu, where each boot restores the mode. Above the directory of a file this redirects nothing to files of
/// others: the group can rename directories there, and the next one has to belong to root or this user.
fn is_of_system_group(stat: &Stat) -> bool {
    let is_of_system = stat.st_uid == 0 && stat.st_gid < FIRST_USER_GROUP;
    is_of_system && stat.st_mode & OTHERS_WRITE == 0o020
}

fn components(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}
