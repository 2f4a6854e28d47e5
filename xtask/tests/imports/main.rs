//! Directions of the imports in all crates.

mod circles;
mod modules;
mod paths;

use std::{collections::BTreeSet, path::Path};

use self::modules::Crate;

fn sources(package: &str) -> Crate {
    read(&format!("{package}/src"))
}

fn read(folder: &str) -> Crate {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Crate::read(&root.join(folder))
}

#[test]
fn no_modules_of_port12_import_each_other_in_a_circle() {
    assert_eq!(circles::find(&sources("port12")), Vec::<String>::new());
}

/// Names of the command line: arguments, exit codes, and lines on standard error. Others report errors to their callers
/// and log.
const OF_THE_COMMAND_LINE: &[&str] = &["clap", "ExitCode", "eprint", "eprintln", "stderr"];

#[test]
fn only_the_command_line_knows_arguments_and_exit_codes_and_writes_to_standard_error() {
    let port12 = sources("port12");
    let mut of_cli = BTreeSet::new();
    for (module, source) in port12.sources() {
        let names = source.names.identifiers.iter().map(String::as_str);
        let found = names.filter(|name| OF_THE_COMMAND_LINE.contains(name));
        let found: BTreeSet<&str> = found.collect();
        match module.first().map(String::as_str) {
            Some("cli") => of_cli.extend(found),
            None if source.file.ends_with("main.rs") => of_cli.extend(found),
            _ => assert!(found.is_empty(), "{}: {found:?}", source.file.display()),
        }
    }
    assert!(of_cli.contains("clap"), "{of_cli:?}");
}

#[test]
fn text_imports_no_other_module() {
    let port12 = sources("port12");
    let of_text =
        port12.sources().filter(|(module, _)| module.first().is_some_and(|it| it == "text"));
    let mut files = 0;
    for (module, source) in of_text {
        files += 1;
        let elsewhere =
            port12.used(module, source).into_iter().find(|it| it.first() != module.first());
        assert_eq!(elsewhere, None, "{}", source.file.display());
    }
    assert!(files > 1);
}

#[test]
fn no_modules_of_xtask_import_each_other_in_a_circle() {
    assert_eq!(circles::find(&sources("xtask")), Vec::<String>::new());
}

#[test]
fn no_modules_of_the_kernel_programs_import_each_other_in_a_circle() {
    for folder in ["src", "src/bin/xdp", "src/bin/binds", "src/bin/egress"] {
        let modules = read(&format!("port12-ebpf/{folder}"));
        assert!(modules.sources().count() > 1, "{folder}");
        assert_eq!(circles::find(&modules), Vec::<String>::new(), "{folder}");
    }
}

#[test]
fn no_modules_of_port12_common_import_each_other_in_a_circle() {
    assert_eq!(circles::find(&sources("port12-common")), Vec::<String>::new());
}
