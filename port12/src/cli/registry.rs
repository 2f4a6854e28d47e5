//! Which registry a command uses.

use std::{borrow::Cow, path::PathBuf};

use serde::Serialize;

use crate::registry::{Registry, RegistryError};

/// The choice of a registry.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RegistryArgs {
    /// IANA's official CSV or XML, in place of the table that port12 carries
    #[arg(long, value_name = "FILE", env = "PORT12_REGISTRY")]
    pub registry: Option<PathBuf>,
}

impl RegistryArgs {
    /// Reads the file, or takes the embedded table. What is odd about a file goes to the log.
    ///
    /// # Errors
    ///
    /// [`RegistryError`]: the file is not used.
    pub fn load(&self) -> Result<Cow<'static, Registry>, RegistryError> {
        Registry::load(self.registry.as_deref())
    }
}

/// A registry's date and origin, in JSON.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Origin {
    date: String,
    /// The registry may be younger: the CSV gives no date but that of its newest row.
    date_is_floor: bool,
    source: String,
}

impl From<&Registry> for Origin {
    fn from(registry: &Registry) -> Self {
        Self {
            date: registry.edition().date().to_string(),
            date_is_floor: registry.edition().is_floor(),
            source: registry.source().to_string(),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let floor = if self.date_is_floor { "at least " } else { "" };
        write!(formatter, "{floor}{} ({})", self.date, self.source)
    }
}
