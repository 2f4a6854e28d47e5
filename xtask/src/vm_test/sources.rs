//! Debian's packages of other suites than the machine's: by package sources of our own, which are
//! the machine's with only the suites changed. The machine's own lists are left alone.

mod deb822;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{apt_lock, privilege, step};

/// Package lists in a folder of their own.
pub struct Sources {
    folder: PathBuf,
    codename: String,
}

impl Sources {
    /// Reads the machine's sources and fetches the lists of the suites that have kernels.
    pub fn update(folder: &Path) -> Result<Self> {
        let folder = folder.join("apt");
        let machine = deb822::Machine::read()?;
        let parts = folder.join("parts");
        for folder in [&parts, &folder.join("lists/partial"), &folder.join("archives/partial")] {
            fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        }
        let file = parts.join("vm.sources");
        fs::write(&file, machine.other_suites()?)
            .with_context(|| format!("write {}", file.display()))?;
        let sources = Self { folder, codename: machine.codename };
        let mut update = Command::new("apt-get");
        update.env("LC_ALL", "C").args(sources.options()).args(["--quiet", "update"]);
        apt_lock::run(&mut update)?;
        Ok(sources)
    }

    /// Installs packages from the backports of the machine's own release.
    pub fn install_from_backports(&self, packages: &[&str]) -> Result<()> {
        let mut command = privilege::as_root("env")
            .context("installing packages takes root, and neither sudo nor doas is installed")?;
        command.args(["LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]);
        command.args(self.options());
        command.args([
            "install",
            "--yes",
            "--no-remove",
            "--no-upgrade",
            "--no-install-recommends",
        ]);
        command.args(packages.iter().map(|name| format!("{name}/{}-backports", self.codename)));
        apt_lock::run(&mut command)
    }

    /// The names of all packages that begin with `prefix`.
    pub fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let mut command = Command::new("apt-cache");
        let names = step::output(command.args(self.options()).args(["pkgnames", prefix]))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Downloads packages into a folder.
    pub fn download(&self, packages: &[String], into: &Path) -> Result<()> {
        let mut command = Command::new("apt-get");
        command.env("LC_ALL", "C").args(self.options());
        command.args(["--quiet", "download"]).args(packages);
        apt_lock::run(command.current_dir(into))
    }

    fn options(&self) -> Vec<String> {
        let folder = self.folder.display();
        let options = [
            "Dir::Etc::SourceList=/dev/null".to_owned(),
            format!("Dir::Etc::SourceParts={folder}/parts"),
            format!("Dir::State::Lists={folder}/lists"),
            format!("Dir::Cache={folder}"),
            // The folder may be closed to the user that apt would download as.
            "APT::Sandbox::User=root".to_owned(),
        ];
        options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect()
    }
}
