//! `port12 confirm`: keep drop mode.

use std::io::Write;

use super::pins::PinArgs;
use crate::{
    cli::failure::{Code, Failure},
    fault::fault,
    kernel::{pinned::Pinned, slot::Slot, state::Standing},
    state_dir::{confirmations::RulesHash, pinned::record_confirmed},
    truth::TruthError,
};

/// Confirm drop mode, so that its timeout does not end it.
#[derive(Clone, Debug, clap::Args)]
pub struct ConfirmArgs {
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Takes the deadline away on every interface.
///
/// # Errors
///
/// [`Failure`]: nothing is there to confirm, or it comes too late.
pub fn run(args: &ConfirmArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut late = Vec::new();
    let mut failure = None;
    let mut confirmed = Vec::new();
    for slot in args.pins.some_slots()? {
        let name = slot.interface().to_owned();
        match confirm(slot) {
            Ok(Some(Said::Late { ago })) => late.push(format!("{name} ({ago} s ago)")),
            Ok(Some(Said::Text(text))) => writeln!(out, "{name}: {text}")?,
            Ok(Some(Said::Confirmed { rules, text })) => {
                writeln!(out, "{name}: {text}")?;
                confirmed.push((name, rules));
            }
            Ok(None) => {}
            Err(error) => failure = Some(error),
        }
        fault("confirm.between");
    }
    if let Err(error) = record_confirmed(&args.pins.state_dirs(), &confirmed) {
        log::warn!("{error}: a start without pinned maps asks for confirmation again");
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    if late.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Runtime,
        format!(
            "too late: drop mode has reverted to monitor on {}; a reload (SIGHUP), or `port12 \
             detach` and a new start, tries again",
            late.join(", ")
        ),
    ))
}

/// Line about an interface.
enum Said {
    Text(String),
    Confirmed { rules: RulesHash, text: String },
    Late { ago: u64 },
}

/// Confirms one interface. One that is being attached or detached has nothing to confirm.
fn confirm(slot: Slot) -> Result<Option<Said>, Failure> {
    let Some(pinned) = Pinned::open_settled(slot)? else {
        return Ok(None);
    };
    let now = pinned.now().map_err(TruthError::from)?;
    let before = pinned.writable_state()?.confirm(&now);
    let text = match before {
        Standing::Unconfirmed { .. } => "drop mode is confirmed",
        Standing::Reverted { at } => {
            let ago = now.jiffies.saturating_sub(at) / now.hz.max(1);
            return Ok(Some(Said::Late { ago }));
        }
        Standing::Monitor => "monitor mode: there is nothing to confirm",
        Standing::Drop | Standing::Bypassed | Standing::Forwarding | Standing::Left => {
            "drop mode has no deadline"
        }
    };
    let standing = pinned.state().standing(&now);
    let stopped = match standing.drops() || standing == Standing::Monitor {
        true => String::new(),
        false => format!("; for now it is {standing}"),
    };
    let text = format!("{text}{stopped}");
    Ok(Some(match before {
        Standing::Unconfirmed { .. } => {
            Said::Confirmed { rules: RulesHash::in_force(pinned.state()), text }
        }
        _ => Said::Text(text),
    }))
}
