//! `cargo xtask test`: every test, and in the end what ran and what did not.

mod cargo;
mod miri;
mod summary;

use anyhow::{Result, anyhow, bail};
use clap::Args;

use self::summary::Summary;
use crate::{privilege, setup, vm_test, workspace};

#[derive(Args)]
pub struct Options {
    /// Leave out the tests that take root
    #[arg(long)]
    no_root: bool,
    /// Fail where the kernel matrix cannot run
    #[arg(long)]
    require_vm: bool,
}

impl Options {
    /// Every test.
    pub const ALL: Self = Self { no_root: false, require_vm: false };

    /// Every test, and the kernel matrix.
    pub const WHOLE: Self = Self { no_root: false, require_vm: true };
}

/// The rights that the tests get.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rights {
    /// Root's: this process's own, or through sudo or doas.
    Root,
    /// Those of an ordinary user.
    User,
}

pub fn run(options: &Options) -> Result<()> {
    let root = workspace::root()?;
    let rights = rights(options);
    let mut summary = Summary::default();
    if rights == Rights::Root {
        setup::tools()?;
    }
    summary.add("cargo test", cargo::run(&root, rights));
    match miri::find() {
        Ok(miri) => summary.add("Miri on port12-common", miri.run(&root)),
        Err(why) => summary.skip("Miri on port12-common", &why),
    }
    match vm_test::obstacle() {
        None => {
            summary.add("the kernel matrix in QEMU", vm_test::run(&vm_test::Options::default()));
        }
        Some(why) if options.require_vm => {
            summary.add("the kernel matrix in QEMU", Err(anyhow!(why)));
        }
        Some(why) => summary.skip("the kernel matrix in QEMU", why),
    }
    if rights == Rights::User {
        summary.skip("the tests that take root: the kernel's and the lab's", reason(options));
    }
    print!("{summary}");
    if summary.failed() {
        bail!("the tests failed");
    }
    if rights == Rights::User && !options.no_root {
        bail!("not every test ran: run this as root, or leave those out with --no-root");
    }
    Ok(())
}

fn rights(options: &Options) -> Rights {
    let can = privilege::is_root() || privilege::elevator().is_some();
    if can && !options.no_root { Rights::Root } else { Rights::User }
}

fn reason(options: &Options) -> &'static str {
    if options.no_root {
        return "--no-root";
    }
    "this is not root, and neither sudo nor doas is installed"
}
