//! Rates over a period.

use serde::{Deserialize, Serialize};

/// Rates of an interface.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rates {
    /// Frames per second.
    pub frames_per_second: f64,
    /// Bits of whole frames per second, without preamble and gap.
    pub bits_per_second: f64,
    /// Share of the link's speed, 0 to 1; null if the speed is unknown.
    pub utilization: Option<f64>,
}

/// Rates of a port.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortRates {
    /// Packets per second.
    pub packets_per_second: f64,
    /// Bits of those packets per second.
    pub bits_per_second: f64,
}
