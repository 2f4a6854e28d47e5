//! The reasons of all interfaces, asked again and again at little cost.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Reason, ipvs, legacy, netconf, nftables::Ruleset, stacked, tc};
use crate::host::{
    HostError,
    interfaces::{Link, Stack},
    news::{News, Subject},
};

/// How long rules count that are in none of the notifications.
const RENEWAL: Duration = Duration::from_secs(30);

/// Answers of the calling thread's network namespace, kept while nothing says that they have changed.
#[derive(Debug, Default)]
pub struct Survey {
    ruleset: Ruleset,
    filters: Option<Filters>,
}

/// Answers about all interfaces at one moment.
pub struct Round<'a> {
    survey: &'a mut Survey,
    stack: &'a Stack,
    settings: netconf::Settings,
    legacy: Vec<Reason>,
    ipvs: Option<Reason>,
}

impl Round<'_> {
    /// Every reason for the interface of an index; see [`Survey::reasons`].
    ///
    /// # Errors
    ///
    /// As [`Survey::reasons`].
    pub fn reasons(&mut self, interface: u32) -> Result<Vec<Reason>, HostError> {
        let Self { survey, stack, settings, legacy, ipvs } = self;
        if stack.get(interface).is_none() {
            return Err(HostError::NoInterface(format!("with index {interface}")));
        }
        let links = stack.from(interface);
        let mut reasons = settings.reasons(&links);
        reasons.extend(stacked::reasons(stack, interface));
        let names: Vec<&str> = links.iter().map(|link| &*link.name).collect();
        reasons.extend(survey.ruleset.of(&names).cloned().map(Reason::Rule));
        reasons.extend(legacy.iter().cloned());
        reasons.extend(survey.filters(stack, interface)?);
        reasons.extend(tc::programs(&links)?);
        reasons.extend(ipvs.clone());
        Ok(reasons)
    }
}

/// Reasons of tc, by interface.
#[derive(Debug)]
struct Filters {
    news: News,
    since: Instant,
    links: Vec<Link>,
    reasons: BTreeMap<u32, Vec<Reason>>,
}

impl Survey {
    /// Every reason for the interface of an index; empty where a missing socket does prove that
    /// nobody wants a packet.
    ///
    /// Reading nf_tables, and the rules of legacy iptables, needs CAP_NET_ADMIN. Where legacy iptables is loaded,
    /// listing its tables needs user id 0 or group id 0 of the namespace, or CAP_DAC_READ_SEARCH.
    ///
    /// # Errors
    ///
    /// Where any of it cannot be read: an empty list is never a guess. A subsystem that the kernel
    /// lacks gives no reason.
    pub fn reasons(&mut self, interface: u32) -> Result<Vec<Reason>, HostError> {
        self.round(&Stack::read()?)?.reasons(interface)
    }

    /// Asks what all interfaces have in common, once.
    ///
    /// # Errors
    ///
    /// As [`Survey::reasons`].
    pub fn round<'a>(&'a mut self, stack: &'a Stack) -> Result<Round<'a>, HostError> {
        let settings = netconf::Settings::read()?;
        self.ruleset.refresh()?;
        let (legacy, ipvs) = (legacy::reasons()?, ipvs::reasons()?);
        Ok(Round { survey: self, stack, settings, legacy, ipvs })
    }

    /// The reasons of tc: those of before, unless a notification came, or the interfaces are others.
    fn filters(&mut self, stack: &Stack, interface: u32) -> Result<Vec<Reason>, HostError> {
        let is_kept = self.filters.as_ref().is_some_and(|it| {
            !it.news.have_come() && it.since.elapsed() < RENEWAL && it.links == stack.all()
        });
        if !is_kept {
            // From before they are read: what changes meanwhile is noticed.
            let news = News::open(Subject::TrafficControl).ok();
            let (since, links) = (Instant::now(), stack.all().to_vec());
            let reasons = BTreeMap::new();
            self.filters = news.map(|news| Filters { news, since, links, reasons });
        }
        let Some(kept) = &mut self.filters else {
            return tc::filters(stack, interface);
        };
        if let Some(reasons) = kept.reasons.get(&interface) {
            return Ok(reasons.clone());
        }
        let reasons = tc::filters(stack, interface)?;
        kept.reasons.insert(interface, reasons.clone());
        Ok(reasons)
    }
}
