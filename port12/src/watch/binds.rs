//! The thread that attaches the programs which hear of binds. That waits for locks of the kernel's that others
//! hold as long as they like, so neither the start nor the heartbeat waits for it.

use std::{
    fmt::Display,
    io,
    sync::mpsc::{self, Receiver, Sender},
};

use aya::maps::MapData;

use super::{Eye, Watched};
use crate::{
    host::cgroups::{self, Highest},
    kernel::binds::{BindRing, Binds, BindsError},
    privileges,
};

/// Hears of binds until it is dropped. The programs leave with this process at the latest.
pub struct Hearing(Sender<Vec<MapData>>);

impl Hearing {
    /// Starts the thread, in the network namespace of the caller: that is the one whose sockets the `eye` is told
    /// of. Where the programs cannot be attached, one line says why, and what is weaker.
    ///
    /// # Errors
    ///
    /// Where no thread can be had.
    pub fn start(eye: Eye) -> io::Result<Self> {
        let (sender, wanted) = mpsc::channel();
        privileges::spawn("binds", move || hear(&wanted, &eye))?;
        Ok(Self(sender))
    }

    /// Has the programs of these interfaces know of a bind at once.
    pub fn set(&self, watched: &[Watched]) {
        let here = watched.iter().filter(|it| !it.gone);
        match here.map(|it| it.instance().state_map()).collect::<Result<_, _>>() {
            // Where nothing is heard, that has been said.
            Ok(states) => _ = self.0.send(states),
            Err(error) => tell_of_delay(&error),
        }
    }
}

fn hear(wanted: &Receiver<Vec<MapData>>, eye: &Eye) {
    let (mut binds, cgroup) = match attached() {
        Ok(attached) => attached,
        Err(why) => return tell_of_weakness(&why),
    };
    let mut is_heard = false;
    while let Ok(states) = wanted.recv() {
        match binds.set_hearers(states) {
            Ok(0) => {}
            Ok(left_out) => tell_of_delay(&format_args!("{left_out} are too many")),
            Err(error) => tell_of_delay(&error),
        }
        if std::mem::replace(&mut is_heard, true) {
            continue;
        }
        // Only once the interfaces are set: a reported listener is marked on each of them.
        match listen(&binds, &cgroup) {
            Ok(ring) => eye.hear(ring, binds.losses(), cgroup.is_root),
            Err(why) => return tell_of_weakness(&why),
        }
    }
}

/// Attaches the programs to the highest visible cgroup. They ignore every bind until [`listen`].
fn attached() -> Result<(Binds, Highest), String> {
    let cgroup = cgroups::open_highest().map_err(|error| error.to_string())?;
    let attach = || -> Result<Binds, BindsError> {
        let mut binds = Binds::load()?;
        binds.attach(&cgroup.directory)?;
        Ok(binds)
    };
    let binds = attach().map_err(|error| format!("{}: {error}", cgroup.path.display()))?;
    Ok((binds, cgroup))
}

/// Has the programs report the binds of this network namespace. Returns the ring with their reports.
fn listen(binds: &Binds, cgroup: &Highest) -> Result<BindRing, String> {
    let path = cgroup.path.display();
    let ring = || -> Result<BindRing, BindsError> {
        binds.listen_to_this_namespace()?;
        Ok(binds.ring()?)
    };
    let ring = ring().map_err(|error| format!("{path}: {error}"))?;
    match cgroup.is_root {
        true => log::info!("binds are heard of in {path}"),
        false => log::warn!(
            "binds are heard of in {path} alone, which is not the root of the cgroups: others are \
             seen when the sockets are listed, up to 250 ms later"
        ),
    }
    Ok(ring)
}

fn tell_of_delay(why: &dyn Display) {
    log::warn!(
        "some interfaces learn of a new listener only when the sockets are listed, up to 250 ms later: {why}"
    );
}

fn tell_of_weakness(why: &dyn Display) {
    log::warn!(
        "binds are not heard of: a new TCP listener may lose its first SYN to drop mode for 250 ms, and one that \
         lives for less may not be told of ({why})"
    );
}
