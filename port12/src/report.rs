//! Reports: what a person or a program reads.

mod error;
mod format;
mod json;
mod model;
mod outbound;
mod table;

pub use error::ReportError;
pub use format::OutputFormat;
pub use json::{read_json, write_json};
pub use model::{
    Capture, InterfaceReport, Kind, Link, Period, PortReport, Report, SinkReport, SourceReport,
    SourcesReport, Tallied, ToldReport,
};
pub use outbound::{OutboundInterface, OutboundOwner, OutboundPortReport, OutboundReport};
pub use table::write_table;
