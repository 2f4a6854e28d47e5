//! `port12 detach`: take off what was attached to stay.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use super::pins::PinArgs;
use crate::{
    failure::{Code, Failure},
    host::interfaces,
    kernel::{
        egress,
        pin::PinDirectory,
        pinned::{Pinned, PinnedError},
        slot::Slot,
    },
};

/// How long the kernel is waited for: it takes a program off after the last one lets go of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes programs off their interfaces, with their counters and their state.
#[derive(Clone, Debug, clap::Args)]
pub struct DetachArgs {
    /// An interface; repeat for more [default: all that are attached]
    #[arg(short, long = "interface", value_name = "IFACE", value_delimiter = ',')]
    pub interfaces: Vec<String>,
    /// Take off what another version of port12 has attached, too
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
    let pins = PinDirectory::require(&args.pins.pin_dir)?;
    let mut slots = pins.slots()?;
    if !args.interfaces.is_empty() {
        for name in &args.interfaces {
            if !slots.iter().any(|slot| slot.interface() == name) && !has_left(name) {
                let why = "is not attached by port12; `port12 status` lists what is";
                return Err(Failure::new(Code::Runtime, format!("{name} {why}")));
            }
        }
        slots.retain(|slot| args.interfaces.iter().any(|name| name == slot.interface()));
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

/// Takes off what a killed port12 has left on packets that leave (before kernel 6.6), where no XDP program says that
/// another one is there. Whether there was anything.
fn sweep(names: &[String], out: &mut impl Write) -> Result<bool, Failure> {
    let is_meant = |name: &String| names.is_empty() || names.contains(name);
    let mut any = false;
    for link in interfaces::all()?.iter().filter(|it| it.xdp.is_empty() && is_meant(&it.name)) {
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
        Err(error @ PinnedError::State { .. }) => Err(error.into()),
        // What is incomplete is cleared away.
        Ok(_) | Err(_) => Ok(()),
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
