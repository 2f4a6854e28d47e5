//! `port12 attach`: attach to stay, and return.

use super::{output::tell, pins::PinArgs, settings::Settings};
use crate::{
    agent::{self, Agent, Options, Plan, StateDir},
    cli::failure::Failure,
};

/// Attach programs that need no daemon. On interfaces that have one, program and policy are replaced, and counters
/// and all other state continue.
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
    let plan = Plan::make(args.settings.load()?, &args.pins.pin_dir)?;
    // Nobody would be there to attach to an interface that matches later.
    if plan.targets.is_empty() {
        return Err(agent::no_interface(&plan.config).into());
    }
    let targets = plan.targets.clone();
    let options = Options {
        pin_dir: &args.pins.pin_dir,
        runtime_dir: &args.pins.runtime_dir,
        state_dir: StateDir::Existing(&args.pins.state_dir),
        stay: true,
        trace: false,
        tell: |line| tell(line),
    };
    let mut agent = Agent::open(plan, options)?;
    for target in &targets {
        agent.attach(target)?;
    }
    agent.announce();
    if agent.plan().config.ban.value.is_some_and(|terms| terms.after.is_some()) {
        tell(
            "nobody is banned by the program itself while `port12 run --pin` does not run: it says whom not to ban",
        );
    }
    agent.end();
    Ok(())
}
