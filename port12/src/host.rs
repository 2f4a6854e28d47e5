//! stub
pub mod time;
