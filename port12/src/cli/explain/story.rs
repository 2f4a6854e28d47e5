//! Everything that is known about a port.

use std::time::SystemTime;

use serde::Serialize;

use super::{advise::Advice, configured::Configured, registry::Published, watch::Watch};
use crate::{cli::who::document::Found, text::time};

/// A port's story; its JSON is the report.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Story<'a> {
    #[serde(flatten)]
    pub(super) published: Published,
    #[serde(serialize_with = "time::serialize")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) time: SystemTime,
    #[serde(flatten)]
    pub(super) watch: &'a Watch,
    /// Null where the policy file is not accepted.
    pub(super) configured: Option<&'a Configured>,
    #[serde(flatten)]
    pub(super) found: Found<'a>,
    /// The most severe first.
    pub(super) advice: Vec<Advice>,
}
