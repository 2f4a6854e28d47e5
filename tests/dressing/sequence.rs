//! The whole sequence: the oracle, then `enforce`, drop mode and a ban of everything, in native and generic mode.

use std::path::Path;

use super::{
    application::Application,
    site::{SENDER_V4, SENDER_V6, Site},
    trial::{Oracle, Trial},
    ways, ways_over_vlans,
};

/// A port that the policy enforces, and that an application has.
const ENFORCED: u16 = 12;
/// A port that drop mode watches, and nobody has.
const FREE: u16 = 14;
/// A port that no policy names.
const SERVICE: u16 = 8080;

const MODES: [&str; 2] = ["native", "generic"];

/// Ways that a kernel accepts at least, for a sequence to prove anything.
const FEWEST: usize = 200;

/// The results.
pub struct Sequence {
    ways: usize,
    accepted: usize,
    /// Counts of each part of the table.
    pub summary: String,
    trials: Vec<(String, Trial)>,
    changed: Vec<String>,
}

impl Sequence {
    /// Runs it. `port12` runs a command line of port12 in the near host's network namespace, and panics where that
    /// fails; `folder` is for policy files.
    pub fn run(site: Site, folder: &Path, port12: &dyn Fn(&Site, &str)) -> Self {
        let policies = Policies { folder, interface: site.near.interface.clone() };
        let (enforcing, dropping) =
            (policies.enforcing(), policies.write("dropping", "mode = \"drop\"\n"));
        let banning = policies.write("banning", "[ban]\nscope = \"all\"\n");
        let ways = ways(&site);
        let mut oracle = Oracle::ask(site, ways, ENFORCED);
        // Before anything is attached: without a daemon, an address that comes later counts as another host's.
        let (enforced, service) = (oracle.listen(ENFORCED), oracle.listen(SERVICE));
        let mut trials = Vec::new();
        for mode in MODES {
            let attach = |site: &Site, file: &str| {
                port12(site, &format!("attach --xdp-mode {mode} --config {file}"));
            };
            attach(oracle.site(), &enforcing);
            trials.push((format!("enforce, {mode}"), oracle.against_enforce(&enforced)));
            port12(oracle.site(), "detach");
            attach(oracle.site(), &dropping);
            trials.push((format!("drop, {mode}"), oracle.against_drop(FREE)));
            port12(oracle.site(), "detach");
            attach(oracle.site(), &banning);
            port12(oracle.site(), &format!("ban --scope all {SENDER_V4} {SENDER_V6}"));
            trials.push((format!("ban, {mode}"), oracle.against_ban(&service)));
            port12(oracle.site(), "detach");
        }
        Self::end(oracle, trials, &enforced)
    }

    /// Runs the part that makes sense below VLAN devices, where a look-up proves nothing: `enforce`.
    pub fn run_over_vlans(site: Site, folder: &Path, port12: &dyn Fn(&Site, &str)) -> Self {
        let policies = Policies { folder, interface: site.near.interface.clone() };
        let enforcing = policies.enforcing();
        let mut oracle = Oracle::ask(site, ways_over_vlans(), ENFORCED);
        let enforced = oracle.listen(ENFORCED);
        let mut trials = Vec::new();
        for mode in MODES {
            port12(oracle.site(), &format!("attach --xdp-mode {mode} --config {enforcing}"));
            trials.push((format!("enforce, {mode}"), oracle.against_enforce(&enforced)));
            port12(oracle.site(), "detach");
        }
        Self::end(oracle, trials, &enforced)
    }

    fn end(mut oracle: Oracle, trials: Vec<(String, Trial)>, enforced: &Application) -> Self {
        // The stack is as it was: nothing but port12 kept them out.
        let changed = oracle.changed(enforced);
        let (ways, accepted) = oracle.counts();
        Self { ways, accepted, summary: oracle.summary(), trials, changed }
    }

    /// The figures, in one line.
    pub fn figures(&self) -> String {
        let trials = self.trials.iter().map(|(name, trial)| {
            format!("; {name}: {} of {} got through", trial.through.len(), trial.sent)
        });
        format!("{} of {} ways accepted{}", self.accepted, self.ways, trials.collect::<String>())
    }

    /// Everything that is not as it should be.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, trial) in &self.trials {
            if trial.sent < FEWEST {
                faults.push(format!("{name}: {} ways are too few", trial.sent));
            }
            faults.extend(trial.through.iter().map(|way| format!("{name}: {way}")));
        }
        faults.extend(self.changed.iter().map(|way| format!("accepted at one time only: {way}")));
        faults
    }
}

/// Policy files for an interface.
struct Policies<'a> {
    folder: &'a Path,
    interface: String,
}

impl Policies<'_> {
    fn enforcing(&self) -> String {
        let rules = ["tcp", "udp", "udplite", "sctp"].map(|transport| {
            format!(
                "[[port]]\nports = \"{ENFORCED}/{transport}\"\naction = \"drop\"\nenforce = true\n"
            )
        });
        self.write("enforcing", &format!("mode = \"drop\"\n{}", rules.concat()))
    }

    /// Writes one, and returns its path.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(format!("{name}.toml"));
        std::fs::write(&path, format!("interfaces = [\"{}\"]\n{text}", self.interface))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.display().to_string()
    }
}
