//! `port12 attach`: attach to stay, and return.

use super::{
    output::tell,
    pins::PinArgs,
    plan::Plan,
    selection,
    session::{Manner, Session},
    settings::Settings,
};
use crate::cli::failure::Failure;

/// Attaches, and leaves the programs there: they need no daemon. On interfaces that are attached,
/// programs and policy are replaced, and counters and all other state go on.
#[derive(Clone, Debug, clap::Args)]
pub struct AttachArgs {
    /// The policy file, and what goes before it
    #[command(flatten)]
    pub settings: Settings,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Attaches.
///
/// # Errors
///
/// [`Failure`], with the exit code; what was not attached before is not then.
pub fn run(args: &AttachArgs) -> Result<(), Failure> {
    let plan = Plan::make(&args.settings, &args.pins.pin_dir)?;
    // Nobody would be there to attach to an interface that matches later.
    if plan.targets.is_empty() {
        return Err(selection::nothing(&plan.config));
    }
    let targets = plan.targets.clone();
    let manner = Manner { pin_dir: &args.pins.pin_dir, stay: true, trace: false };
    let mut session = Session::open(plan, manner)?;
    for target in &targets {
        session.attach(target)?;
    }
    session.announce();
    if session.plan().config.ban.value.is_some_and(|terms| terms.after.is_some()) {
        tell(
            "nobody is banned by the program itself while `port12 run --pin` does not run: it says whom not to ban",
        );
    }
    session.end();
    Ok(())
}
