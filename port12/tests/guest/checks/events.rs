//! Single probes, told by this kernel.

use anyhow::{Context as _, Result, ensure};
use port12::{
    kernel::{
        events::{self, Reading},
        instance::{Instance, LoadOptions},
        object::EntryPoint,
    },
    model::EventStats,
};
use port12_common::{Layer, Outcome};

use crate::frames;

/// Sources that knock, each once; fewer than a CPU may tell of at once.
const SOURCES: u8 = 200;
/// Where an IPv4 source address is in an Ethernet frame without a tag.
const SOURCE: usize = 14 + 12;

/// Sends probes of all lengths, and reads what is told of them.
pub fn are_told(entry: EntryPoint) -> Result<String> {
    let instance = Instance::load(&LoadOptions::live(entry))?;
    instance.set_policy(&frames::policy());
    let mut ring = instance.events()?;
    let reading = Reading::new("lo", Layer::Ethernet);
    let mut frame = frames::syn();
    let start = frame.len();
    for number in 0..SOURCES {
        frame.resize(start + usize::from(number) * 2, number);
        frame[SOURCE..SOURCE + 4].copy_from_slice(&[11, 0, 1, number]);
        instance.test_run(&frame)?;
        let event = ring.next(&reading).with_context(|| format!("nothing is told of {number}"))?;
        let captured = frame.len().min(256);
        ensure!(event.source.to_string() == format!("11.0.1.{number}"), "{event:?}");
        ensure!(event.outcome == Outcome::Probe && event.port == 12, "{event:?}");
        ensure!(event.length as usize == frame.len(), "{event:?}");
        ensure!(event.frame == frame[..captured], "{number}: {:?}", event.frame);
        ensure!(ring.next(&reading).is_none(), "{number} is told of twice");
    }
    let told = events::stats(instance.counters());
    let expected = EventStats { emitted: SOURCES.into(), rate_limited: 0, lost: 0 };
    ensure!(told == expected, "{told:?}");
    Ok(format!("{SOURCES} first touches, with their frames"))
}
