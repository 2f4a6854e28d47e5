//! How long it takes until a program is attached, and until another policy is in force.

use std::{collections::BTreeSet, net::Ipv4Addr, time::Instant};

use anyhow::Result;
use ipnet::Ipv4Net;
use port12::{
    host::interfaces,
    kernel::attach::Wanted,
    policy::{Mode, policy},
    watch::{Occasion, Orders, Setup, Watched},
};
use port12_common::{
    Transport,
    abi::{PORTS, TransitPolicy},
};
use serde::Serialize;

use super::statistics::median_and_least;

/// Sources on the allowlist of the policies that are put in force in turn.
const ALLOWED: u32 = 1000;

/// What one step takes.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What is done.
    pub name: &'static str,
    /// Milliseconds.
    pub median: f64,
    /// Milliseconds, the least.
    pub quiet: f64,
    /// Milliseconds, at most.
    pub target: f64,
}

/// Measures on the loopback interface of this thread's network namespace.
pub fn measure(rounds: u32) -> Result<Vec<Step>> {
    let lo = interfaces::by_name("lo")?;
    let [one, other] = [0, ALLOWED].map(orders);
    let (mut starts, mut reloads) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let began = Instant::now();
        let setup = Setup {
            orders: &one,
            wanted: Wanted::Generic,
            trace: false,
            pins: None,
            stay: false,
            kept: None,
        };
        let mut watched = Watched::start(&lo, &setup)?;
        starts.push(milliseconds(began));
        // The first list is empty: what is timed after that replaces a list by another.
        watched.obey(&other, Occasion::Reload)?;
        let next = Orders { allow: other.allow.clone(), ..orders(1) };
        let began = Instant::now();
        watched.obey(&next, Occasion::Reload)?;
        reloads.push(milliseconds(began));
        watched.detach();
    }
    let step = |name, values: Vec<f64>, target| {
        let (median, quiet) = median_and_least(values.into_iter());
        Step { name, median, quiet, target }
    };
    Ok(vec![
        step("from nothing to attached, on lo", starts, 100.0),
        step("another rule for every port, behind 1,000 allowed sources", reloads, 5.0),
    ])
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A policy that watches or drops every port there is, by the number.
fn orders(number: u32) -> Orders {
    let transit = if number == 1 { TransitPolicy::Watch } else { TransitPolicy::Pass };
    let every = [[u64::MAX; PORTS / 64]; Transport::ALL.len()];
    let source = |n: u32| {
        let address = Ipv4Addr::from_bits(Ipv4Addr::new(100, 64, 0, 0).to_bits() + n);
        Ipv4Net::from(address).into()
    };
    let allow: BTreeSet<_> = (0..if number == ALLOWED { ALLOWED } else { 0 }).map(source).collect();
    Orders {
        policy: policy(&every, Mode::Drop, transit),
        mode: Mode::Drop,
        confirm: None,
        confirmed: false,
        allow,
        ban: None,
        expected: BTreeSet::new(),
    }
}
