//! Reports: the state of port12 over a period, for people or programs.

mod document;
mod explain;
mod json;
mod record;
mod status;
mod table;
mod who;

pub use document::{Capture, Kind, Report};
pub use explain::write_explanation;
pub use json::{read_json, write_json};
pub use record::record_line;
pub use status::{detached, host_changes, write_status};
pub use table::write_table;
pub use who::{WhoReport, write_who};
