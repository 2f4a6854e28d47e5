//! Kernel modules and what they depend on. The packages ship no `modules.dep`: a module names its
//! dependencies itself, in its section `.modinfo`.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::step;

/// A module as `finit_module` takes it on every kernel: not compressed.
pub struct Module {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The modules and their dependencies, each after those that it depends on. A module without a
/// file is built into the kernel.
pub fn closure(folder: &Path, wanted: &[&str]) -> Result<Vec<Module>> {
    let mut files = HashMap::new();
    find(folder, &mut files)?;
    let mut modules = Vec::new();
    for name in wanted {
        add(name, &files, &mut modules)?;
    }
    if modules.is_empty() {
        bail!("no module of {} is under {}", wanted.join(", "), folder.display());
    }
    Ok(modules)
}

fn add(name: &str, files: &HashMap<String, PathBuf>, modules: &mut Vec<Module>) -> Result<()> {
    let Some(file) = files.get(name) else {
        return Ok(());
    };
    if modules.iter().any(|module| module.name == name) {
        return Ok(());
    }
    let bytes = read(file)?;
    for dependency in dependencies(&bytes) {
        add(&dependency, files, modules)?;
    }
    modules.push(Module { name: name.to_owned(), bytes });
    Ok(())
}

/// Every module under a folder, by name.
fn find(folder: &Path, files: &mut HashMap<String, PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("list {}", folder.display()))?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), files)?;
        } else if let Some((name, "ko" | "ko.xz")) =
            entry.file_name().to_string_lossy().split_once('.')
        {
            // File names may have dashes where the module's name has underscores.
            files.insert(name.replace('-', "_"), entry.path());
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    if file.extension().is_none_or(|extension| extension != "xz") {
        return fs::read(file).with_context(|| format!("read {}", file.display()));
    }
    let mut command = Command::new("xz");
    command.args(["--decompress", "--stdout"]).arg(file).stderr(Stdio::inherit());
    let shown = step::show(&command);
    let output = command
        .output()
        .with_context(|| format!("start `{shown}`: install xz (Debian's xz-utils)"))?;
    if !output.status.success() {
        bail!("`{shown}` failed: {}", output.status);
    }
    Ok(output.stdout)
}

/// What `.modinfo` lists: strings that end in NUL, one of them `depends=a,b`.
fn dependencies(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(start) = module.windows(KEY.len()).position(|window| window == KEY) else {
        return Vec::new();
    };
    let value = module[start + KEY.len()..].split(|&byte| byte == 0).next().unwrap_or_default();
    let names = String::from_utf8_lossy(value);
    names.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_modinfo() {
        let module = b"ELF\0license=GPL\0depends=virtio,net-failover\0intree=Y\0";
        assert_eq!(dependencies(module), ["virtio", "net_failover"]);
        assert!(dependencies(b"license=GPL\0depends=\0").is_empty());
        assert!(dependencies(b"ELF").is_empty());
    }

    #[test]
    fn a_module_follows_what_it_depends_on() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("net"))?;
        for (file, depends) in [("a.ko", "c-d,b"), ("net/b.ko", "c_d,built_in"), ("c-d.ko", "")] {
            fs::write(folder.path().join(file), format!("\0depends={depends}\0"))?;
        }
        let modules = closure(folder.path(), &["a", "b"])?;
        let names: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["c_d", "b", "a"]);
        Ok(())
    }

    #[test]
    fn a_kernel_without_any_wanted_module_is_an_error() -> Result<()> {
        let folder = tempfile::tempdir()?;
        assert!(closure(folder.path(), &["veth"]).is_err());
        Ok(())
    }
}
