//! `cargo xtask demo`: port12 in a lab of its own, with real traffic.
//!
//! The lab is two network namespaces without names, held by processes that the kernel ends with
//! this one: whatever ends the demo, nothing of it stays behind.

mod build;
mod lab;
mod listener;
mod process;
mod programs;
mod raw;
mod scene;
mod scenes;
mod traffic;
mod watcher;

use std::{path::PathBuf, time::Instant};

use anyhow::Result;

use lab::Lab;
use watcher::Watcher;

use crate::privilege;

/// The choices of a demonstration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DemoArgs {
    /// Show the release build
    #[arg(long)]
    pub release: bool,
    /// Show this program; nothing is built
    #[arg(long, hide = true)]
    pub port12: Option<PathBuf>,
}

/// Builds port12, sends it every kind of traffic and shows what it counted.
///
/// # Errors
///
/// Where the lab cannot be built, or port12 counts anything otherwise than it should.
pub fn run(args: &DemoArgs) -> Result<()> {
    programs::check()?;
    let port12 = match &args.port12 {
        Some(port12) => port12.clone(),
        None => build::port12(args.release)?,
    };
    if !privilege::is_root() {
        // Root builds nothing: its files would stay in the target folder.
        return privilege::again("the demo", &["--port12".as_ref(), port12.as_os_str()]);
    }
    let started = Instant::now();
    let lab = Lab::build()?;
    println!("The lab: a host at {} and {}, and a stranger who knocks.", lab::HOST, lab::HOST_V6);
    let mut numbers = 1..;
    for (mode, scenes) in [("monitor", scenes::MONITOR), ("drop", scenes::DROP)] {
        println!("\n== port12 run --mode {mode}\n");
        let mut watcher = Watcher::start(&lab, &port12, mode)?;
        for scene in scenes {
            print!("{:>2}. ", numbers.next().unwrap_or_default());
            scene.play(&lab, &mut watcher)?;
        }
        let totals = watcher.stop()?;
        scene::check_probes(scenes, &totals)?;
        println!();
        port12::report::write_table(&totals, None, &mut std::io::stdout())?;
    }
    println!(
        "Every count is what was sent. {:.0} seconds; the lab goes with this process.",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}
