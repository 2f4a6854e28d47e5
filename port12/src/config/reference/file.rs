//! The annotated policy file.

use std::fmt::Write as _;

use super::{aligned, lines, sections, width};
use crate::config::{
    Key,
    file::PORT_PARTS,
    form::{Arity, Shape},
    part::Part,
};

/// Columns of a heading.
const COLUMNS: usize = 99;

const HEAD: &str = "\
# The policy of port12: /etc/port12/port12.toml, or the file that --config or PORT12_CONFIG names.
#
# A line that begins with `#` and a key shows the default: remove the `#` to change it. Lines that are
# set in by three blanks are examples. Flags precede environment variables, these precede this file, and
# this file precedes the defaults.
#
# Drop-ins are read after this file, in the order of their names: /etc/port12/conf.d/*.toml, or FILE.d/*.toml
# for another FILE. They add to the lists and the [[port]] rules, and replace other values. In a drop-in,
# reset = [\"allow\", \"port\"] discards what the files before it say of these keys.
#
# `port12 check --config FILE` validates a file and changes nothing; `--print-effective` shows the whole
# policy in force, and the origin of each value.
";

const RULES: &str = "\
# Each [[port]] table is a rule for some of the watched ports. If two rules are for the same port, the
# later one wins, key by key. Assigned ports in a range are left alone: only `extra` watches them.
#
";

const RULE_EXAMPLES: &str = "\
#
#   [[port]]
#   ports = \"700-720/udp\"
#   action = \"ignore\"
#
#   [[port]]
#   ports = [\"14-16\", \"61/sctp\"]
#   action = \"drop\"
#
#   [[port]]
#   ports = \"12/tcp\"
#   action = \"drop\"
#   enforce = true
#
#   [[port]]
#   ports = 700
#   expected = true
";

/// The annotated policy file: every key with its default, in comments.
pub fn annotated_file() -> String {
    let mut text = HEAD.to_owned();
    for (section, keys) in sections() {
        heading(&mut text, section);
        keys.iter().for_each(|key| describe(&mut text, key));
    }
    heading(&mut text, "Rules for single ports");
    text.push('\n');
    text.push_str(RULES);
    write_parts(&mut text, PORT_PARTS);
    text.push_str(RULE_EXAMPLES);
    text
}

fn heading(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n{:-<COLUMNS$}", format!("# ---- {title} "));
}

fn describe(text: &mut String, key: &Key) {
    text.push('\n');
    lines(key).for_each(|line| comment(text, line));
    let Shape { arity, choices, .. } = (key.shape)();
    if arity != Arity::Switch && !choices.is_empty() {
        comment(text, "");
        let quoted = |(name, help)| (format!("\"{name}\""), help);
        let choices: Vec<(String, String)> = choices.into_iter().map(quoted).collect();
        let width = width(choices.iter().map(|(name, _)| &**name));
        for (name, help) in choices {
            comment(text, &format!("{name:width$}  {help}"));
        }
    }
    if !key.about.parts.is_empty() {
        comment(text, "");
        write_parts(text, key.about.parts);
        comment(text, "");
    }
    if let Some(example) = key.about.example {
        let _ = writeln!(text, "#   {} = {example}", key.name);
    }
    if let Some(default) = (key.default)() {
        let _ = writeln!(text, "#{} = {default}", key.name);
    }
}

fn write_parts(text: &mut String, parts: &[Part]) {
    let width = width(parts.iter().map(|part| part.name));
    for line in parts.iter().flat_map(|part| aligned(part, width)) {
        comment(text, &line);
    }
}

fn comment(text: &mut String, line: &str) {
    let _ = writeln!(text, "{}", format!("# {line}").trim_end());
}
