//! Processes that have sockets.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::event::{Cgroup, OnDisk, Process};
use crate::text::time;

/// Way in which a process has a socket.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// A descriptor that its threads share.
    Descriptor,
    /// A descriptor of one of its threads, which does not share them; or the first thread has ended.
    Thread,
    /// A file that is registered with an io_uring, and has no descriptor.
    IoUring,
}

/// A process. It chooses its name and command line itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProcessState {
    /// Id, in the process namespace of the reader.
    pub pid: i32,
    /// Way in which it has the socket; null if that was not asked.
    pub through: Option<Through>,
    /// Thread that has the socket; null unless it is one thread alone.
    pub thread: Option<i32>,
    /// Name that the process gives itself; null if it is unknown.
    pub name: Option<String>,
    /// Words of its command line, 4 KiB at most; empty if it is unknown.
    pub command: Vec<String>,
    /// Whether the command line is longer.
    pub command_cut: bool,
    /// Program file; null if it is unknown.
    pub exe: Option<String>,
    /// File that is in the place of the program file.
    pub exe_on_disk: OnDisk,
    /// Effective user; null if it is unknown.
    pub uid: Option<u32>,
    /// Name of the user on this host; null if there is none, or it was not looked up.
    pub user: Option<String>,
    /// Time of its start; null if it is unknown.
    #[serde(
        serialize_with = "time::serialize_if_known",
        deserialize_with = "time::deserialize_if_known"
    )]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub started: Option<SystemTime>,
    /// Cgroup; null if it is unknown.
    pub cgroup: Option<Cgroup>,
}

impl From<&Process> for ProcessState {
    fn from(process: &Process) -> Self {
        let Process { pid, name, command, command_cut, program, uid, started, cgroup } = process;
        Self {
            pid: *pid,
            through: None,
            thread: None,
            name: name.clone(),
            command: command.clone(),
            command_cut: *command_cut,
            exe: program.as_ref().map(|it| it.path.clone()),
            exe_on_disk: program.as_ref().map_or(OnDisk::Unknown, |it| it.on_disk),
            uid: *uid,
            user: None,
            started: *started,
            cgroup: cgroup.clone(),
        }
    }
}
