//! `port12 run` under a policy file.

use std::{io::Write, net::TcpListener};

use crate::support::{
    Namespace, Pair, Port12,
    addresses::{BOTH, FAR},
    foreign::program,
    frame::{syn, udp},
    lab, until,
};

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn with(file: &tempfile::NamedTempFile, args: &str) -> String {
    format!("--config {} {args}", file.path().display())
}

#[test]
fn each_port_is_treated_by_its_rule() {
    lab(|| {
        let pair = Pair::new();
        let policy = file(
            "interfaces = [\"w*\"]\nmode = \"drop\"\nextra = [\"80/tcp\"]\n\
             [[port]]\nports = \"14-16\"\naction = \"watch\"\n\
             [[port]]\nports = \"15/tcp\"\naction = \"ignore\"\n",
        );
        let mut port12 = Port12::start(&pair.near, &with(&policy, ""));
        let cable = pair.far_raw();
        for port in [12, 14, 15, 80, 22] {
            cable.send(&syn(BOTH[0], port));
        }
        cable.send(&udp(BOTH[0], 15, b"?"));
        let report = port12.wait_for("the knocks", |report| report.outcome("assigned") > 0);
        let outcomes = ["dropped", "probe", "ignored"].map(|outcome| report.outcome(outcome));
        assert_eq!(outcomes, [2, 2, 1], "{}", report.0);
    });
}

#[test]
fn a_source_on_the_allowlist_is_never_dropped() {
    lab(|| {
        let pair = Pair::new();
        let policy = file(&format!("mode = \"drop\"\nallow = [\"{FAR}\"]\n"));
        let mut port12 = Port12::start(&pair.near, &with(&policy, "-i w0"));
        let cable = pair.far_raw();
        BOTH.iter().for_each(|addresses| cable.send(&syn(*addresses, 12)));
        let report = port12.wait_for("the drop", |report| report.outcome("dropped") == 1);
        assert_eq!(report.outcome("allowed"), 1, "{}", report.0);
    });
}

#[test]
fn only_a_port_that_is_enforced_is_dropped_from_its_socket() {
    lab(|| {
        let pair = Pair::new();
        let policy = file(
            "mode = \"drop\"\n[[port]]\nports = \"81/tcp\"\naction = \"drop\"\nenforce = true\n",
        );
        let _listeners =
            pair.near.enter(|| [81, 100].map(|port| TcpListener::bind(("0.0.0.0", port)).unwrap()));
        let mut port12 = Port12::start(&pair.near, &with(&policy, "-i w0"));
        let cable = pair.far_raw();
        [81, 100].into_iter().for_each(|port| cable.send(&syn(BOTH[0], port)));
        let report = port12.wait_for("both", |report| report.outcome("local_socket") == 1);
        assert_eq!(report.outcome("dropped"), 1, "{}", report.0);
    });
}

#[test]
fn an_excluded_interface_is_left_alone() {
    lab(|| {
        let pair = Pair::new();
        let policy = file("interfaces = [\"*\"]\nexclude = [\"lo\"]\n");
        let mut port12 = Port12::start(&pair.near, &with(&policy, ""));
        let report = port12.report();
        assert_eq!(report.0["interfaces"].as_array().unwrap().len(), 1);
        assert_eq!(report.0["interfaces"][0]["interface"], "w0");
    });
}

#[test]
fn a_flag_goes_before_the_file() {
    lab(|| {
        let pair = Pair::new();
        let policy = file("interfaces = [\"lo\"]\nmode = \"drop\"\n");
        let mut port12 = Port12::start(&pair.near, &with(&policy, "-i w0 --mode monitor"));
        let report = port12.report();
        assert!(!report.drops());
        assert_eq!(report.interface("w0")["mode"]["effective"], "monitor");
    });
}

#[test]
fn a_bad_policy_is_refused_before_anything_is_attached() {
    lab(|| {
        let near = Namespace::new();
        let policy = file("interfaces = [\"lo\"]\nmode = \"block\"\n");
        for (args, code, phrase) in [
            (with(&policy, ""), 3, "line 2: mode: \"block\" is not accepted"),
            ("--config /nonexistent.toml".to_owned(), 3, "policy file /nonexistent.toml"),
            ("-i lo --exclude lo".to_owned(), 6, "no interface of this network namespace"),
            ("--exclude lo".to_owned(), 3, "`exclude` (--exclude) has it"),
        ] {
            let output = Port12::run(&near, &args);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{said}");
            assert!(said.contains(phrase) && said.lines().count() == 1, "{said}");
        }
        until("detachment", || program(&near, "lo").is_none().then_some(()));
    });
}
