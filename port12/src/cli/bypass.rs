//! `port12 bypass`: stop all dropping, at once.

use std::io::Write;

use port12_common::abi::bypass;

use super::pins::PinArgs;
use crate::{
    cli::failure::{Code, Failure},
    kernel::{older::Older, pinned::Pinned, slot::Slot, state::StateWriter, unpinned::Unpinned},
};

/// Stop all dropping on every interface, with a daemon or without.
#[derive(Clone, Debug, clap::Args)]
pub struct BypassArgs {
    /// Let it go on again
    #[arg(long)]
    pub off: bool,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Stops dropping on every interface that can be reached, and tells of those that cannot.
///
/// # Errors
///
/// [`Failure`], after all others have been seen to.
pub fn run(args: &BypassArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut failure = None;
    let slots = args.pins.slots()?;
    for slot in &slots {
        match Pinned::writable_state_of(slot) {
            Ok(state) => {
                let said = set(&state, args.off);
                let standing = if args.off { standing(slot.clone()) } else { String::new() };
                writeln!(out, "{}: {said}{standing}", slot.interface())?;
            }
            Err(error) => match Older::open(slot) {
                Ok(Some(older)) => {
                    let said = said(args.off, older.set_bypass(bypass::OPERATOR, !args.off));
                    writeln!(out, "{}: {said}", slot.interface())?;
                }
                Ok(None) | Err(_) => failure = Some(error.into()),
            },
        }
    }
    let reached = unpinned(args, &slots, &mut failure, out)?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    if slots.is_empty() && !reached {
        return Err(args.pins.nothing());
    }
    if !args.off {
        writeln!(
            out,
            "`port12 bypass --off` undoes it; until then it outlives restarts of port12, for as \
             long as a program stays attached"
        )?;
    }
    Ok(())
}

fn set(state: &StateWriter, off: bool) -> &'static str {
    said(off, state.set_bypass(bypass::OPERATOR, !off))
}

fn said(off: bool, has_changed: bool) -> &'static str {
    match (off, has_changed) {
        (false, true) => "nothing is dropped from now on",
        (false, false) => "it is bypassed already",
        (true, true) => "the bypass is undone",
        (true, false) => "it was not bypassed",
    }
}

/// Reaches programs on interfaces of this network namespace whose pins are gone, by their ids. That
/// requires CAP_SYS_ADMIN. Returns whether there were any.
fn unpinned(
    args: &BypassArgs,
    slots: &[Slot],
    failure: &mut Option<Failure>,
    out: &mut impl Write,
) -> Result<bool, Failure> {
    let known = slots.iter().filter_map(Slot::program_id).collect();
    let mut reached = false;
    for program in Unpinned::list(&known)? {
        let (name, id) = (&program.interface, program.program);
        match (program.is_port12(), program.state()) {
            (Some(true), Some(state)) => {
                let said = set(&state, args.off);
                writeln!(out, "{name}: {said} (program {id}, which is not pinned)")?;
                reached = true;
            }
            (Some(true), None) => {
                let text = format!(
                    "{name}: the state of port12's program {id}, which is not pinned, cannot be \
                     read: `bpftool link detach`, or the end of its process, stops it"
                );
                *failure = Some(Failure::new(Code::Runtime, text));
            }
            (None, _) if slots.is_empty() => {
                let text = format!(
                    "{name}: the XDP program {id} may be port12's, and is not pinned in {}: run \
                     as root",
                    args.pins.pin_dir.display()
                );
                *failure = Some(Failure::new(Code::Permission, text));
            }
            (Some(false) | None, _) => {}
        }
    }
    Ok(reached)
}

/// How drop mode stands by then, where that can be asked.
fn standing(slot: Slot) -> String {
    let asked = Pinned::open(slot).ok().and_then(|it| Some((it.now().ok()?, it)));
    asked.map_or_else(String::new, |(now, it)| format!("; mode: {}", it.state().standing(&now)))
}
