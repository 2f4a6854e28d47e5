use proptest::prelude::*;

use super::*;
use crate::model::event::tests::sample;

fn spec(text: &str) -> SinkSpec {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> String {
    text.parse::<SinkSpec>().expect_err(text).to_string()
}

#[test]
fn a_sink_is_a_kind_a_level_and_a_target() {
    let eve = spec("eve:/var/log/port12/eve.json");
    assert_eq!(eve.form, Form::Eve);
    assert_eq!(eve.level, Level::Events);
    assert_eq!(eve.target, Target::File("/var/log/port12/eve.json".into()));
    assert_eq!(spec("eve/alerts:-").level, Level::Alerts);
    assert_eq!(spec("human:-").level, Level::Alerts);
    assert_eq!(spec("human/events:-").target, Target::Stdout);
    assert_eq!(spec("eve:unix:/run/s").target, Target::Unix("/run/s".into()));
    assert_eq!(spec("syslog").target, Target::Unix("/dev/log".into()));
    assert_eq!(spec("journald").target, Target::Unix("/run/systemd/journal/socket".into()));
    assert_eq!(spec("syslog/events:/run/log").target, Target::Unix("/run/log".into()));
    assert_eq!(spec("syslog:unix:/run/log"), spec("syslog:/run/log"));
}

#[test]
fn what_is_written_is_read_back() {
    for text in [
        "eve:/var/log/port12/eve.json",
        "eve/alerts:-",
        "eve:unix:/run/suricata.sock",
        "human:-",
        "human/events:/tmp/a:b/c",
        "portsentry:./tcp:a",
        "pcapng:/k.pcapng",
        "syslog",
        "syslog:/run/log",
        "journald/events",
    ] {
        assert_eq!(spec(text).to_string(), text);
    }
    assert_eq!(spec("eve/events:-").to_string(), "eve:-");
    assert_eq!(spec("syslog/alerts:/dev/log").to_string(), "syslog");
}

#[test]
fn what_is_wrong_says_what_is_right() {
    assert!(error("json:-").contains("human, eve, portsentry, pcapng, syslog or journald"));
    assert!(error("").contains("KIND[/LEVEL]:TARGET"));
    assert!(error("EVE:-").contains("EVE"));
    assert!(error("eve/all:-").contains("events or alerts"));
    assert!(error("eve").contains("eve:PATH"));
    assert!(error("eve:").contains("eve:PATH"));
    assert!(error("eve:unix:").contains("eve:unix:PATH"));
    assert!(error("syslog:-").contains("`syslog:PATH`"));
    assert!(error("pcapng/alerts:/x").contains("an alert is no frame"));
    assert!(error("portsentry/alerts:/x").contains("one touch each"));
    assert!(error("eve:tcp:host:514").contains("unix:"));
    assert!(error(&format!("eve:unix:/{}", "s".repeat(107))).contains("107 bytes"));
    assert!(error("eve:a\0b").contains("zero byte"));
    assert!(!error("\u{1b}[2J:-").contains('\u{1b}'));
}

#[test]
fn levels_and_forms_choose_records() {
    let event = Record::from(sample::event());
    let sctp = Record::from(sample::sctp());
    let alert = Record::from(sample::alert());
    let notice = Record::from(sample::notice());
    let takes =
        |text: &str| [&event, &sctp, &alert, &notice].map(|record| spec(text).takes(record));
    assert_eq!(takes("eve:-"), [true, true, true, true]);
    assert_eq!(takes("eve/alerts:-"), [false, false, true, true]);
    assert_eq!(takes("pcapng:-"), [true, true, false, false]);
    assert_eq!(takes("portsentry:-"), [true, false, false, false]);
}

proptest! {
    #[test]
    fn any_text_is_a_sink_or_one_line(text in "((eve|human|syslog)(/events|/alerts)?:)?(unix:)?\\PC{0,12}") {
        match text.parse::<SinkSpec>() {
            Ok(spec) => prop_assert_eq!(spec.to_string().parse::<SinkSpec>(), Ok(spec)),
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }
}

#[test]
fn a_socket_whose_path_looks_like_something_else_keeps_its_scheme() {
    for text in ["syslog:unix:-", "journald:unix:unix:/run/a"] {
        let spec: SinkSpec = text.parse().unwrap();
        assert_eq!(spec.to_string(), text);
        assert_eq!(spec.to_string().parse(), Ok(spec));
    }
}
