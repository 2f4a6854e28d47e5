//! The thread that keeps the programs' truth fresh, whatever the reports wait for.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use port12_common::{Transport, abi::bypass};

use super::{Eye, WatchError, Watched, forwarding::Forwarding, links};
use crate::{
    host::{
        HostError,
        addresses::LocalAddresses,
        forwarding::{Reason, Survey},
        interfaces::Stack,
        protected::Protected,
    },
    kernel::{bans::BansError, guarded::Guarded, instance::Instance, slot::Slot},
    privileges, query,
    truth::{self, Truth, TruthError},
};

/// How often it is asked what stands around the interfaces: a container engine may start to
/// forward, and a bridge or a VLAN come, at any time.
const QUESTION: Duration = Duration::from_secs(1);

/// How long the program bans by itself after it was told whom not to ban.
const VOUCHED: Duration = Duration::from_secs(5);

/// Each question takes no more than one part in so many of the time. Where there are very many connections, the
/// program bans part of the time.
const SHARE: u32 = 50;

/// Questions without an answer, in a row, that end drop mode.
const UNANSWERED: u32 = 30;

/// Renews the truth until it is dropped.
pub struct Keeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts renewing. The thread is in the network namespace of the caller. Where it `guards`
    /// drop mode, an interface where the host begins to forward drops nothing any longer. The `eye` is
    /// shown the sockets that it finds.
    ///
    /// # Errors
    ///
    /// Where no thread can be had.
    pub fn start(watched: &[Watched], guards: bool, eye: Eye) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let charges = watched.iter().map(Charge::of).collect();
        let mut keeping = Keeping {
            charges,
            guards,
            truth: Truth::listening(),
            eye,
            failing: false,
            unseen: BTreeSet::new(),
            survey: Survey::default(),
            asks_at: Instant::now() + QUESTION,
            due: Instant::now(),
        };
        let thread = privileges::spawn("truth", move || {
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
    unproven: Arc<Mutex<Option<String>>>,
    forwarding: Forwarding,
    /// Questions in a row that the host has not answered.
    unanswered: Cell<u32>,
    /// The addresses that the program does not ban by itself.
    guarded: Option<Guarded>,
    slot: Option<Slot>,
    /// Whether there were too many of them.
    crowded: bool,
}

impl Charge {
    fn of(watched: &Watched) -> Self {
        Self {
            name: watched.name.clone(),
            index: watched.index,
            instance: watched.instance().clone(),
            reverted: watched.reverted().clone(),
            unproven: watched.unproven().clone(),
            forwarding: watched.forwarding().clone(),
            unanswered: Cell::new(0),
            guarded: watched.instance().guarded().ok(),
            slot: watched.slot().cloned(),
            crowded: false,
        }
    }

    /// Tells the program what stands around the interface; where that cannot be asked, anything
    /// may. An interface that has left may be in another network namespace, of which nothing is
    /// known: its program drops nothing from then on.
    fn look_around(&self, stack: Result<&Stack, &HostError>) {
        let unproven = match stack {
            Ok(stack) => match stack.get(self.index) {
                Some(link) => stack.unproven(link).map(|why| why.to_string()),
                None => {
                    self.instance.state().set_bypass(bypass::LEFT, true);
                    return;
                }
            },
            Err(error) => Some(format!("what stands above it cannot be read ({error})")),
        };
        self.instance.state().set_lookup_proves(unproven.is_none());
        *self.unproven.lock().unwrap_or_else(PoisonError::into_inner) = unproven;
        links::publish(self.instance.state(), stack, self.index);
        if let Err(error) = stack {
            log::debug!("{}: {error}; no frame with a VLAN tag is dropped", self.name);
        }
    }

    /// Whether the program has to know whom not to ban, or not to shut out.
    fn is_to_guard(&self) -> bool {
        self.instance.bans_by_itself() || self.instance.state().shuts_out()
    }

    /// Tells the program whom not to ban, and lifts the bans by itself that it made before it was told.
    fn guard(&mut self, protected: &Protected, time: Duration) -> Result<(), WatchError> {
        let Some(guarded) = &mut self.guarded else {
            return Ok(());
        };
        // The time counts from before: an address may come while it is written.
        let now = self.instance.now().map_err(TruthError::from)?;
        let mut addresses: BTreeSet<IpAddr> = protected.addresses.keys().copied().collect();
        if protected.unlisted.is_some() {
            // An address that could not be listed may be as needed as before.
            addresses.extend(guarded.known().map_err(BansError::from)?);
        }
        let fits = guarded.set(&addresses).map_err(BansError::from)?;
        if fits {
            self.instance.vouch(&now, time);
        }
        if std::mem::replace(&mut self.crowded, !fits) == fits {
            let what = if fits { "fit again" } else { "are too many: the program bans nobody" };
            log::warn!("{}: the addresses not to ban {what}", self.name);
        }
        let mut bans = self.instance.bans(self.slot.as_ref())?;
        for source in bans.spare(|source| protected.role(source).is_some(), now.jiffies)? {
            log::warn!("{}: the ban of {source} is lifted: this host needs it", self.name);
        }
        Ok(())
    }

    /// Asks whether the host forwards. With `guards`, drop mode ends if it does, or gives no answer.
    fn question(&self, reasons: Result<&[Reason], &HostError>, guards: bool) {
        self.forwarding.set(query::forwarding(reasons));
        if !guards || self.reverted.get().is_some() {
            return;
        }
        let why = match reasons {
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
        // Nobody else sets it.
        let _ = self.reverted.set(why);
    }
}

struct Keeping {
    charges: Vec<Charge>,
    guards: bool,
    truth: Truth,
    eye: Eye,
    failing: bool,
    /// Transports whose sockets could not be listed, as they were reported last.
    unseen: BTreeSet<Transport>,
    /// Reasons against drop mode, as they were found last.
    survey: Survey,
    /// When the interfaces, and what stands against drop mode, are looked at again.
    asks_at: Instant,
    /// When the protected addresses are listed again.
    due: Instant,
}

impl Keeping {
    fn renew(&mut self) {
        let instances: Vec<&Instance> =
            self.charges.iter().map(|charge| charge.instance.as_ref()).collect();
        let began = Instant::now();
        match self.truth.publish(&instances) {
            Ok(left_out) => {
                self.failing = false;
                warn_of(&left_out);
            }
            Err(error) if !self.failing => {
                self.failing = true;
                let follows = match &error {
                    TruthError::Clock(_) => "the program looks TCP sockets up by itself",
                    TruthError::Host(_) => {
                        "packets to addresses that appear count as transit and pass"
                    }
                };
                log::warn!("{error}; until that mends, {follows}");
            }
            Err(_) => {}
        }
        if let Some(open) = self.truth.take_sockets() {
            self.note_unseen(&open.unseen);
            self.eye.look(began, open);
        }
        if Instant::now() >= self.due {
            self.guard();
        }
        if Instant::now() >= self.asks_at {
            let began = Instant::now();
            self.look_around();
            self.asks_at = began + QUESTION.max(began.elapsed() * SHARE);
        }
    }
}

impl Keeping {
    /// Asks the host once about all interfaces.
    fn look_around(&mut self) {
        let Self { charges, survey, guards, .. } = self;
        let stack = Stack::read();
        charges.iter().for_each(|charge| charge.look_around(stack.as_ref()));
        let mut round = match &stack {
            Ok(stack) => survey.round(stack),
            Err(error) => {
                charges.iter().for_each(|charge| charge.question(Err(error), *guards));
                return;
            }
        };
        for charge in charges {
            match &mut round {
                Ok(round) => charge.question(round.reasons(charge.index).as_deref(), *guards),
                Err(error) => charge.question(Err(error), *guards),
            }
        }
    }

    /// Reports the transports whose sockets cannot be listed, and what follows, when they change.
    fn note_unseen(&mut self, unseen: &BTreeMap<Transport, String>) {
        if self.unseen.iter().eq(unseen.keys()) {
            return;
        }
        self.unseen = unseen.keys().copied().collect();
        match unseen.first_key_value() {
            Some((_, why)) => log::warn!("{}", unlisted(&self.unseen, why)),
            None => log::warn!("sockets of all transports can be listed again"),
        }
    }

    /// Sees to it that those are not banned whom this host needs, where programs ban by themselves.
    fn guard(&mut self) {
        let began = Instant::now();
        self.due = began + QUESTION;
        if !self.charges.iter().any(Charge::is_to_guard) {
            return;
        }
        let asked = Protected::ask();
        let took = began.elapsed();
        self.due = Instant::now() + QUESTION.max(took * SHARE);
        // From when it was asked.
        let time = VOUCHED.saturating_sub(took);
        match asked {
            Ok(protected) => {
                for charge in &mut self.charges {
                    if let Err(error) = charge.guard(&protected, time) {
                        log::warn!("{}: {error}", charge.name);
                    }
                }
            }
            Err(error) => log::warn!("{error}; until that mends, the program bans nobody"),
        }
    }
}

/// Consequences of transports whose sockets cannot be listed.
fn unlisted(transports: &BTreeSet<Transport>, why: &str) -> String {
    let names: Vec<&str> = transports.iter().map(|it| it.as_str()).collect();
    let mut text =
        format!("{}: {why}: listeners that appear or close are not reported", names.join(", "));
    if transports.contains(&Transport::Tcp) {
        text += "; the program looks TCP sockets up by itself";
    }
    if transports.contains(&Transport::Tcp) || transports.contains(&Transport::Udp) {
        text += "; peers are unknown: port12 bans no source with scope \"all\"";
    }
    text
}

fn warn_of(left_out: &LocalAddresses) {
    if left_out.is_empty() {
        return;
    }
    log::warn!(
        "{} local addresses do not fit the kernel's tables: what comes for them counts as transit \
         and passes",
        left_out.v4.len()
            + left_out.broadcast_v4.len()
            + left_out.v6.len()
            + left_out.prefixes_v4.len()
            + left_out.prefixes_v6.len()
    );
}
