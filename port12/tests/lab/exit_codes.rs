//! Each way to fail has its exit code, one line, and leaves nothing behind.

use std::process::Output;

use crate::support::{
    Namespace, Pair, Port12,
    build::{refused_build, unreadable_build},
    foreign::{attach, program},
    lab,
    seccomp::without_links,
    until,
};

/// The one line that a failed run leaves, which never begins to report.
fn complaint(output: &Output, code: i32) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty());
    assert!(said.starts_with("port12: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

fn fails(namespace: &Namespace, args: &str, code: i32, why: &[&str]) {
    let said = complaint(&Port12::run(namespace, args), code);
    for phrase in why {
        assert!(said.contains(phrase), "{phrase:?} is not in {said}");
    }
}

#[test]
fn an_unknown_interface_is_named() {
    lab(|| {
        let near = Namespace::new();
        fails(&near, "-i nosuch0", 6, &["there is no interface nosuch0", "`ip link`"]);
    });
}

#[test]
fn an_interface_that_is_unknown_leaves_nothing_on_the_known_one() {
    lab(|| {
        let near = Namespace::new();
        fails(&near, "-i lo -i nosuch0", 6, &["nosuch0"]);
        until("detachment", || program(&near, "lo").is_none().then_some(()));
    });
}

#[test]
fn a_bad_flag_is_a_matter_of_usage() {
    lab(|| {
        let near = Namespace::new();
        for args in ["--frobnicate", "-i lo --mode block", "-i lo --interval 1ms", "lo", "-i"] {
            fails(&near, args, 2, &["`--help` tells what is accepted"]);
        }
    });
}

#[test]
fn a_bad_registry_file_is_named() {
    lab(|| {
        let near = Namespace::new();
        fails(&near, "-i lo --registry /nonexistent.csv", 3, &["/nonexistent.csv"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "this,is,not\nthe,registry,\n").unwrap();
        let path = file.path().to_str().unwrap();
        fails(&near, &format!("-i lo --registry {path}"), 3, &[path]);
        assert_eq!(program(&near, "lo"), None);
    });
}

#[test]
fn a_foreign_program_is_named_and_stays() {
    lab(|| {
        let pair = Pair::new();
        let id = attach(&pair.near, "w0");
        for mode in ["auto", "native", "generic"] {
            let args = format!("-i w0 --xdp-mode {mode}");
            fails(&pair.near, &args, 7, &["w0 already has an XDP program", &format!("id {id}")]);
            assert_eq!(program(&pair.near, "w0"), Some(id));
        }
    });
}

#[test]
fn what_the_refusal_advises_takes_the_foreign_program_off() {
    lab(|| {
        let pair = Pair::new();
        // One is in the driver, the other in the stack.
        for interface in ["w0", "lo"] {
            attach(&pair.near, interface);
            let args = format!("-i {interface} --duration 200ms");
            let said = complaint(&Port12::run(&pair.near, &args), 7);
            let advice = said.split('`').find(|part| part.starts_with("ip link set")).unwrap();
            pair.near.sh(advice);
            assert!(Port12::run(&pair.near, &args).status.success(), "{advice}");
        }
    });
}

/// As on a kernel without them: the library attaches by netlink then, and nothing could hold such
/// an attachment, or take it off at the end.
#[test]
fn an_attachment_without_a_link_is_refused_and_taken_back() {
    lab(|| {
        let pair = Pair::new();
        for mode in ["native", "generic", "auto"] {
            let mut command = Port12::command(&pair.near, &format!("-i w0 --xdp-mode {mode}"));
            let said = complaint(&without_links(&mut command).output().unwrap(), 6);
            assert!(said.contains("the kernel makes no bpf_link for it"), "{said}");
            assert_eq!(program(&pair.near, "w0"), None);
        }
    });
}

#[test]
fn what_the_kernel_does_not_take_is_told_and_leaves_nothing() {
    lab(|| {
        let near = Namespace::new();
        for (build, why) in [
            (unreadable_build(), "the kernel refuses the program"),
            (refused_build(), "R9 !read_ok"),
        ] {
            let mut command = Port12::command(&near, "-i lo");
            let said = complaint(&command.env("PORT12_OBJECT", build.path()).output().unwrap(), 5);
            assert!(said.contains(why), "{said}");
            assert_eq!(program(&near, "lo"), None);
        }
    });
}

#[test]
fn a_foreign_program_on_the_second_interface_leaves_nothing_on_the_first() {
    lab(|| {
        let pair = Pair::new();
        let id = attach(&pair.near, "w0");
        fails(&pair.near, "-i lo -i w0", 7, &["w0"]);
        assert_eq!(program(&pair.near, "w0"), Some(id));
        until("detachment", || program(&pair.near, "lo").is_none().then_some(()));
    });
}

#[test]
fn a_second_port12_on_the_same_interface_is_refused_and_the_first_goes_on() {
    lab(|| {
        let pair = Pair::new();
        let mut first = Port12::start(&pair.near, "-i w0");
        let id = program(&pair.near, "w0");
        // The first owns the other one.
        let state = tempfile::tempdir().unwrap();
        let args = format!("-i w0 --state-dir {}", state.path().display());
        fails(&pair.near, &args, 7, &["w0 already has an XDP program", "name port12_frags"]);
        assert_eq!(program(&pair.near, "w0"), id);
        first.report();
        first.stop();
    });
}
