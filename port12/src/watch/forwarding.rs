//! Last answer of the host about forwarding, shared by the thread that asks and the one that reports.

use std::sync::{Arc, Mutex, PoisonError};

use crate::query::ForwardingAnswer;

/// The last answer; empty before the first.
#[derive(Clone, Debug, Default)]
pub struct Forwarding(Arc<Mutex<ForwardingAnswer>>);

impl Forwarding {
    /// The last answer.
    pub fn get(&self) -> ForwardingAnswer {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes an answer.
    pub fn set(&self, answer: ForwardingAnswer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}
