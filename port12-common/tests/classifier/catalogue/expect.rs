//! Expectations, named as the outcomes are. Conversations come from port 40000.

use port12_common::{Outcome, Shape, Transport};

use crate::support::answer::{Answer, Segment};

/// The source port of every frame but those that say otherwise.
pub const SOURCE_PORT: u16 = 40000;

pub fn not_ip() -> Answer {
    Answer::bare(Outcome::NotIp)
}

pub fn fragment() -> Answer {
    Answer::bare(Outcome::Fragment)
}

pub fn other_transport() -> Answer {
    Answer::bare(Outcome::OtherTransport)
}

pub fn dropped(transport: Transport, port: u16, shape: Shape) -> Answer {
    start(Outcome::Dropped, transport, port, shape)
}

pub fn probe(transport: Transport, port: u16, shape: Shape) -> Answer {
    start(Outcome::Probe, transport, port, shape)
}

/// A conversation start with any outcome.
pub fn start(outcome: Outcome, transport: Transport, port: u16, shape: Shape) -> Answer {
    about(outcome, transport, port, Some(shape))
}

/// A later part of a conversation with any outcome.
pub fn later(outcome: Outcome, transport: Transport, port: u16) -> Answer {
    about(outcome, transport, port, None)
}

pub fn reply(transport: Transport, port: u16) -> Answer {
    later(Outcome::Reply, transport, port)
}

fn about(outcome: Outcome, transport: Transport, port: u16, shape: Option<Shape>) -> Answer {
    Answer::about(Segment { transport, source_port: SOURCE_PORT, port, shape }, outcome)
}

/// The same from another source port.
pub fn from(source_port: u16, mut answer: Answer) -> Answer {
    if let Some(segment) = &mut answer.segment {
        segment.source_port = source_port;
    }
    answer
}
