//! Why a driver or the kernel refuses a program, and what to do about it: the errors of
//! `BPF_LINK_CREATE` say little, and one number has several causes.

use std::{error::Error, io};

use aya::programs::ProgramError;

use super::AttachError;
use crate::{
    host::interfaces::{self, Link, Merging, XdpMode},
    kernel::{errno, foreign},
};

/// Facts about an interface that refuses a program.
#[derive(Debug, Default)]
pub(super) struct Scene {
    /// The kind of the interface, as [`Link::kind`].
    kind: Option<String>,
    /// Offloads that merge packets.
    merging: Vec<Merging>,
    /// Members with an XDP program of their own, each with its program.
    busy_members: Vec<(String, String)>,
}

impl Scene {
    fn of(link: &Link, mode: XdpMode) -> Self {
        let merging = match mode {
            XdpMode::Native | XdpMode::Hardware => interfaces::merging(link),
            // It runs behind them.
            XdpMode::Generic => Vec::new(),
        };
        let all = interfaces::all().unwrap_or_default();
        let members = all.into_iter().filter(|it| it.master == Some(link.index));
        let busy_members = members
            .filter_map(|it| Some((it.name, foreign::describe(it.xdp.first()?.program))))
            .collect();
        Self { kind: link.kind.clone(), merging, busy_members }
    }
}

/// Reason why an interface refuses a program, and the error that says it.
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) source: Option<Box<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// A refusal that the error itself explains.
    pub(super) fn by(error: impl Error + Send + Sync + 'static) -> Self {
        Self { why: error.to_string(), source: Some(error.into()) }
    }

    /// A refusal that is explained by what is known of the interface.
    pub(super) fn explained(error: ProgramError, link: &Link, mode: XdpMode) -> Self {
        let why = match errno::number(&error) {
            Some(number) => explained(number, &link.name, &Scene::of(link, mode)),
            None => error.to_string(),
        };
        Self { why, source: Some(error.into()) }
    }

    pub(super) fn of(self, link: &Link, mode: XdpMode) -> AttachError {
        let Self { why, source } = self;
        AttachError::Refused { interface: link.name.clone(), mode, why, source }
    }
}

fn explained(number: i32, name: &str, scene: &Scene) -> String {
    let said = io::Error::from_raw_os_error(number);
    match number {
        libc::EOPNOTSUPP | libc::EINVAL | libc::EBUSY if !scene.busy_members.is_empty() => {
            let members = scene.busy_members.iter();
            let members: Vec<_> =
                members.map(|(name, program)| format!("{name} ({program})")).collect();
            format!(
                "members of {name} have an XDP program of their own: {}. Detach those, or watch \
                 the members in place of {name}",
                members.join("; ")
            )
        }
        libc::EOPNOTSUPP | libc::EINVAL if !scene.merging.is_empty() => {
            format!("{said}; {}", turn_off(name, &scene.merging))
        }
        libc::EOPNOTSUPP if scene.kind.as_deref() == Some("bond") => {
            "the bond's mode, or the driver of a member, has no XDP; `--xdp-mode auto` and \
             `generic` do without"
                .to_owned()
        }
        libc::EOPNOTSUPP => {
            "the driver has no XDP in this mode; `--xdp-mode auto` and `generic` do without"
                .to_owned()
        }
        libc::ENOSPC if scene.kind.as_deref() == Some("veth") => format!(
            "the other end of {name} has more transmit queues than {name} has receive queues: \
             `ethtool -L` on either end makes them equal, and `--xdp-mode auto` and `generic` do \
             without"
        ),
        libc::ENOSPC => format!(
            "{said}: the driver has too few queues left for XDP: `ethtool -l {name}` shows them, \
             `ethtool -L {name} combined N` uses fewer"
        ),
        libc::EMFILE | libc::ENFILE => {
            format!("{said}: raise the limit (`ulimit -n`, or LimitNOFILE= of the unit)")
        }
        libc::ERANGE | libc::EINVAL => {
            format!("{said}; check the MTU, LRO and the number of queues (`dmesg` may say more)")
        }
        _ => said.to_string(),
    }
}

/// How to turn offloads off that forbid XDP.
fn turn_off(name: &str, merging: &[Merging]) -> String {
    let list = |changeable: bool| -> Vec<&str> {
        merging.iter().filter(|it| it.changeable == changeable).map(|it| it.name).collect()
    };
    let (changeable, fixed) = (list(true), list(false));
    let all: Vec<_> = merging.iter().map(|it| it.name).collect();
    let all = all.join(" and ");
    if fixed.is_empty() {
        let options: Vec<_> = changeable.iter().map(|offload| format!("{offload} off")).collect();
        return format!(
            "{all} is on, which forbids XDP in many drivers: `ethtool -K {name} {}`",
            options.join(" ")
        );
    }
    format!(
        "{all} is on, which forbids XDP in many drivers, and `ethtool -K {name}` cannot change {}: \
         the hypervisor can (QEMU: guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off,\
         guest_csum=off), and `--xdp-mode auto` and `generic` do without",
        fixed.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merging(name: &'static str, changeable: bool) -> Scene {
        Scene { merging: vec![Merging { name, changeable }], ..Scene::default() }
    }

    #[test]
    fn an_offload_that_forbids_xdp_is_named_with_the_command_that_turns_it_off() {
        let said = explained(libc::EOPNOTSUPP, "eth0", &merging("rx-gro-hw", true));
        assert!(said.ends_with("`ethtool -K eth0 rx-gro-hw off`"), "{said}");
        let said = explained(libc::EINVAL, "eth0", &merging("lro", true));
        assert!(said.ends_with("`ethtool -K eth0 lro off`"), "{said}");
        let said = explained(libc::EOPNOTSUPP, "eth0", &merging("rx-gro-hw", false));
        assert!(said.contains("cannot change rx-gro-hw") && said.contains("guest_tso4"), "{said}");
    }

    #[test]
    fn without_such_an_offload_the_driver_has_no_xdp() {
        let said = explained(libc::EOPNOTSUPP, "eth0", &Scene::default());
        assert!(said.starts_with("the driver has no XDP in this mode"), "{said}");
    }

    #[test]
    fn a_bond_names_the_member_that_has_a_program_of_its_own() {
        let busy_members = vec![("eth1".to_owned(), "id 7, name theirs".to_owned())];
        let scene = Scene { kind: Some("bond".into()), busy_members, ..Scene::default() };
        let said = explained(libc::EOPNOTSUPP, "bond0", &scene);
        assert!(said.contains("eth1 (id 7, name theirs)") && said.contains("Detach"), "{said}");
        let scene = Scene { kind: Some("bond".into()), ..Scene::default() };
        assert!(explained(libc::EOPNOTSUPP, "bond0", &scene).starts_with("the bond's mode"));
    }

    #[test]
    fn too_many_open_files_are_no_refusal_of_the_driver() {
        let said = explained(libc::EMFILE, "eth0", &Scene::default());
        assert!(said.contains("LimitNOFILE"), "{said}");
    }
}
