//! The classifier against the oracle, over random and mutated frames.

use std::{collections::BTreeMap, fmt::Display};

use port12_common::{Layer, Malformed, Outcome, Shape, TooDeep};

use crate::support::{answer::Answer, environment::Environment, mutate::Mutator, oracle};

/// `PORT12_SEED` sets another one.
const SEED: u64 = 12;
const FRAMES: usize = if cfg!(miri) { 300 } else { 100_000 };
/// How often each outcome, reason and shape has to occur for agreement to mean anything.
const ENOUGH: usize = 50;

#[test]
fn the_classifier_and_the_oracle_agree_on_random_frames() {
    let seed = seed();
    println!("seed {seed}");
    let environment = Environment::new();
    let mut mutator = Mutator::new(seed);
    let mut census = Census::default();
    for number in 0..FRAMES {
        let (layer, bytes) = mutator.frame();
        let found = Answer::from(environment.classify(&bytes, layer));
        let expected = oracle::answer(&bytes, layer);
        assert_eq!(found, expected, "seed {seed}, frame {number}: {layer:?} {}", hex(&bytes));
        census.add(layer, &found);
    }
    println!("{census:#?}");
    if !cfg!(miri) {
        census.assert_complete();
    }
}

#[cfg(not(miri))]
fn seed() -> u64 {
    std::env::var("PORT12_SEED").map_or(SEED, |seed| seed.parse().expect("PORT12_SEED: a number"))
}

/// Miri isolates tests from the environment.
#[cfg(miri)]
fn seed() -> u64 {
    SEED
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How often each name occurred.
#[derive(Debug, Default)]
struct Census {
    outcomes: BTreeMap<Outcome, usize>,
    reasons: BTreeMap<Malformed, usize>,
    dropped_for_depth: BTreeMap<TooDeep, usize>,
    shapes: BTreeMap<Shape, usize>,
    without_ethernet: usize,
}

impl Census {
    fn add(&mut self, layer: Layer, answer: &Answer) {
        *self.outcomes.entry(answer.outcome).or_default() += 1;
        if let Some(reason) = answer.reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
        if let Some(depth) = answer.depth.filter(|depth| depth.is_dropped) {
            *self.dropped_for_depth.entry(depth.reason).or_default() += 1;
        }
        if let Some(shape) = answer.segment.and_then(|segment| segment.shape) {
            *self.shapes.entry(shape).or_default() += 1;
        }
        self.without_ethernet += usize::from(layer == Layer::Ip);
    }

    fn assert_complete(&self) {
        // These two need an allowlist and a ban, of which the environment has none.
        let reachable = |outcome: &Outcome| !matches!(outcome, Outcome::Allowed | Outcome::Banned);
        assert_enough(&self.outcomes, Outcome::ALL.into_iter().filter(reachable));
        assert_enough(&self.reasons, Malformed::ALL);
        assert_enough(&self.dropped_for_depth, TooDeep::ALL);
        assert_enough(&self.shapes, Shape::ALL);
        assert!(self.without_ethernet >= ENOUGH);
    }
}

fn assert_enough<T: Ord + Display>(counts: &BTreeMap<T, usize>, all: impl IntoIterator<Item = T>) {
    for name in all {
        let count = counts.get(&name).copied().unwrap_or_default();
        assert!(count >= ENOUGH, "{name} occurred {count} times");
    }
}
