//! `port12 detach`: take off what was attached to stay.

use std::{
    io::{ErrorKind, Write},
    thread,
    time::{Duration, Instant},
};

use super::pins::PinArgs;
use crate::{
    cli::failure::{Code, Failure},
    host::interfaces::{self, Link},
    kernel::{
        egress,
        pin::PinDirectory,
        pinned::{Pinned, PinnedError},
        slot::Slot,
    },
};

/// How long the kernel is waited for: it takes a program off after the last one lets go of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Detach programs from their interfaces, and remove their counters and state.
#[derive(Clone, Debug, clap::Args)]
pub struct DetachArgs {
    /// An interface; repeat for more [default: all that are attached]
    #[arg(short, long = "interface", value_name = "IFACE", value_delimiter = ',')]
    pub interfaces: Vec<String>,
    /// Detach programs of other versions of port12, too
    #[arg(long)]
    pub force: bool,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Detaches.
///
/// # Errors
///
/// [`Failure`]: another port12 holds the directory, an interface is not attached, or what is there
/// is of another version.
pub fn run(args: &DetachArgs, out: &mut impl Write) -> Result<(), Failure> {
    // What a killed port12 left behind goes with the lock.
    let pins = PinDirectory::lock_existing(&args.pins.pin_dir)?;
    let mut slots = pins.as_ref().map_or(Ok(Vec::new()), PinDirectory::slots)?;
    if !args.interfaces.is_empty() {
        slots = named(slots, &args.interfaces)?;
    }
    if !args.force {
        slots.iter().try_for_each(refuse_foreign)?;
    }
    let is_empty = slots.is_empty();
    for slot in slots {
        let program = slot.link().ok().and_then(|link| link.info().ok());
        slot.remove()?;
        if let Some(info) = program {
            wait_until_off(info.program_id())?;
        }
        writeln!(out, "{}: detached", slot.interface())?;
    }
    if !sweep(&args.interfaces, out)? && is_empty {
        writeln!(out, "nothing is attached")?;
    }
    Ok(())
}

/// The slots of some interfaces. A name means the interface that has it, as its name or as an
/// alternative name, and the slot of the program there: an interface may have been renamed, or have
/// swapped names with another. If no slot's program is there, it means the slot of that name.
fn named(slots: Vec<Slot>, names: &[String]) -> Result<Vec<Slot>, Failure> {
    let links = interfaces::all()?;
    let has = |link: &Link, name: &String| link.names().any(|it| it == name);
    let mut chosen: Vec<Slot> = Vec::new();
    for name in names {
        let is_there = |slot: &&Slot| {
            slot.program_id().is_some_and(|id| {
                links
                    .iter()
                    .any(|link| has(link, name) && link.xdp.iter().any(|it| it.program == id))
            })
        };
        let has_name = |slot: &&Slot| {
            let is_it = |link: &Link| link.name == slot.interface() && has(link, name);
            slot.interface() == name || links.iter().any(is_it)
        };
        let slot = slots.iter().find(is_there).or_else(|| slots.iter().find(has_name));
        match slot {
            Some(slot) if chosen.iter().any(|it| it.path() == slot.path()) => {}
            Some(slot) => chosen.push(slot.clone()),
            None if has_left(name) => {}
            None => {
                let why = "is not attached by port12; `port12 status` lists what is";
                return Err(Failure::new(Code::Runtime, format!("{name} {why}")));
            }
        }
    }
    Ok(chosen)
}

/// Takes off what a killed port12 has left on packets that leave (before kernel 6.6), where no XDP program says that
/// another one is there. Whether there was anything.
fn sweep(names: &[String], out: &mut impl Write) -> Result<bool, Failure> {
    let is_meant = |link: &Link| {
        names.is_empty() || link.names().any(|it| names.iter().any(|name| name == it))
    };
    let mut any = false;
    for link in interfaces::all()?.iter().filter(|it| it.xdp.is_empty() && is_meant(it)) {
        if egress::sweep(link.index)? > 0 {
            any = true;
            writeln!(out, "{}: what watched packets that leave is taken off", link.name)?;
        }
    }
    Ok(any)
}

/// Whether a killed port12 has left something on packets that leave by an interface.
fn has_left(name: &str) -> bool {
    let link = interfaces::by_name(name).ok().filter(|link| link.xdp.is_empty());
    link.is_some_and(|link| egress::has_left(link.index))
}

fn refuse_foreign(slot: &Slot) -> Result<(), Failure> {
    match Pinned::state_of(slot) {
        Ok(_) => Ok(()),
        // What is incomplete is cleared away.
        Err(PinnedError::Part { error, .. }) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn wait_until_off(program: u32) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        let links = interfaces::all()?;
        let on = links.iter().find(|link| link.xdp.iter().any(|it| it.program == program));
        let Some(link) = on else {
            return Ok(());
        };
        if Instant::now() > end {
            let text = format!("{}: the kernel has not taken the program off", link.name);
            return Err(Failure::new(Code::Runtime, text));
        }
        thread::sleep(Duration::from_millis(20));
    }
}
