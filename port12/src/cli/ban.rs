//! `port12 ban`, `port12 unban`.

use std::{collections::BTreeSet, io::Write, net::IpAddr, path::PathBuf, time::Duration};

use port12_common::abi::Ban;

use super::{output::tell, pins::PinArgs};
use crate::{
    cli::failure::{Code, Failure},
    config::time::ban,
    host::{forwarding, interfaces, protected::Protected, sockets},
    kernel::{banning::Scope, bans::BansError, clock::Moment, pin, pinned::Pinned},
    query,
    state_dir::{
        StateDirectory,
        pinned::{Removal, record},
    },
    text::Printable,
    truth::TruthError,
};

/// Ban sources on every interface, with a daemon or without.
#[derive(Clone, Debug, clap::Args)]
pub struct BanArgs {
    /// A source: 192.0.2.7, 2001:db8::7
    #[arg(required = true, value_name = "ADDRESS", value_parser = source)]
    pub sources: Vec<IpAddr>,
    /// How long, by running time: 10m, 1h [default: until `port12 unban`]
    #[arg(long = "for", value_name = "TIME", value_parser = ban)]
    pub time: Option<Duration>,
    /// Packets to drop; "all", everything except established connections, requires `[ban] scope = "all"` in the
    /// policy file
    #[arg(long, value_enum, default_value_t)]
    pub scope: Scope,
    /// Even one that this host needs or that is allowed (not with scope "all"), one with an established connection, or
    /// on a host that forwards
    #[arg(long)]
    pub force: bool,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Remove bans on every interface, with a daemon or without.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "which", required = true, multiple = false, args = ["sources", "all"])]
pub struct UnbanArgs {
    /// A source: 192.0.2.7, 2001:db8::7
    #[arg(value_name = "ADDRESS", value_parser = source)]
    pub sources: Vec<IpAddr>,
    /// All of them
    #[arg(long)]
    pub all: bool,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

fn source(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.parse().map_err(|_| {
        "a ban is of one address: write it like 192.0.2.7 or 2001:db8::7".to_owned()
    })?;
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            Err("frames carry no IPv4 address that is mapped into IPv6: write the IPv4 address"
                .into())
        }
        address => Ok(address),
    }
}

/// Bans the sources everywhere, or none anywhere.
///
/// # Errors
///
/// [`Failure`]: one is not to be banned, or there is no room.
pub fn run(args: &BanArgs, out: &mut impl Write) -> Result<(), Failure> {
    let sources: BTreeSet<IpAddr> = args.sources.iter().copied().collect();
    let pinned = args.pins.open()?;
    let has_daemon = pin::holder(&args.pins.pin_dir).is_some();
    for it in &pinned {
        let name = Printable(it.interface());
        let changes = query::host_changes(it, has_daemon);
        changes.iter().flatten().for_each(|change| tell(format_args!("{name}: {change}")));
    }
    check(args, &sources, &pinned)?;
    let end_of_run = end_of_run(&args.pins);
    for it in &pinned {
        let now = now(it)?;
        let mut bans = it.writable_bans()?;
        if args.scope == Scope::All && !has_daemon {
            forget_needed(it, &sources)?;
        }
        let until = args.time.map_or(Ban::FOR_EVER, |time| now.after(time));
        // Without a link, the maps go with the process that holds them.
        let keeps = if it.is_persistent() { "" } else { end_of_run };
        for source in &sources {
            let held = bans.add(*source, (until, args.scope), now.jiffies)?;
            let again = if held { "still " } else { "" };
            let scope = match args.scope {
                Scope::All => " (everything except established connections)",
                Scope::Unassigned => "",
            };
            let end = args.time.map_or_else(String::new, |time| {
                format!(" for {}", humantime::format_duration(time))
            });
            writeln!(out, "{}: {source} is {again}banned{end}{scope}{keeps}", it.interface())?;
        }
    }
    // The pins have the ban: where the file has none, they decide at the next start.
    if let Err(error) = record(&args.pins.state_dirs(), &pinned, Removal::Of(&[])) {
        log::warn!("{error}: a boot before the next `port12 run` forgets the ban");
    }
    Ok(())
}

/// Words about the end of a ban on maps that end with `port12 run`.
fn end_of_run(pins: &PinArgs) -> &'static str {
    let daemon = pin::holder(&pins.pin_dir);
    let owns = |path: &&PathBuf| daemon.is_some() && StateDirectory::owner(path) == daemon;
    match pins.state_dirs().iter().find(owns) {
        Some(path) if *path == pins.state_dir => "",
        Some(_) => {
            "; it ends with the next boot, since `port12 run` does not own its state directory"
        }
        None => {
            "; it ends with `port12 run`, which keeps bans with `--pin` or in a state directory"
        }
    }
}

/// Without a daemon nobody says that the host needs them no longer, which was asked just now.
fn forget_needed(pinned: &Pinned, sources: &BTreeSet<IpAddr>) -> Result<(), Failure> {
    let mut guarded = pinned.guarded()?;
    sources.iter().try_for_each(|source| guarded.remove(*source)).map_err(BansError::from)?;
    Ok(())
}

fn now(pinned: &Pinned) -> Result<Moment, Failure> {
    Ok(pinned.now().map_err(TruthError::from)?)
}

/// Refuses bans that would do harm, and those that the programs do not look for.
fn check(args: &BanArgs, sources: &BTreeSet<IpAddr>, pinned: &[Pinned]) -> Result<(), Failure> {
    let is_for_all = args.scope == Scope::All;
    if is_for_all {
        check_programs(pinned)?;
    }
    // With scope "all" the program never drops what the host needs, whoever bans it.
    if is_for_all || !args.force {
        check_needed(sources, pinned, is_for_all)?;
    }
    if is_for_all {
        check_peers(sources, args.force)?;
    }
    match (args.force, sources.first()) {
        (false, Some(source)) => check_forwarding(*source, pinned),
        _ => Ok(()),
    }
}

/// A ban of scope "all" requires a program that looks for it, and a look-up that finds every connection.
fn check_programs(pinned: &[Pinned]) -> Result<(), Failure> {
    for it in pinned {
        let name = it.interface();
        if !it.state().shuts_out() {
            let text = format!(
                "the program on {name} looks for bans in would-be probes alone: write `scope = \"all\"` below \
                 `[ban]` in the policy file, and restart"
            );
            return Err(Failure::new(Code::Config, text));
        }
        let Some((link, _)) = it.attachment()? else {
            continue;
        };
        if let Some(why) = interfaces::unproven(&link)? {
            let text = format!(
                "`--scope all` is refused on {name}: {why}; the kernel's look-up may miss a connection there, and the \
                 ban would cut it: use scope \"unassigned\""
            );
            return Err(Failure::new(Code::Config, text));
        }
    }
    Ok(())
}

/// An established connection goes on, but its peer could not open another.
fn check_peers(sources: &BTreeSet<IpAddr>, force: bool) -> Result<(), Failure> {
    let peers = sockets::peers();
    for source in sources {
        if let Some(why) = &peers.unlisted {
            let text = format!(
                "{source} is not banned: the peers of connections ({why}) could not be listed, and it may be one of them"
            );
            return Err(Failure::new(Code::Config, text));
        }
        if !force && peers.addresses.contains(source) {
            let why = "it is the peer of an established connection, and could open no other";
            return Err(refused(*source, why, false));
        }
    }
    Ok(())
}

fn refused(source: IpAddr, why: &str, is_final: bool) -> Failure {
    let advice = match is_final {
        true => "nobody can ban all of it",
        false => "`--force` bans it all the same",
    };
    Failure::new(Code::Config, format!("{source} is not banned: {why}; {advice}"))
}

fn check_needed(
    sources: &BTreeSet<IpAddr>,
    pinned: &[Pinned],
    is_final: bool,
) -> Result<(), Failure> {
    let protected = Protected::ask()?;
    for source in sources {
        // A ban of scope "unassigned" takes nothing from a connection.
        if let Some(what) = protected.unlisted.as_ref().filter(|_| is_final) {
            let why = format!("{what} could not be listed, and it may be one of them");
            return Err(Failure::new(Code::Config, format!("{source} is not banned: {why}")));
        }
        if let Some(role) = protected.role(*source) {
            return Err(refused(*source, &format!("it is {role}"), is_final));
        }
        for it in pinned {
            let name = it.interface();
            let list = it.allowlist()?.list()?;
            if let Some(net) = list.keys().find(|net| net.contains(source)) {
                let why = format!("{net} is on the allowlist of {name}");
                return Err(refused(*source, &why, is_final));
            }
        }
    }
    Ok(())
}

fn check_forwarding(source: IpAddr, pinned: &[Pinned]) -> Result<(), Failure> {
    for it in pinned {
        let Some((link, _)) = it.attachment()? else {
            continue;
        };
        if let Some(reason) = forwarding::reasons(link.index)?.first() {
            let name = it.interface();
            let why =
                format!("what comes in on {name} may have a taker behind this host: {reason}");
            return Err(refused(source, &why, false));
        }
    }
    Ok(())
}

/// Lifts the bans.
///
/// # Errors
///
/// [`Failure`]: nothing is attached, or the bans cannot be written.
pub fn lift(args: &UnbanArgs, out: &mut impl Write) -> Result<(), Failure> {
    if args.pins.slots()?.is_empty() {
        return lift_kept(args, out);
    }
    let pinned = args.pins.open()?;
    for it in &pinned {
        let now = now(it)?.jiffies;
        let mut bans = it.writable_bans()?;
        let sources: Vec<IpAddr> = match args.all {
            true => bans.list()?.into_keys().collect(),
            false => args.sources.clone(),
        };
        let lifted = bans.remove(&sources, now)?;
        for source in &sources {
            let said =
                if lifted.contains(source) { "is banned no longer" } else { "was not banned" };
            writeln!(out, "{}: {source} {said}", it.interface())?;
        }
        if sources.is_empty() {
            writeln!(out, "{}: no source was banned", it.interface())?;
        }
    }
    let recorded = record(&args.pins.state_dirs(), &pinned, removal(args))?;
    for source in recorded.removed {
        writeln!(out, "{source} is banned no longer on interfaces that are not attached")?;
    }
    Ok(())
}

fn removal(args: &UnbanArgs) -> Removal<'_> {
    if args.all { Removal::All } else { Removal::Of(&args.sources) }
}

/// Lifts bans that the next start would read back: nothing is attached.
fn lift_kept(args: &UnbanArgs, out: &mut impl Write) -> Result<(), Failure> {
    let recorded = record(&args.pins.state_dirs(), &[], removal(args))?;
    let Some(directory) = recorded.directories.first() else {
        return Err(args.pins.nothing());
    };
    let directory = directory.display();
    for source in args.sources.iter().filter(|it| !recorded.removed.contains(it)) {
        writeln!(out, "{directory}: {source} was not banned")?;
    }
    for source in &recorded.removed {
        writeln!(out, "{directory}: {source} is banned no longer")?;
    }
    if args.all && recorded.removed.is_empty() {
        writeln!(out, "{directory}: no source was banned")?;
    }
    Ok(())
}
