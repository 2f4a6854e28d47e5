//! Bans of a replay: the terms of `[ban]`, applied on the clock of the capture.
//!
//! The kernel program bans by the kernel's clock, and per CPU. A replay makes the same decisions here, from the same
//! weights, for both engines; the engine then drops by these bans.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    time::Duration,
};

use port12_common::{
    Finding, Outcome,
    abi::{BANNED, Ban, Budget, EVENT, Evidence, HostTable, Known, SourceAddress},
};

use crate::{
    kernel::banning::{DAY, NEWCOMERS, NEWCOMERS_PER_SECOND, Terms},
    model::AutoBanStats,
};

/// A probe that was replayed.
pub(super) struct Probe<'a> {
    /// Its classification.
    pub finding: &'a Finding,
    /// Record of its source.
    pub known: Known,
    /// Its bytes.
    pub frame: &'a [u8],
    /// Its time, in jiffies of the replay.
    pub now: u64,
}

/// Evidence and bans.
pub(super) struct AutoBans {
    terms: Option<Terms>,
    /// Jiffies per second.
    hz: u64,
    newcomers: Budget,
    evidence: HashMap<SourceAddress, Evidence>,
    bans: Vec<(SourceAddress, Ban)>,
    stats: AutoBanStats,
}

impl AutoBans {
    /// No evidence yet.
    pub(super) fn new(terms: Option<Terms>, hz: u64) -> Self {
        let burst = NEWCOMERS * EVENT;
        let rate = NEWCOMERS_PER_SECOND * EVENT / hz;
        Self {
            terms,
            hz,
            newcomers: Budget { tokens: burst, filled: 0, rate, burst },
            evidence: HashMap::new(),
            bans: Vec::new(),
            stats: AutoBanStats::default(),
        }
    }

    /// Terms of the policy.
    pub(super) fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// Every ban, expired ones included.
    pub(super) fn list(&self) -> &[(SourceAddress, Ban)] {
        &self.bans
    }

    /// The bans in force, by address.
    pub(super) fn in_force(&self, now: u64) -> BTreeMap<IpAddr, Ban> {
        let bans = self.bans.iter().filter(|(_, ban)| ban.holds(now));
        bans.map(|(source, ban)| (source.address(), *ban)).collect()
    }

    /// Counts of what was decided.
    pub(super) fn stats(&self) -> AutoBanStats {
        self.stats
    }

    /// Adds a probe to the evidence against its source. Returns the ban that it leads to.
    pub(super) fn observe(&mut self, probe: &Probe<'_>, host: &HostTable) -> Option<(IpAddr, Ban)> {
        let Probe { finding, known, frame, now } = *probe;
        let terms = self.terms?;
        let after = terms.after?.saturating_mul(Evidence::PROBE);
        if !matches!(finding.outcome, Outcome::Probe | Outcome::Dropped) {
            return None;
        }
        let weight = finding.inspection.of_source(known).weight(&frame, host, now);
        if weight == 0 {
            return None;
        }
        let source = finding.source;
        if !self.evidence.contains_key(&source) && !self.newcomers.spend(now) {
            self.stats.not_tracked += 1;
            return None;
        }
        let window = self.jiffies(terms.within);
        let first = Evidence { weight: 0, since: now, times: 0 };
        let evidence = self.evidence.entry(source).or_insert(first);
        if now > evidence.since.saturating_add(window) {
            *evidence = Evidence { weight: 0, since: now, ..*evidence };
        }
        evidence.weight += weight;
        if evidence.weight < after {
            return None;
        }
        if source.is_special() {
            self.stats.protected += 1;
            return None;
        }
        self.ban(source, &terms, now)
    }

    fn ban(&mut self, source: SourceAddress, terms: &Terms, now: u64) -> Option<(IpAddr, Ban)> {
        self.bans.retain(|(_, ban)| ban.holds(now));
        if self.bans.len() >= BANNED {
            self.stats.table_full += 1;
            return None;
        }
        let longest = self.jiffies(terms.time.max(DAY));
        let doubled = self.jiffies(terms.time);
        let evidence = self.evidence.get_mut(&source)?;
        let term = doubled.saturating_mul(1 << (evidence.times & 15)).min(longest);
        evidence.times = (evidence.times + 1).min(15);
        evidence.weight = 0;
        let ban = Ban {
            until: now.saturating_add(term),
            since: now,
            times: u32::try_from(evidence.times).unwrap_or(u32::MAX),
            origin: Ban::THRESHOLD,
            scope: Ban::UNASSIGNED,
            ..Ban::default()
        };
        self.bans.push((source, ban));
        self.stats.banned += 1;
        Some((source.address(), ban))
    }

    fn jiffies(&self, time: Duration) -> u64 {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        milliseconds.saturating_mul(self.hz).div_ceil(1000)
    }
}
