//! Watch interfaces and print scans: `sudo cargo run --example headless -- POLICY`; Ctrl-C ends it.
use port12::{
    Agent, Error, Event,
    agent::{Options, Plan, StateDir},
    config::{Config, Layer},
    story::Next,
};
use std::{env, path::Path};

fn show(next: Next) {
    match next {
        Next::Record(it) if matches!(it.event, Event::Scan(_)) => println!("{}", it.event.line()),
        Next::Record(_) => {}
        Next::Lost(count) => eprintln!("{count} records were lost"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let policy = env::args_os().nth(1).unwrap_or("/etc/port12/port12.toml".into());
    let config = Config::load(Some(Path::new(&policy)), Layer::default())?;
    let (pin_dir, runtime_dir) = (Path::new("/sys/fs/bpf/port12"), Path::new("/run/port12"));
    let tell = |line: &dyn std::fmt::Display| eprintln!("{line}");
    let state_dir = StateDir::None;
    let options = Options { pin_dir, runtime_dir, state_dir, stay: false, trace: false, tell };
    let mut agent = Agent::start(Plan::make(config, pin_dir)?, options)?;
    let mut records = agent.records();
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            turned = agent.turn() => turned?,
            Some(next) = records.next() => show(next),
        }
    }
    agent.end();
    drop(agent);
    while let Some(next) = records.next().await {
        show(next);
    }
    Ok(())
}
