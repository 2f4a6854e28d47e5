//! Each way to be wrong is told on one line: file, line, key, what is accepted.

use std::path::Path;

use super::{file, refusal};
use crate::config::{Config, ConfigError, File, KEYS, Layer, file::PORT_KEYS};

#[test]
fn a_value_that_is_not_accepted_is_told_with_line_and_key_and_what_is() {
    for (text, place, accepted) in [
        ("mode = \"block\"", "line 1: mode: \"block\" is", "write \"monitor\" or \"drop\""),
        ("\n\nmode = 3", "line 3: mode: 3 is", "write \"monitor\" or \"drop\""),
        ("xdp_mode = \"\"", "line 1: xdp_mode: \"\" is", "\"auto\", \"native\" or \"generic\""),
        ("transit = \"Pass\"", "line 1: transit: ", "write \"pass\", \"watch\" or \"drop\""),
        ("forwarding = true", "line 1: forwarding: true is", "write \"refuse\" or \"drop\""),
        ("remember_sources = 0", "line 1: remember_sources: 0 is", "write a number from 1 to"),
        ("remember_sources = \"all\"", "line 1: remember_sources: ", "write a number from 1 to"),
        ("sinks = \"journald\"", "line 1: sinks: ", "write a list of sinks"),
        ("sinks = [\"eve\", \"mail:root\"]", "line 1: sinks[", "eve"),
        ("sinks = [\"eve:eve.json\"]", "line 1: sinks[0]: ", "write an absolute path"),
        ("frame_bytes = 257", "line 1: frame_bytes: 257 is", "write a number from 0 to 256"),
        ("output = \"xml\"", "line 1: output: \"xml\" is", "write \"table\" or \"json\""),
        ("pin = \"yes\"", "line 1: pin: \"yes\" is", "write true or false"),
        ("include_reserved = 1", "line 1: include_reserved: 1 is", "write true or false"),
        ("confirm = \"0s\"", "line 1: confirm: ", "between 1s and 1 day"),
        ("confirm = 60", "line 1: confirm: 60 is", "such as \"60s\""),
        ("interval = \"fast\"", "line 1: interval: ", "write it like 1s, 500ms"),
        ("registry = \"r.csv\"", "line 1: registry: ", "write an absolute path"),
        ("interfaces = \"eth0\"", "line 1: interfaces: ", "[\"eth0\", \"ens*\"]"),
        ("exclude = [\n\"a\",\n\"b[\"]", "line 3: exclude[1]: \"b[\" is", "a glob of `*`"),
        ("extra = [1024]", "line 1: extra[0]: 1024 is", "a port from 0 to 1023"),
        ("extra = [-1]", "line 1: extra[0]: -1 is", "a port from 0 to 1023"),
        ("extra = [\"7/icmp\"]", "line 1: extra[0]: ", "tcp, udp, udplite, sctp and dccp"),
        ("allow = [\"10.0.0.1/8\"]", "line 1: allow[0]: ", "write 10.0.0.0/8 for the network"),
        ("allow = [\"host\"]", "line 1: allow[0]: \"host\" is", "an address or a prefix"),
        ("ban = true", "line 1: ban: true is", "write `[ban]` above its keys"),
        ("[ban]\nfor = \"10m\"", "line 1: ban: it has no `after`", "from 1 to 1000000"),
        ("[ban]\nafter = 0", "line 2: ban.after: 0 is", "from 1 to 1000000"),
        ("[ban]\nafter = 9\nfor = \"0s\"", "line 3: ban.for: ", "between 1s and 1 year"),
        ("[ban]\nafter = 9\nscope = 1", "line 3: ban.scope: ", "\"unassigned\" or \"all\""),
        ("[ban]\nscope = \"unassigned\"", "line 1: ban: it has no `after`", "from 1 to 1000000"),
        ("[ban]\nafter = 9\nports = 1", "line 3: ban.ports: there is no such key", "within, scope"),
        ("[port]\nports = 1", "line 1: port: ", "write `[[port]]` above each rule"),
    ] {
        let said = refusal(text);
        assert!(said.contains(place) && said.contains(accepted), "{said}");
    }
}

#[test]
fn a_rule_that_is_not_accepted_is_told_by_its_number_from_0() {
    for (rule, place, accepted) in [
        ("ports = 1\naction = \"kill\"", "line 6: port[1].action: ", "\"watch\", \"drop\" or"),
        ("action = \"drop\"", "line 4: port[1]: it has no `ports`", "a port from 0 to 1023"),
        ("ports = 1", "line 4: port[1]: it says nothing", "`action`, `expected` or both"),
        ("ports = [2, \"b\"]", "line 5: port[1].ports[1]: \"b\" is", "a port from 0 to 1023"),
        ("ports = []\naction = \"drop\"", "line 5: port[1].ports: [] is", "a port from 0 to 1023"),
    ] {
        let said = refusal(&format!("[[port]]\nports = 9\naction = \"drop\"\n[[port]]\n{rule}"));
        assert!(said.contains(place) && said.contains(accepted), "{said}");
    }
}

#[test]
fn an_unknown_key_is_told_with_those_that_there_are() {
    let said = refusal("mode = \"drop\"\nmodes = 1");
    assert!(said.contains("line 2: modes: there is no such key"), "{said}");
    assert!(said.ends_with(&KEYS.join(", ")), "{said}");
    let said = refusal("[[port]]\nports = 1\nport = 2");
    assert!(said.contains("line 3: port[0].port: there is no such key"), "{said}");
    assert!(said.ends_with(&PORT_KEYS.join(", ")), "{said}");
}

#[test]
fn the_first_mistake_of_the_file_is_told() {
    assert!(refusal("output = 1\nmode = 2").contains("line 1: output"));
}

#[test]
fn what_is_not_toml_is_told_with_its_line_and_where_it_has_one_its_key() {
    assert!(refusal("pin = true\nmode = drop").contains("line 2: mode: it is not TOML: string"));
    assert!(refusal("mode = \"drop\"\nmode = \"drop\"").contains("line 2: it is not TOML: dup"));
    assert!(refusal("[[port").contains("line 1: it is not TOML"));
    let said = File::parse(Path::new("/p"), b"pin = true\n\xff").unwrap_err().to_string();
    assert_eq!(said, "/p: line 2: it is not UTF-8 text: save it as UTF-8");
}

#[test]
fn what_somebody_wrote_is_shown_short_and_on_one_line() {
    let said = refusal(&format!("mode = \"\"\"\n{}\"\"\"", "x\n".repeat(100)));
    assert!(said.contains(r#"mode: """\nx\nx"#) && said.contains("... is not accepted"), "{said}");
    refusal("\"a\\n\\u0007\" = 1");
}

#[test]
fn more_than_a_mebibyte_is_refused() {
    let full = "#".repeat(1 << 20);
    file(&full).unwrap();
    let said = file(&format!("{full}\n")).unwrap_err().to_string();
    assert!(said.contains("/p/port12.toml is larger than 1 MiB"), "{said}");
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let missing = Path::new("/nonexistent/port12.toml");
    let error = Config::load(Some(missing), Layer::default()).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
    assert!(error.to_string().contains("/nonexistent/port12.toml: No such file"), "{error}");
}
