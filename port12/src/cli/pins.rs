//! Arguments of commands that use pins, with a daemon or without.

use std::path::PathBuf;

use crate::{
    cli::failure::{Code, Failure},
    kernel::{
        pin::{self, is_bpffs},
        pin_error::MOUNT,
        pinned::Pinned,
        slot::Slot,
    },
    query::{Query, RUNTIME_DIR, open_each, runtime_directory},
    state_dir::STATE_DIR,
};

/// Where the maps and programs are.
#[derive(Clone, Debug, clap::Args)]
pub struct PinArgs {
    /// The directory in bpffs where port12's maps and programs are
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/port12", env = "PORT12_PIN_DIR")]
    pub pin_dir: PathBuf,
    /// The directory where `run` writes the state that other commands read
    #[arg(long, value_name = "DIR", default_value = RUNTIME_DIR, env = "PORT12_RUNTIME_DIR")]
    pub runtime_dir: PathBuf,
    /// The directory where `run` keeps bans, confirmations and events; `run` creates it, and uses the runtime directory if
    /// it cannot use this one
    #[arg(long, value_name = "DIR", default_value = STATE_DIR, env = "PORT12_STATE_DIR")]
    pub state_dir: PathBuf,
}

impl PinArgs {
    /// The interfaces that have something pinned.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the directory cannot be read.
    pub fn slots(&self) -> Result<Vec<Slot>, Failure> {
        Ok(pin::slots(&self.pin_dir)?)
    }

    /// The interfaces that have something pinned, at least one.
    ///
    /// # Errors
    ///
    /// [`Failure`]: there is none, or the directory cannot be read.
    pub fn some_slots(&self) -> Result<Vec<Slot>, Failure> {
        let slots = self.slots()?;
        if slots.is_empty() {
            return Err(self.nothing());
        }
        Ok(slots)
    }

    /// Pins of each interface, at least one.
    ///
    /// # Errors
    ///
    /// [`Failure`]: there is none, or it cannot be read.
    pub fn open(&self) -> Result<Vec<Pinned>, Failure> {
        let opened = self.some_slots()?.into_iter().map(Pinned::open_settled);
        let pinned: Vec<Pinned> = opened.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        if pinned.is_empty() { Err(self.nothing()) } else { Ok(pinned) }
    }

    /// Reader of the state of all pinned interfaces, and of the daemon.
    ///
    /// # Errors
    ///
    /// [`Failure`]: nothing is pinned, or it cannot be read.
    pub fn query(&self) -> Result<Query, Failure> {
        Ok(Query::new(self.open()?, &self.pin_dir, &self.runtime_dir))
    }

    /// Reader of the state of all pinned interfaces, if there are any, and of the daemon.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the pins cannot be read.
    pub fn query_any(&self) -> Result<Query, Failure> {
        let opened = self.slots()?.into_iter().map(Pinned::open_settled);
        let pinned = opened.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(Query::new(pinned, &self.pin_dir, &self.runtime_dir))
    }

    /// Directories in which a daemon may keep what outlives it: the one for state, and its own at runtime.
    pub fn state_dirs(&self) -> Vec<PathBuf> {
        let runtime = runtime_directory(&self.runtime_dir, &self.pin_dir);
        std::iter::once(self.state_dir.clone()).chain(runtime).collect()
    }

    /// Pins of each interface, each for itself: one that cannot be read hides no other.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the directory cannot be read.
    pub fn open_each(&self) -> Result<Vec<Result<Pinned, Failure>>, Failure> {
        Ok(open_each(&self.pin_dir)?.into_iter().map(|it| it.map_err(Into::into)).collect())
    }

    /// The failure of a command that finds nothing pinned.
    pub(super) fn nothing(&self) -> Failure {
        let directory = self.pin_dir.display();
        let why = match is_bpffs(&self.pin_dir) {
            true => "`port12 attach` or `port12 run` pins what they attach".to_owned(),
            false => format!("it is not in a bpffs, so nobody can pin there (`{MOUNT}`)"),
        };
        Failure::new(Code::Runtime, format!("nothing of port12 is pinned in {directory}: {why}"))
    }
}
