//! The place of one interface in the pin directory: its maps, its programs, its link.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use aya::programs::{
    ProgramInfo,
    links::{FdLink, PinnedLink},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{errno, object::PINNED, pin_error::PinError};
use crate::{
    fault::{fault, is_set},
    trusted_path::Directory,
};

/// The attached program.
pub(super) const PROGRAM: &str = "program";
/// The program that reads the kernel's clock.
pub(super) const CLOCK_PROGRAM: &str = "clock";
/// The link. It is pinned last and removed first: where it is, all the rest is.
pub(super) const LINK: &str = "link";
/// Goes before a name while what has the name is replaced. A name in bpffs takes no dot.
const NEXT: &str = "next_";
/// Goes behind the name of a slot while its successor is filled. No name of an interface ends so: `%` is escaped.
pub(super) const SUCCESSOR: &str = "%next";

/// Mode of a directory for pins: another user that can open it can hold its lock.
pub(super) const PRIVATE: u32 = 0o700;

/// The place of an interface.
#[derive(Clone, Debug)]
pub struct Slot {
    interface: String,
    path: PathBuf,
}

impl Slot {
    pub(super) fn of(directory: &Path, interface: &str) -> Self {
        let name = interface.replace('%', "%25").replace('.', "%2E");
        Self { interface: interface.to_owned(), path: directory.join(name) }
    }

    /// The place at a path, where it has a map of port12's names in it, and nothing that has none of
    /// its names. All others may be anybody's, as are those that another user could have filled.
    pub(super) fn found(path: &Path) -> Result<Option<Self>, PinError> {
        match Directory::open(path).map_err(PinError::from) {
            Err(PinError::Untrusted(_)) => return Ok(None),
            opened => drop(opened?),
        }
        let mut has_a_map = false;
        for entry in fs::read_dir(path).map_err(PinError::at(path))? {
            let name = entry.map_err(PinError::at(path))?.file_name();
            let name = name.to_string_lossy();
            let name = name.strip_prefix(NEXT).unwrap_or(&name);
            if !PINNED.contains(&name) && ![PROGRAM, CLOCK_PROGRAM, LINK].contains(&name) {
                return Ok(None);
            }
            has_a_map |= PINNED.contains(&name);
        }
        Ok(has_a_map.then(|| Self::of_path(path.to_owned())))
    }

    /// The place at a path, whatever is there.
    pub(super) fn of_path(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let interface = name.replace("%2E", ".").replace("%25", "%");
        Self { interface, path }
    }

    /// The name of the interface.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Where its maps are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where one of its maps is.
    pub fn map(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where its program is.
    pub fn program(&self) -> PathBuf {
        self.path.join(PROGRAM)
    }

    /// Where the program is that reads the kernel's clock.
    pub fn clock(&self) -> PathBuf {
        self.path.join(CLOCK_PROGRAM)
    }

    /// Whether there is a link: the interface was attached to stay.
    pub fn has_link(&self) -> bool {
        self.path.join(LINK).exists()
    }

    /// The link.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn link(&self) -> Result<FdLink, PinError> {
        let path = self.path.join(LINK);
        match PinnedLink::from_pin(&path) {
            Ok(link) => Ok(link.into()),
            Err(error) => Err(PinError::at(&path)(errno::system(error))),
        }
    }

    /// The id of the program that belongs to it: that of its link, if there is one. `None` if
    /// neither can be read.
    pub fn program_id(&self) -> Option<u32> {
        if let Some(info) = self.link().ok().and_then(|link| link.info().ok()) {
            return Some(info.program_id());
        }
        ProgramInfo::from_pin(self.program()).ok().map(|program| program.id())
    }

    /// Whether every map is there.
    pub fn is_whole(&self) -> bool {
        PINNED.iter().all(|name| self.map(name).exists())
    }

    pub(super) fn make(&self) -> Result<(), PinError> {
        match fs::DirBuilder::new().mode(PRIVATE).create(&self.path) {
            // Left behind by a run that was killed before its first pin, or made by another user.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Directory::open(&self.path)?;
                Ok(())
            }
            made => made.map_err(PinError::at(&self.path)),
        }
    }

    /// Pins a link, in place of one that is there.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn pin_link(&self, link: FdLink) -> Result<FdLink, PinError> {
        let mut pinned = None;
        self.replace(LINK, |path| {
            let link = link.pin(path).map_err(errno::system).map_err(PinError::at(path))?;
            pinned = Some(FdLink::from(link));
            Ok(())
        })?;
        pinned.ok_or_else(|| PinError::at(&self.path)(io::Error::other("no link")))
    }

    /// Pins beside a name and renames: whoever looks finds the old or the new one.
    pub(super) fn replace(
        &self,
        name: &str,
        pin: impl FnOnce(&Path) -> Result<(), PinError>,
    ) -> Result<(), PinError> {
        let next = self.path.join(format!("{NEXT}{name}"));
        remove(&next)?;
        pin(&next)?;
        fs::rename(&next, self.path.join(name)).map_err(PinError::at(&next))
    }

    /// Place in which the successor of everything here is prepared.
    pub fn successor(&self) -> Self {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let path = self.path.with_file_name(format!("{name}{SUCCESSOR}"));
        Self { interface: self.interface.clone(), path }
    }

    /// Puts a successor in place of everything here, and removes what was here. Both have the same link.
    ///
    /// # Errors
    ///
    /// [`PinError`]; the next lock of the directory goes on.
    pub fn succeed(&self, successor: &Self) -> Result<(), PinError> {
        let flags = RenameFlags::EXCHANGE;
        let is_old_kernel = ["succeed.no_exchange", "kill:succeed.removed"].into_iter().any(is_set);
        if !is_old_kernel && renameat_with(CWD, &successor.path, CWD, &self.path, flags).is_ok() {
            fault("succeed.exchanged");
            return successor.remove();
        }
        // Before kernel 5.17 a bpffs exchanges nothing.
        self.remove()?;
        fault("succeed.removed");
        fs::rename(&successor.path, &self.path).map_err(PinError::at(&successor.path))
    }

    /// Takes everything to another place, which is empty.
    ///
    /// # Errors
    ///
    /// [`PinError`]; everything is where it was then.
    pub fn move_to(&self, other: Self) -> Result<Self, PinError> {
        if other.path.exists() {
            let error = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(PinError::at(&other.path)(error));
        }
        fs::rename(&self.path, &other.path).map_err(PinError::at(&self.path))?;
        Ok(other)
    }

    /// Removes everything, the link first: the kernel takes the program off the interface.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn remove(&self) -> Result<(), PinError> {
        // In place of the directory there may be another user's, or a link.
        Directory::open(&self.path)?;
        fault("detach.before");
        remove(&self.path.join(LINK))?;
        fault("detach.link");
        // The maps last: by them the place is known.
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(PinError::at(&self.path))? {
            entries.push(entry.map_err(PinError::at(&self.path))?.path());
        }
        let is_map = |path: &PathBuf| PINNED.iter().any(|name| path.ends_with(name));
        entries.sort_by_key(is_map);
        for entry in entries {
            remove(&entry)?;
            fault("detach.entry");
        }
        fs::remove_dir(&self.path).map_err(PinError::at(&self.path))
    }
}

/// Removes a file; one that is gone already is no error.
fn remove(path: &Path) -> Result<(), PinError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(PinError::at(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_stay_apart() {
        let name = |interface| {
            let slot = Slot::of(Path::new("/"), interface);
            slot.path().to_string_lossy().into_owned()
        };
        assert_eq!(name("eth0"), "/eth0");
        assert_eq!(name("eth0.10"), "/eth0%2E10");
        assert_ne!(name("a%2Eb"), name("a.b"));
    }
}
