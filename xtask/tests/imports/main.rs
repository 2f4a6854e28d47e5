//! Directions of the imports in the crates `port12` and `xtask`.

mod circles;
mod modules;
mod paths;

use std::path::Path;

use self::modules::Crate;

fn sources(package: &str) -> Crate {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Crate::read(&root.join(package).join("src"))
}

#[test]
fn no_modules_of_port12_import_each_other_in_a_circle() {
    assert_eq!(circles::find(&sources("port12")), Vec::<String>::new());
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
