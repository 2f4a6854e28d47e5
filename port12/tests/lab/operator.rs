//! What a careless operator does.

use std::{fs::File, process::Stdio};

use crate::support::{Namespace, Port12, foreign::program, lab, until};

#[test]
fn an_odd_interface_name_is_shown_as_it_was_given_on_one_line() {
    lab(|| {
        let near = Namespace::new();
        for (name, shown) in [
            ("a b", "\"a b\""),
            ("a\nb", "\"a\\nb\""),
            ("lo ", "\"lo \""),
            ("../lo", "../lo"),
            (&"x".repeat(300), &"x".repeat(300)),
        ] {
            let output = Port12::command(&near, "").args(["-i", name]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(6), "{said}");
            assert!(said.contains(&format!("no interface {shown} in")), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    });
}

#[test]
fn an_interface_without_a_name_is_a_matter_of_usage() {
    lab(|| {
        let near = Namespace::new();
        let output = Port12::command(&near, "").args(["-i", ""]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let output = Port12::command(&near, "").env("PORT12_INTERFACE", "").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    });
}

#[test]
fn a_full_disk_ends_the_run_and_says_so() {
    lab(|| {
        let near = Namespace::new();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = Port12::command(&near, "-i lo").stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot write the report: No space left on device"), "{said}");
        until("detachment", || program(&near, "lo").is_none().then_some(()));
    });
}

#[test]
fn nobody_need_listen_on_standard_error() {
    lab(|| {
        let near = Namespace::new();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = Port12::command(&near, "-i lo --duration 300ms");
        let output = command.stdout(Stdio::piped()).stderr(full).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stdout.is_empty());
    });
}

#[test]
fn closed_standard_streams_disturb_nothing() {
    lab(|| {
        let near = Namespace::new();
        let program = env!("CARGO_BIN_EXE_port12");
        near.sh(&format!("{program} run -i lo --duration 300ms <&- >&- 2>&-"));
    });
}

#[test]
fn the_table_is_appended_where_standard_output_is_no_terminal() {
    lab(|| {
        let near = Namespace::new();
        let output = Port12::run(&near, "-i lo --interval 100ms --duration 350ms");
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        assert!(!table.contains('\x1b'), "{table}");
        assert!(table.contains("no unassigned port was hit"), "{table}");
        assert!(table.contains("totals"), "{table}");
    });
}
