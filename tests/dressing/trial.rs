//! What the running kernel accepts, and which of that gets through.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{application::Application, exchange::Field, segment::Transport, site::Site, way::Way};

/// The table, and the ways that the stack accepts where nothing filters.
pub struct Oracle {
    field: Field,
    ways: Vec<Way>,
    accepted: BTreeSet<usize>,
}

/// What some ways have come to under a filter.
pub struct Trial {
    /// How many were sent: of all that the stack accepts, those that the filter has to stop.
    pub sent: usize,
    /// The ways that got through, with how far.
    pub through: Vec<String>,
}

impl Oracle {
    /// Asks the kernel about each way.
    pub fn ask(site: Site, ways: Vec<Way>, port: u16) -> Self {
        let mut field = Field::new(site);
        let all = (0..ways.len()).collect();
        let application = Application::open(&field.site, port);
        let seen = field.exchange(&ways, &all, port, Some(&application));
        Self { field, ways, accepted: seen.accepted() }
    }

    /// Opens an application on a port of the near host.
    pub fn listen(&self, port: u16) -> Application {
        Application::open(&self.field.site, port)
    }

    /// Asks again; the ways whose answer is another one.
    pub fn changed(&mut self, application: &Application) -> Vec<String> {
        let all = (0..self.ways.len()).collect();
        let again = self.field.exchange(&self.ways, &all, application.port, Some(application));
        let again = again.accepted();
        (&self.accepted ^ &again).iter().map(|&index| self.ways[index].to_string()).collect()
    }

    /// How many ways there are, and how many of them the kernel accepts.
    pub fn counts(&self) -> (usize, usize) {
        (self.ways.len(), self.accepted.len())
    }

    /// The two numbers of each part of the table.
    pub fn summary(&self) -> String {
        let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (index, way) in self.ways.iter().enumerate() {
            let counts = kinds.entry(way.kind).or_default();
            counts.0 += 1;
            counts.1 += usize::from(self.accepted.contains(&index));
        }
        let mut text = String::new();
        for (kind, (all, accepted)) in kinds {
            let _ = write!(text, "{kind} {accepted}/{all}, ");
        }
        text.trim_end_matches(", ").to_owned()
    }

    /// The names of those that the kernel accepts.
    pub fn accepted(&self) -> impl Iterator<Item = String> {
        self.accepted.iter().map(|&index| self.ways[index].to_string())
    }

    /// The site.
    pub fn site(&self) -> &Site {
        &self.field.site
    }

    /// Of all that the kernel accepts: those that reach an application on a port that a filter enforces.
    pub fn against_enforce(&mut self, application: &Application) -> Trial {
        self.against(application, |_, _| true)
    }

    /// Of those that keep their source: those that reach an application, where the source is banned.
    pub fn against_ban(&mut self, application: &Application) -> Trial {
        self.against(application, |site, way| way.keeps_its_source(site))
    }

    fn against(
        &mut self,
        application: &Application,
        is_meant: impl Fn(&Site, &Way) -> bool,
    ) -> Trial {
        let chosen = self.chosen(is_meant);
        let seen = self.field.exchange(&self.ways, &chosen, application.port, Some(application));
        let told =
            |index: usize| if seen.delivered.contains(&index) { "delivered" } else { "answered" };
        self.trial(&chosen, &seen.accepted(), told)
    }

    /// Of all TCP and UDP that goes to no group: those that the stack receives, where no socket has the port.
    pub fn against_drop(&mut self, port: u16) -> Trial {
        let chosen = self.chosen(|site, way| {
            [Transport::Tcp, Transport::Udp].contains(&way.transport) && !way.goes_to_a_group(site)
        });
        let seen = self.field.exchange(&self.ways, &chosen, port, None);
        let through = &(&seen.received | &seen.refused) | &seen.answered;
        self.trial(&chosen, &through, |_| "received by the stack")
    }

    fn chosen(&self, is_meant: impl Fn(&Site, &Way) -> bool) -> BTreeSet<usize> {
        let accepted = self.accepted.iter().copied();
        accepted.filter(|&index| is_meant(&self.field.site, &self.ways[index])).collect()
    }

    fn trial(
        &self,
        chosen: &BTreeSet<usize>,
        through: &BTreeSet<usize>,
        how: impl Fn(usize) -> &'static str,
    ) -> Trial {
        let through = through.iter().map(|&index| format!("{} ({})", self.ways[index], how(index)));
        Trial { sent: chosen.len(), through: through.collect() }
    }
}
