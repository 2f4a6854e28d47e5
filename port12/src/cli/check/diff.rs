//! `port12 check --diff`: a policy against the policy in force.

use std::{collections::BTreeSet, fmt, io::Write, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    agent,
    cli::{
        failure::{Code, Failure},
        output::{OutputFormat, unless_closed, write_json},
        pins::PinArgs,
    },
    config::Origin,
    kernel::pin,
    model::Place,
    query::{self, Agreement, Candidate, Comparison},
    text::Printable,
};

/// The comparison, in JSON.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Document {
    /// The policy file; null if there is none.
    file: Option<PathBuf>,
    /// Whether nothing that can be known differs.
    same: bool,
    interfaces: Vec<Interface>,
}

#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Interface {
    interface: String,
    /// Difference of the attachment; null if there is none.
    attachment: Option<AttachmentDifference>,
    comparisons: Vec<Comparison>,
}

/// Difference between the interfaces of the policy and those with programs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum AttachmentDifference {
    /// It has a program, and is not in the policy.
    NotInPolicy,
    /// Its maps are pinned, and its program is not attached.
    NotAttached,
    /// It is in the policy, and nothing is attached or pinned.
    Absent,
}

impl fmt::Display for AttachmentDifference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotInPolicy => "attached, and not in the policy",
            Self::NotAttached => "not attached, although its maps are pinned",
            Self::Absent => "in the policy, and not attached",
        })
    }
}

impl Interface {
    fn differs(&self) -> bool {
        self.attachment.is_some()
            || self.comparisons.iter().any(|it| it.result == Agreement::Differs)
    }
}

/// Compares, and reports to `out`.
///
/// # Errors
///
/// [`Failure`]: with code 1 if a value differs; no other failure has this code.
pub(super) fn run(
    candidate: Candidate<'_>,
    pins: &PinArgs,
    form: OutputFormat,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let interfaces = interfaces(candidate, pins).map_err(Failure::without_answer_code)?;
    let differing: Vec<_> = interfaces.iter().filter(|it| it.differs()).collect();
    let names: Vec<&str> = differing.iter().map(|it| &*it.interface).collect();
    let message = format!("the policy in force differs on {}", Printable(names.join(", ")));
    let same = names.is_empty();
    let document = Document { file: candidate.config.file.clone(), same, interfaces };
    let written = match form {
        OutputFormat::Json => write_json(&document, out),
        OutputFormat::Table => table(&document, out).map_err(Into::into),
    };
    unless_closed(written).map_err(Failure::from).map_err(Failure::without_answer_code)?;
    if same { Ok(()) } else { Err(Failure::new(Code::Runtime, message)) }
}

fn interfaces(candidate: Candidate<'_>, pins: &PinArgs) -> Result<Vec<Interface>, Failure> {
    let selected = agent::links(candidate.config)?;
    let mut missing: BTreeSet<&str> = selected.iter().map(|link| &*link.name).collect();
    let has_daemon = pin::holder(&pins.pin_dir).is_some();
    let daemon = query::runtime_directory(&pins.runtime_dir, &pins.pin_dir);
    let daemon = daemon.filter(|_| has_daemon).map(|directory| query::daemon_state(&directory));
    let settings = daemon.and_then(|state| match state {
        Ok(state) => state.map(|it| it.settings),
        Err(error) => {
            log::warn!("the policy of the daemon is unknown: {error}");
            None
        }
    });
    let mut interfaces = Vec::new();
    for pinned in pins.open_each()? {
        let pinned = pinned?;
        let state = query::pinned_interface(&pinned, candidate.registry, has_daemon)?;
        let is_selected = missing.remove(&*state.interface);
        let attachment = match state.place {
            Place::Attached if is_selected => None,
            Place::Attached => Some(AttachmentDifference::NotInPolicy),
            Place::Elsewhere | Place::Detached | Place::Gone | Place::Capture => {
                Some(AttachmentDifference::NotAttached)
            }
        };
        let comparisons =
            query::compare(candidate, &pinned, &state, has_daemon, settings.as_ref())?;
        interfaces.push(Interface { interface: state.interface, attachment, comparisons });
    }
    interfaces.extend(missing.into_iter().map(|name| Interface {
        interface: name.to_owned(),
        attachment: Some(AttachmentDifference::Absent),
        comparisons: Vec::new(),
    }));
    Ok(interfaces)
}

fn table(document: &Document, out: &mut impl Write) -> std::io::Result<()> {
    for interface in &document.interfaces {
        let name = Printable(&interface.interface);
        if let Some(attachment) = interface.attachment {
            writeln!(out, "{name}: {attachment}")?;
        }
        let of = |result| interface.comparisons.iter().filter(move |it| it.result == result);
        for Comparison { key, policy, in_force, origin, .. } in of(Agreement::Differs) {
            writeln!(out, "{name}: {key}: policy {policy}, in force {in_force} ({origin})")?;
        }
        let unknown: Vec<&str> = of(Agreement::Unknown).map(|it| &*it.key).collect();
        if !unknown.is_empty() {
            let keys = unknown.join(", ");
            writeln!(out, "{name}: unknown, since only `port12 run` knows them: {keys}")?;
        }
        for Comparison { key, policy, in_force, .. } in of(Agreement::Overridden) {
            writeln!(
                out,
                "{name}: {key}: policy {policy}, in force {in_force} by a flag of the daemon"
            )?;
        }
    }
    if document.same {
        writeln!(out, "the policy in force is the same, as far as it is known")?;
    }
    Ok(())
}

/// The form of the report: that of a flag or variable, since the file says how `run` reports.
pub(super) fn form(value: OutputFormat, origin: &Origin) -> OutputFormat {
    match origin {
        Origin::Flag(_) | Origin::Environment(_) => value,
        Origin::File { .. } | Origin::Files(_) | Origin::Default => OutputFormat::Table,
    }
}
