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
            if !slots.iter().any(|slot| slot.interface() == name) {
                let why = "is not attached by port12; `port12 status` lists what is";
                return Err(Failure::new(Code::Runtime, format!("{name} {why}")));
            }
        }
        slots.retain(|slot| args.interfaces.iter().any(|name| name == slot.interface()));
    }
    if !args.force {
        slots.iter().try_for_each(refuse_foreign)?;
    }
    if slots.is_empty() {
        writeln!(out, "nothing is attached")?;
    }
    for slot in slots {
        let program = slot.link().ok().and_then(|link| link.info().ok());
        slot.remove()?;
        if let Some(info) = program {
            wait_until_off(info.program_id())?;
        }
        writeln!(out, "{}: detached", slot.interface())?;
    }
    Ok(())
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
