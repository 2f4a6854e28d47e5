//! The table for people.

use std::fmt::Write as _;

use super::{Comparison, Report, Row, Sums};
use crate::bench::{egress, sources, statistics::Summary, target::Target};

/// The whole report.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    _ = write(&mut text, report);
    text
}

fn write(text: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        text,
        "ns that a frame costs beyond a bare program with the same verdict: median (quartiles), \
         and on a quiet machine\n{} rounds of {} frames; entry point {}\n",
        report.rounds, report.repeat, report.entry
    )?;
    for floor in &report.floors {
        let (verdict, median, quiet) = (floor.verdict, floor.median, floor.quiet);
        writeln!(text, "bare {verdict}: {median:.1} ns, quiet {quiet:.1}")?;
    }
    writeln!(
        text,
        "\n{:44} {:15} {:>6} {:16} {:>6}  {:>6} {:>6}  {:>10} {:>6} {:>5}  target",
        "frame",
        "outcome",
        "port12",
        "(quartiles)",
        "quiet",
        "linear",
        "quiet",
        "xdp-filter",
        "quiet",
        "times"
    )?;
    for row in &report.rows {
        writeln!(text, "{}", line(row).trim_end())?;
    }
    writeln!(text)?;
    write_comparison(text, &report.xdp_filter)?;
    write_numbers(text, "what a record of the sources adds to a dropped SYN", &report.sources)?;
    write_numbers(text, "what telling of events adds to that", &report.events)?;
    write_leaving(text, &report.leaving)?;
    for step in &report.steps {
        let (median, quiet, target) = (step.median, step.quiet, step.target);
        // The kernel's part is the same; user space's is not.
        let verdict = match (cfg!(debug_assertions), median <= target) {
            (true, _) => "not judged, by an unoptimised build",
            (false, true) => "met",
            (false, false) => "not met",
        };
        writeln!(
            text,
            "{}: {median:.1} ms, quiet {quiet:.1}; target {target}: {verdict}",
            step.name
        )?;
    }
    write_memory(text, report)?;
    write_machine(text, report)
}

fn write_numbers(text: &mut String, what: &str, rows: &[sources::Row]) -> std::fmt::Result {
    writeln!(text, "{what}, by the number of sources:")?;
    for row in rows {
        let Summary { median, lower, upper, quiet } = row.cost;
        let verdict = row.target.map_or_else(String::new, |target| {
            let verdict = if target.is_met(&row.cost) { "met" } else { "not met" };
            format!("; target {}: {verdict}", target.median)
        });
        writeln!(
            text,
            "  {:>10}: {median:.1} ns ({lower:.1} to {upper:.1}), quiet {quiet:.1}{verdict}",
            row.sources
        )?;
    }
    Ok(())
}

fn write_leaving(text: &mut String, rows: &[egress::Row]) -> std::fmt::Result {
    writeln!(text, "what watching packets that leave adds to one:")?;
    for row in rows {
        let Summary { median, lower, upper, quiet } = row.cost;
        let counted = if row.is_counted { ", counted" } else { "" };
        writeln!(
            text,
            "  {:30} {median:.1} ns ({lower:.1} to {upper:.1}), quiet {quiet:.1}{counted}",
            row.name
        )?;
    }
    Ok(())
}

fn line(row: &Row) -> String {
    let [median, quiet] = figures(row.port12);
    let [linear, linear_quiet] = figures(row.port12_linear);
    let [xdp_filter, xdp_filter_quiet] = figures(row.xdp_filter);
    let quartiles =
        row.port12.map_or_else(String::new, |it| format!("({:.1} to {:.1})", it.lower, it.upper));
    let ratio = row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.1}"));
    format!(
        "{:44} {:15} {median:>6} {quartiles:16} {quiet:>6}  {linear:>6} {linear_quiet:>6}  \
         {xdp_filter:>10} {xdp_filter_quiet:>6} {ratio:>5}  {}",
        row.name,
        row.outcome,
        target(row)
    )
}

/// The median and the quiet machine's value.
fn figures(summary: Option<Summary>) -> [String; 2] {
    summary.map_or_else(Default::default, |it| [it.median, it.quiet].map(|ns| format!("{ns:.1}")))
}

fn target(row: &Row) -> String {
    let Some(Target { median, quiet }) = row.target else {
        return String::new();
    };
    let verdict = if row.met == Some(true) { "met" } else { "not met" };
    format!("{median} ({quiet}): {verdict}")
}

fn write_comparison(text: &mut String, comparison: &Comparison) -> std::fmt::Result {
    match comparison {
        Comparison::NotMeasured(why) => writeln!(text, "xdp-filter: not measured: {why}"),
        Comparison::Measured { without_look_up, with_look_up, target, met } => {
            let verdict = if *met { "met" } else { "not met" };
            writeln!(
                text,
                "xdp-filter's build with TCP and UDP ports, on the same frames:\n  \
                 {}; target {target}: {verdict}\n  {}, where port12 looks a socket up and \
                 xdp-filter does not",
                sums(without_look_up),
                sums(with_look_up)
            )
        }
    }
}

fn sums(sums: &Sums) -> String {
    format!(
        "{} rows: {:.0} ns against {:.0}, {:.1} times (quiet {:.1}, the least row {:.1})",
        sums.rows, sums.xdp_filter, sums.port12, sums.ratio, sums.quiet_ratio, sums.least
    )
}

fn write_memory(text: &mut String, report: &Report) -> std::fmt::Result {
    let kib = |bytes: u64| bytes as f64 / 1024.0;
    let maps: Vec<String> =
        report.maps.iter().map(|map| format!("{} {:.0}", map.name, kib(map.bytes))).collect();
    writeln!(text, "maps: {:.0} KiB ({})", kib(report.maps_bytes), maps.join(", "))
}

fn write_machine(text: &mut String, report: &Report) -> std::fmt::Result {
    let machine = &report.machine;
    let kind = if machine.virtual_machine { ", a virtual machine" } else { "" };
    let stats = if machine.bpf_stats { "; bpf_stats_enabled" } else { "" };
    writeln!(
        text,
        "machine: {}, {} CPUs{kind}; measured on CPU {}\nkernel: {}; JIT {}{stats}",
        machine.cpu, machine.cpus, machine.pinned_to, machine.kernel, machine.jit
    )?;
    for mitigation in &machine.mitigations {
        writeln!(text, "mitigation: {mitigation}")?;
    }
    let [before, after] = machine.load;
    writeln!(text, "load average: {before:.2} before, {after:.2} after")
}
