//! The forms of a report.

use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// One JSON document.
    Json,
}
