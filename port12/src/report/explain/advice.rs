//! Advice.

use crate::{explain::Advice, text::wrap::hang_whole};

pub(super) fn render(advice: &[Advice]) -> String {
    let mut text = String::from("\nWhat it means, and what to do\n");
    for advice in advice {
        let transports: Vec<&str> =
            advice.ports.iter().map(|port| port.transport.as_str()).collect();
        let severity = match advice.severity {
            1 => "high",
            2 => "medium",
            _ => "note",
        };
        let line = format!("{}: {}", transports.join(", "), advice.means);
        text.push_str(&hang_whole(&format!("  {severity:<6}  "), &line));
        for step in &advice.steps {
            text.push_str(&hang_whole("          - ", step));
        }
    }
    text
}
