//! Debian's kernels for cloud machines: fetched, unpacked, and kept.

mod package;
mod series;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

pub use self::series::Series;
use super::sources::Sources;
use crate::step;

/// An unpacked kernel.
pub struct Kernel {
    /// What it was asked for as.
    pub series: Series,
    /// `uname -r`.
    pub release: String,
    /// The image to boot.
    pub image: PathBuf,
    /// The folder of its modules.
    pub modules: PathBuf,
}

/// The kernels of some series. Those that `folder` has are taken from there, unless `update` asks
/// for newer ones.
pub fn get(wanted: &[Series], folder: &Path, update: bool) -> Result<Vec<Kernel>> {
    let mut sources = None;
    let mut kernels = Vec::new();
    for &series in wanted {
        let unpacked = folder.join("kernels").join(series.to_string());
        if update || !unpacked.exists() {
            if sources.is_none() {
                sources = Some(Sources::update(folder)?);
            }
            if let Some(sources) = &sources {
                fetch(series, sources, &unpacked)
                    .with_context(|| format!("cannot get Debian's kernel {series}"))?;
            }
        }
        kernels.push(open(series, &unpacked)?);
    }
    Ok(kernels)
}

/// Downloads and unpacks a series' newest kernel; the folder is there when it is complete.
fn fetch(series: Series, sources: &Sources, unpacked: &Path) -> Result<()> {
    let names = sources.names("linux-")?;
    let packages =
        package::newest(series, &names).context("no suite has a linux-image of that series")?;
    let partial = unpacked.with_file_name(format!("{series}.partial"));
    clear(&partial)?;
    fs::create_dir_all(&partial).with_context(|| format!("create {}", partial.display()))?;
    sources.download(&packages, &partial)?;
    for file in files(&partial)? {
        if file.extension().is_some_and(|extension| extension == "deb") {
            step::run(Command::new("dpkg-deb").arg("--extract").arg(&file).arg(&partial))?;
            fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        }
    }
    clear(unpacked)?;
    fs::rename(&partial, unpacked).with_context(|| format!("create {}", unpacked.display()))
}

/// Finds the parts of an unpacked kernel; where they are differs between Debian's releases.
fn open(series: Series, unpacked: &Path) -> Result<Kernel> {
    let folders = ["lib/modules", "usr/lib/modules"].map(|folder| unpacked.join(folder));
    let folder = folders.iter().find(|folder| folder.exists());
    let modules =
        folder.map(PathBuf::as_path).map(files).transpose()?.and_then(|mut all| all.pop());
    let modules = modules.with_context(|| broken(unpacked, "modules"))?;
    let release = modules.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let images = [unpacked.join(format!("boot/vmlinuz-{release}")), modules.join("vmlinuz")];
    let image = images.into_iter().find(|image| image.exists());
    let image = image.with_context(|| broken(unpacked, "a vmlinuz"))?;
    Ok(Kernel { series, release, image, modules })
}

fn broken(unpacked: &Path, what: &str) -> String {
    format!("{} has no {what}: remove it, and it is fetched again", unpacked.display())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let entries = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>();
    entries.with_context(|| format!("list {}", folder.display()))
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.with_context(|| format!("remove {}", folder.display())),
    }
}
