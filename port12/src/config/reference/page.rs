//! The reference page.

use std::fmt::Write as _;

use super::{lines, sections};
use crate::config::{
    Key,
    file::PORT_PARTS,
    form::{Arity, Shape},
    key::Applies,
    part::Part,
};

const HEAD: &str = "\
<!-- Made by `cargo xtask policy-docs` from port12/src/config/keys.rs. -->

# Policy reference

`port12 run`, `attach` and `check` read `/etc/port12/port12.toml` if it exists, or the file that `--config` or
`PORT12_CONFIG` names. Flags precede environment variables, these precede the file, and the file precedes the defaults.
`port12 check --print-effective` prints every value with its origin, and `port12 check --diff` the differences from the policy in
force.

SIGHUP reloads the files, and so does each change with `run --watch-config`. A file that is not accepted changes nothing.

## Drop-ins

Drop-ins add to a policy file without changing it. The drop-ins of `/etc/port12/port12.toml` are
`/etc/port12/conf.d/*.toml`; the drop-ins of any other FILE are `FILE.d/*.toml`. They are read after the policy file, in the
order of their names. A drop-in is a regular file with the same requirements as the policy file: root or the user of port12 owns
it, nobody else can write to it, and it is at most 1 MiB. An error in one of them is an error of the policy. Entries with other
names, and with names that begin with a dot, are not read, and a warning names them.

| Keys | In a later file |
|---|---|
| lists: `interfaces`, `exclude`, `allow`, `extra`, `sinks` | elements are added |
| `[[port]]` | rules are added; the later rule wins, key by key |
| all others; `[ban]` as a whole | the value is replaced |

`reset = [\"allow\", \"ban\", \"port\"]` in a drop-in discards the values of these keys, and the `[[port]]` rules, in the files
before it. With `reset`, a list is replaced:

```toml
reset = [\"allow\"]
allow = [\"192.0.2.7\"]
```

A flag or an environment variable replaces a value, including lists. `port12 allow add --write` writes to the policy file. A
source that a drop-in has is not added again. `remove --write` refuses such a source and names the drop-in.
";

const RULES: &str = "
## Rules for single ports

Each `[[port]]` table is a rule for some of the watched ports. If two rules are for the same port, the later one wins,
key by key. Assigned ports in a range are left alone: only `extra` watches them.
";

/// The reference page, in Markdown.
pub fn page() -> String {
    let mut text = HEAD.to_owned();
    for (section, keys) in sections() {
        let _ = writeln!(text, "\n## {section}");
        keys.iter().for_each(|key| describe(&mut text, key));
    }
    text.push_str(RULES);
    write_parts(&mut text, PORT_PARTS);
    text
}

fn describe(text: &mut String, key: &Key) {
    let _ = writeln!(text, "\n### `{}`\n", key.name);
    let mut lines = lines(key);
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let _ = writeln!(text, "{}", escaped(line));
    }
    let verbatim: Vec<&str> = lines.collect();
    if !verbatim.is_empty() {
        let _ = writeln!(text, "\n```text\n{}\n```", verbatim.join("\n"));
    }
    let Shape { arity, accepts, choices } = (key.shape)();
    if arity != Arity::Switch && !choices.is_empty() {
        text.push('\n');
        for (name, help) in choices {
            let _ = writeln!(text, "- `\"{name}\"`: {}", escaped(&help));
        }
    }
    write_parts(text, key.about.parts);
    let default = (key.default)().map_or_else(|| "none".to_owned(), |it| format!("`{it}`"));
    let _ = writeln!(text, "\n| | |\n|---|---|\n| Value | {accepts} |\n| Default | {default} |");
    if let Some(example) = key.about.example {
        let _ = writeln!(text, "| Example | `{} = {example}` |", key.name);
    }
    if let Some(flag) = key.about.flag {
        let short = flag.short.map_or_else(String::new, |short| format!("`-{short}`, "));
        let _ =
            writeln!(text, "| Flag | {short}`--{}` |\n| Environment | `{}` |", flag.long, flag.env);
    }
    let applies = match key.about.applies {
        Applies::Reload => "at a reload",
        Applies::Restart => "at a restart",
    };
    let _ = writeln!(text, "| A change applies | {applies} |");
}

fn write_parts(text: &mut String, parts: &[Part]) {
    if parts.is_empty() {
        return;
    }
    text.push_str("\n| Key | Meaning |\n|---|---|\n");
    for Part { name, text: meaning } in parts {
        let _ = writeln!(text, "| `{name}` | {} |", escaped(&meaning.replace('\n', " ")));
    }
}

/// Brackets that Markdown would read as a link, and bars that would end a cell.
fn escaped(text: &str) -> String {
    text.replace('[', "\\[").replace('|', "\\|")
}
