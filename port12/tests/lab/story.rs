//! What is told of those who knock: real scans, and the sinks as other programs read them.

pub mod kept;
mod quiet;
mod readers;
mod scans;
mod trouble;
