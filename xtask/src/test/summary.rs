//! What ran, and how it ended.

use std::fmt;

use anyhow::Result;

enum End {
    Passed,
    Failed(String),
    NotRun(String),
}

/// The parts of a test run, in their order.
#[derive(Default)]
pub struct Summary {
    parts: Vec<(String, End)>,
}

impl Summary {
    /// A part that ran.
    pub fn add(&mut self, part: &str, result: Result<()>) {
        let end = match result {
            Ok(()) => End::Passed,
            Err(error) => End::Failed(format!("{error:#}")),
        };
        self.parts.push((part.to_owned(), end));
    }

    /// A part that did not, and why.
    pub fn skip(&mut self, part: &str, why: &str) {
        self.parts.push((part.to_owned(), End::NotRun(why.to_owned())));
    }

    /// Whether any part failed.
    pub fn failed(&self) -> bool {
        self.parts.iter().any(|(_, end)| matches!(end, End::Failed(_)))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\nsummary")?;
        for (part, end) in &self.parts {
            match end {
                End::Passed => writeln!(formatter, "  passed   {part}")?,
                End::Failed(why) => writeln!(formatter, "  FAILED   {part}: {why}")?,
                End::NotRun(why) => writeln!(formatter, "  NOT RUN  {part}: {why}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn each_part_says_how_it_ended() {
        let mut summary = Summary::default();
        summary.add("one", Ok(()));
        summary.skip("two", "no root");
        assert!(!summary.failed());
        summary.add("three", Err(anyhow!("status 1")));
        assert!(summary.failed());
        let expected =
            "\nsummary\n  passed   one\n  NOT RUN  two: no root\n  FAILED   three: status 1\n";
        assert_eq!(summary.to_string(), expected);
    }
}
