//! `port12 bypass`: stop all dropping, at once.

use std::io::Write;

use port12_common::abi::bypass;

use super::pins::PinArgs;
use crate::{
    failure::Failure,
    kernel::{pinned::Pinned, slot::Slot},
};

/// Stops all dropping on every interface, daemon or not.
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
    for slot in args.pins.some_slots()? {
        match Pinned::state_of(&slot) {
            Ok(state) => {
                let news = state.set_bypass(bypass::OPERATOR, !args.off);
                let said = match (args.off, news) {
                    (false, true) => "nothing is dropped from now on".to_owned(),
                    (false, false) => "it is bypassed already".to_owned(),
                    (true, true) => format!("the bypass is undone{}", standing(slot.clone())),
                    (true, false) => format!("it was not bypassed{}", standing(slot.clone())),
                };
                writeln!(out, "{}: {said}", slot.interface())?;
            }
            Err(error) => failure = Some(error),
        }
    }
    if let Some(error) = failure {
        return Err(error.into());
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

/// How drop mode stands by then, where that can be asked.
fn standing(slot: Slot) -> String {
    let asked = Pinned::open(slot).ok().and_then(|it| Some((it.now().ok()?, it)));
    asked.map_or_else(String::new, |(now, it)| format!("; mode: {}", it.state().standing(&now)))
}
