//! The sinks, read by the programs that they are made for.

use std::{fs, path::Path, process::Command};

use tempfile::tempdir;

use crate::support::{
    Pair, Port12,
    addresses::{FAR, NEAR},
    lab,
};

/// Port 12 to 300, from one source, into three sinks. The directory has them as `eve.json`, `portsentry.log` and
/// `knocks.pcapng`.
fn scanned(directory: &Path) -> u64 {
    let pair = Pair::new();
    let at = |name: &str| directory.join(name).display().to_string();
    let sinks = format!(
        "--sink eve:{} --sink portsentry:{} --sink pcapng:{}",
        at("eve.json"),
        at("portsentry.log"),
        at("knocks.pcapng")
    );
    let port12 = Port12::start(&pair.near, &format!("-i w0 --mode drop {sinks}"));
    pair.far.sh(&format!("nmap -Pn -n -sX -T4 --max-retries 0 -p 12-300 {NEAR}"));
    let totals = port12.stop();
    for sink in totals.0["alerts"]["sinks"].as_array().unwrap() {
        assert_eq!(sink["lost"], 0, "{sink}");
    }
    totals.interface("w0")["events"]["emitted"].as_u64().unwrap()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}: `cargo xtask setup` installs what the tests use")
    });
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn fail2ban_wireshark_tcpdump_and_jq_read_what_is_told() {
    lab(|| {
        let directory = tempdir().unwrap();
        let events = scanned(directory.path());
        assert!(events > 20);
        let at = |name: &str| directory.path().join(name);

        let filter = r"^[^ ]* Scan from: \[<HOST>\]";
        let mut fail2ban = Command::new("fail2ban-regex");
        let text = output(fail2ban.arg(at("portsentry.log")).arg(filter));
        let all = format!("Lines: {events} lines, 0 ignored, {events} matched, 0 missed");
        assert!(text.contains(&all), "{text}");

        let mut jq = Command::new("jq");
        let query = r#"select(.alert.action == "blocked") | .src_ip"#;
        let text = output(jq.args(["-r", query]).arg(at("eve.json")));
        assert!(
            text.lines().count() as u64 > events && text.lines().all(|it| it == FAR.to_string())
        );

        let mut tshark = Command::new("tshark");
        let fields = ["-T", "fields", "-e", "frame.comment", "-e", "tcp.dstport", "-r"];
        let text = output(tshark.args(fields).arg(at("knocks.pcapng")));
        assert_eq!(text.lines().count() as u64, events, "{text}");
        for line in text.lines() {
            let (comment, port) = line.split_once('\t').unwrap();
            assert!(
                comment.contains("dropped") && comment.contains(&format!("tcp/{port}")),
                "{line}"
            );
        }
        let mut tcpdump = Command::new("tcpdump");
        let text = output(tcpdump.args(["-nr"]).arg(at("knocks.pcapng")));
        assert_eq!(text.lines().filter(|line| line.contains("Flags [FPU]")).count() as u64, events);
        assert!(fs::metadata(at("knocks.pcapng")).unwrap().len() > 0);
    });
}
