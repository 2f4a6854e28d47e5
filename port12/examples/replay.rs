//! Replay a capture under a policy file, and print the number of probes and the sources with the most.
//!
//! `cargo run --example replay -- /etc/port12/port12.toml scan.pcap`

use std::{env, path::Path};

use port12::{
    Error, capture,
    config::{Config, Layer},
    registry::Registry,
    replay::{Engine, EngineKind, Replay, ReplayPolicy, Subject},
    story::Story,
};
use port12_common::{Outcome, abi::HostTable};

fn main() -> Result<(), Error> {
    let mut args = env::args_os().skip(1);
    let (Some(policy), Some(file)) = (args.next(), args.next()) else {
        eprintln!("usage: replay POLICY CAPTURE");
        return Ok(());
    };
    let config = Config::load(Some(Path::new(&policy)), Layer::default())?;
    let registry = Registry::load(config.registry.value.as_deref())?;
    let rules = ReplayPolicy::new(&config, config.compile(&registry));
    let engine = Engine::new(EngineKind::User, rules, Box::new(HostTable::UNKNOWN))?;
    let subject = Subject { mode: config.mode.value, registry: &registry };
    let mut replay = Replay::new(subject, engine, "capture", Story::start(&[], 0)?.patient());
    let mut reader = capture::open(Path::new(&file))?;
    replay.run(&mut reader, None, |_| Ok(()))?;
    let totals = replay.totals(&reader.finish()?);
    for interface in &totals.state.interfaces {
        let of = |outcome| interface.counts.outcomes.get(&outcome).map_or(0, |it| it.packets);
        println!("{} probes, {} dropped", of(Outcome::Probe), of(Outcome::Dropped));
    }
    for source in totals.state.sources.iter().flat_map(|it| &it.top) {
        println!("{}: {} packets, {} ports", source.source, source.packets, source.port_count);
    }
    Ok(())
}
