//! Which registry a command uses.

use std::{borrow::Cow, path::PathBuf};

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
