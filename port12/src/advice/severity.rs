//! Severity of a finding.

/// Severity of a finding, the lowest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Nothing to do.
    Low,
    /// A look is worth it.
    Medium,
    /// Act.
    High,
}

impl Severity {
    /// Number in documents: 1 is the highest, 3 the lowest.
    pub const fn number(self) -> u8 {
        match self {
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
        }
    }
}
