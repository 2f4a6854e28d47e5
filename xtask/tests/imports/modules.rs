//! Modules of a crate and the modules that each of them imports from.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::paths::{self, Names};

/// A crate's sources, by the paths of their modules. The root has an empty path.
pub struct Crate {
    modules: BTreeMap<paths::Path, Vec<Source>>,
}

/// A source file.
pub struct Source {
    /// Path below `src`.
    pub file: PathBuf,
    /// Names in the file.
    pub names: Names,
}

impl Crate {
    /// Reads all sources below a folder.
    pub fn read(folder: &Path) -> Self {
        let mut modules = BTreeMap::<_, Vec<_>>::new();
        let mut pending = vec![PathBuf::new()];
        while let Some(path) = pending.pop() {
            for entry in fs::read_dir(folder.join(&path)).unwrap() {
                let file = path.join(entry.unwrap().file_name());
                if folder.join(&file).is_dir() {
                    pending.push(file);
                } else if let Some(module) = module(&file) {
                    let names = Names::of(&fs::read_to_string(folder.join(&file)).unwrap());
                    modules.entry(module).or_default().push(Source { file, names });
                }
            }
        }
        Self { modules }
    }

    /// All modules and their sources, except tests.
    pub fn sources(&self) -> impl Iterator<Item = (&paths::Path, &Source)> {
        self.modules
            .iter()
            .filter(|(module, _)| !module.iter().any(|name| name == "tests"))
            .flat_map(|(module, sources)| sources.iter().map(move |source| (module, source)))
    }

    /// Modules that a source of a module uses: those that it names, and those that define what others pass on.
    pub fn used(&self, module: &paths::Path, source: &Source) -> Vec<paths::Path> {
        let imported = source.names.imported.iter().map(|(_, path)| path);
        let mut used = Vec::new();
        for path in imported.chain(&source.names.mentioned) {
            self.resolve(module, path, 0, &mut used);
        }
        used
    }

    /// Follows a path that stands in a module.
    fn resolve(&self, from: &[String], path: &[String], depth: usize, used: &mut Vec<paths::Path>) {
        let mut module = from.to_vec();
        let mut rest = path.iter().peekable();
        match rest.peek().map(|first| first.as_str()) {
            Some("crate") => {
                module.clear();
                rest.next();
            }
            Some("self") => _ = rest.next(),
            Some("super") => {
                while rest.next_if(|segment| *segment == "super").is_some() {
                    module.pop();
                }
            }
            Some(first) if self.has(&module, first) => {}
            Some(_) | None => return,
        }
        while let Some(name) = rest.next_if(|name| self.has(&module, name)) {
            module.push(name.clone());
        }
        used.push(module.clone());
        if let Some(name) = rest.next()
            && depth < 8
        {
            for path in self.passed_on(&module, name) {
                self.resolve(&module, path, depth + 1, used);
            }
        }
    }

    fn has(&self, module: &[String], child: &str) -> bool {
        self.modules.contains_key(&[module, &[child.to_owned()]].concat())
    }

    /// Paths by which a module has a name from elsewhere.
    fn passed_on(&self, module: &[String], name: &str) -> impl Iterator<Item = &paths::Path> {
        let sources = self.modules.get(module).into_iter().flatten();
        let imported = sources.flat_map(|source| &source.names.imported);
        imported.filter(move |(imported, _)| imported == name).map(|(_, path)| path)
    }
}

/// Module of a source file.
fn module(file: &Path) -> Option<paths::Path> {
    (file.extension()? == "rs").then_some(())?;
    let path = file.with_extension("");
    let segments = path.iter().map(|segment| segment.to_string_lossy().into_owned());
    let segments: Vec<_> = segments.collect();
    Some(if segments == ["lib"] || segments == ["main"] { Vec::new() } else { segments })
}
