//! The named frames of `tests/frames/frames.txt` with what is to become of them.
//!
//! A record is a name; a line of `key=value` pairs, absent where there is nothing to say; and the
//! frame in hexadecimal digits, a header to a line. An empty line ends it.

use std::str::FromStr;

use port12_common::{Depth, Layer, Outcome, Verdict};

use super::answer::{Answer, Segment};

/// The committed table.
pub const TABLE: &str = include_str!("../frames/frames.txt");

/// A frame and what is to become of it in the [`environment`](super::environment).
#[derive(Clone, Debug)]
pub struct NamedFrame {
    pub name: &'static str,
    pub layer: Layer,
    pub bytes: Vec<u8>,
    pub expected: Answer,
    pub verdict: Verdict,
}

/// Every frame of the table.
///
/// # Panics
///
/// On a record that cannot be read: the table is committed, and a test compares it.
pub fn all() -> Vec<NamedFrame> {
    TABLE.split("\n\n").map(str::trim).filter(|record| !record.is_empty()).map(record).collect()
}

fn record(text: &'static str) -> NamedFrame {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let name = lines.next().expect("a record starts with a name");
    let facts = Facts { name, line: lines.next().expect("facts follow a name") };
    let segment = facts.get("transport").map(|transport| Segment {
        transport,
        source_port: facts.need("source_port"),
        port: facts.need("port"),
        shape: facts.get("shape"),
    });
    let verdict = match facts.need::<String>("verdict").as_str() {
        "pass" => Verdict::Pass,
        "drop" => Verdict::Drop,
        other => panic!("{name}: no verdict is called {other}"),
    };
    NamedFrame {
        name,
        layer: match facts.need::<String>("layer").as_str() {
            "ethernet" => Layer::Ethernet,
            "ip" => Layer::Ip,
            other => panic!("{name}: no layer is called {other}"),
        },
        bytes: lines.flat_map(bytes).collect(),
        expected: match facts.need("outcome") {
            Outcome::TooDeep => {
                let is_dropped = verdict == Verdict::Drop;
                let depth = Depth { reason: facts.need("reason"), is_dropped };
                Answer { depth: Some(depth), ..Answer::bare(Outcome::TooDeep) }
            }
            outcome => Answer { outcome, reason: facts.get("reason"), depth: None, segment },
        },
        verdict,
    }
}

struct Facts {
    name: &'static str,
    line: &'static str,
}

impl Facts {
    fn get<T: FromStr>(&self, key: &str) -> Option<T> {
        let (_, value) = self
            .line
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .find(|fact| fact.0 == key)?;
        match value.parse() {
            Ok(value) => Some(value),
            Err(_) => panic!("{}: {key}={value} cannot be read", self.name),
        }
    }

    fn need<T: FromStr>(&self, key: &str) -> T {
        self.get(key).unwrap_or_else(|| panic!("{}: {key} is missing", self.name))
    }
}

fn bytes(line: &str) -> Vec<u8> {
    let digits: Vec<char> = line.chars().filter(|digit| !digit.is_whitespace()).collect();
    let digit = |digit: char| digit.to_digit(16).expect("a hexadecimal digit") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
