//! The thread that keeps the programs' truth fresh, whatever the reports wait for.

use std::{
    cell::Cell,
    io,
    sync::{Arc, OnceLock, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use port12_common::abi::bypass;

use super::{Watched, interface::lookup_proves};
use crate::{
    host::{HostError, addresses::LocalAddresses, forwarding, interfaces},
    kernel::instance::Instance,
    truth::{self, Truth},
};

/// How often it is asked what stands around the interfaces: a container engine may start to
/// forward, and a bridge or a VLAN come, at any time.
const QUESTION: Duration = Duration::from_secs(1);

/// Questions without an answer, in a row, that end drop mode.
const UNANSWERED: u32 = 30;

/// Renews the truth until it is dropped.
pub struct Keeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts renewing. The thread is in the network namespace of the caller. Where it `guards`
    /// drop mode, an interface where the host begins to forward drops nothing any longer.
    ///
    /// # Errors
    ///
    /// Where no thread can be had.
    pub fn start(watched: &[Watched], guards: bool) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let charges = watched.iter().map(Charge::of).collect();
        let mut keeping = Keeping {
            charges,
            guards,
            truth: Truth::listening(),
            failing: false,
            asked: Instant::now(),
        };
        let thread = thread::Builder::new().name("truth".into()).spawn(move || {
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                keeping.renew();
                if stopped.recv_timeout(truth::PERIOD) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Keeper {
    /// Whether the truth is still renewed, and drop mode questioned.
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed, and the programs are about to go.
            let _ = thread.join();
        }
    }
}

/// An interface to keep the truth for.
struct Charge {
    name: String,
    index: u32,
    instance: Arc<Instance>,
    reverted: Arc<OnceLock<String>>,
    /// Questions in a row that the host has not answered.
    unanswered: Cell<u32>,
}

impl Charge {
    fn of(watched: &Watched) -> Self {
        Self {
            name: watched.link.interface.clone(),
            index: watched.index,
            instance: watched.instance().clone(),
            reverted: watched.reverted().clone(),
            unanswered: Cell::new(0),
        }
    }

    /// Tells the program what stands around the interface; where that cannot be asked, anything
    /// may. An interface that has left may be in another network namespace, of which nothing is
    /// known: its program drops nothing from then on.
    fn look_around(&self) {
        let link = match interfaces::by_index(self.index) {
            Err(HostError::NoInterface(_)) => {
                self.instance.state().set_bypass(bypass::LEFT, true);
                return;
            }
            link => link,
        };
        let proves = link.and_then(|link| lookup_proves(&link));
        self.instance.state().set_lookup_proves(matches!(proves, Ok(true)));
    }

    /// Gives drop mode up where the host has begun to forward, or does not say.
    fn question(&self) {
        if self.reverted.get().is_some() {
            return;
        }
        let why = match forwarding::reasons(self.index) {
            Ok(reasons) => {
                self.unanswered.set(0);
                match reasons.first() {
                    None => return,
                    Some(reason) => reason.to_string(),
                }
            }
            // Looking around has seen to it.
            Err(HostError::NoInterface(_)) => return,
            // Rules that change all the time, as under a ban list, are read at the next question.
            Err(error) => {
                self.unanswered.set(self.unanswered.get() + 1);
                if self.unanswered.get() < UNANSWERED {
                    return;
                }
                error.to_string()
            }
        };
        self.instance.state().set_bypass(bypass::FORWARDS, true);
        log::error!("{}: drop mode is given up for monitor mode: {why}", self.name);
        // Nobody else sets it.
        let _ = self.reverted.set(why);
    }
}

struct Keeping {
    charges: Vec<Charge>,
    guards: bool,
    truth: Truth,
    failing: bool,
    asked: Instant,
}

impl Keeping {
    fn renew(&mut self) {
        let instances: Vec<&Instance> =
            self.charges.iter().map(|charge| charge.instance.as_ref()).collect();
        match self.truth.publish(&instances) {
            Ok(left_out) => {
                self.failing = false;
                warn_of(&left_out);
            }
            Err(error) if !self.failing => {
                self.failing = true;
                log::warn!("{error}; until that mends, the program looks TCP sockets up by itself");
            }
            Err(_) => {}
        }
        if self.asked.elapsed() >= QUESTION {
            self.asked = Instant::now();
            self.charges.iter().for_each(Charge::look_around);
            if self.guards {
                self.charges.iter().for_each(Charge::question);
            }
        }
    }
}

fn warn_of(left_out: &LocalAddresses) {
    if left_out.is_empty() {
        return;
    }
    log::warn!(
        "{} local addresses do not fit the kernel's tables: what comes for them counts as transit \
         and passes",
        left_out.v4.len()
            + left_out.v6.len()
            + left_out.prefixes_v4.len()
            + left_out.prefixes_v6.len()
    );
}
