//! Cgroups, and what their paths tell of units and containers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::DirEntryExt as _,
    path::Path,
};

use procfs::{ProcessCGroup, process::Process};

use super::Cgroup;
use crate::host::cgroups::{ROOT, hierarchy};

/// So many directories are looked at for the ids of cgroups, at most.
const MOST: usize = 100_000;

impl Cgroup {
    /// Facts in a path.
    pub(super) fn new(path: String) -> Self {
        let names = || path.rsplit('/').filter(|name| !name.is_empty());
        let is_unit = |name: &&str| name.ends_with(".service") || name.ends_with(".scope");
        let unit = names().find(is_unit).map(ToOwned::to_owned);
        let container = names().find_map(container).or_else(|| below_lxc(&path));
        Self { path, unit, container }
    }

    /// A process's: in the unified hierarchy, unless it is in the root of that and elsewhere in an
    /// older one.
    pub(super) fn of_process(process: &Process) -> Option<Self> {
        let groups = process.cgroups().ok()?.0;
        let rank = |group: &&ProcessCGroup| {
            let is_root = group.pathname == "/";
            let is_systemd = group.controllers.iter().any(|name| name == "name=systemd");
            (is_root, group.hierarchy != 0, !is_systemd)
        };
        groups.iter().min_by_key(rank).map(|group| Self::new(group.pathname.clone()))
    }
}

/// The container that a directory is named after: `docker-ID.scope`, `crio-ID`, `libpod-ID.scope`,
/// `cri-containerd-ID.scope`, `SLICE:cri-containerd:ID` or `ID`, where an id has 64 digits;
/// `machine-NAME.scope`, `lxc.payload.NAME`.
fn container(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".scope").unwrap_or(name);
    let last = stem.rsplit(['-', ':']).next().unwrap_or(stem);
    let is_id = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id(last) {
        return Some(last.to_owned());
    }
    let machine = stem.strip_prefix("machine-").filter(|_| name != stem);
    machine.or_else(|| stem.strip_prefix("lxc.payload.")).map(ToOwned::to_owned)
}

/// `/lxc/NAME`, as older versions have it.
fn below_lxc(path: &str) -> Option<String> {
    let name = path.strip_prefix("/lxc/")?.split('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The cgroups of ids. An id is the inode of the cgroup's directory in the unified hierarchy.
pub(super) fn resolve(ids: &BTreeSet<u64>) -> BTreeMap<u64, Cgroup> {
    let mut found = BTreeMap::new();
    if ids.contains(&ROOT) {
        found.insert(ROOT, Cgroup::new("/".to_owned()));
    }
    let Some(root) = (found.len() < ids.len()).then(hierarchy).flatten() else {
        return found;
    };
    let mut waiting = vec![root.clone()];
    let mut looked = 0;
    while let Some(directory) = waiting.pop() {
        looked += 1;
        if found.len() == ids.len() || looked > MOST {
            break;
        }
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let path = entry.path();
            if ids.contains(&entry.ino()) {
                found.insert(entry.ino(), Cgroup::new(below(&root, &path)));
            }
            waiting.push(path);
        }
    }
    found
}

fn below(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    format!("/{}", path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_containers_are_read_from_paths() {
        let id = "0123456789abcdef".repeat(4);
        for (path, unit, container) in [
            ("/", None, None),
            ("/system.slice/ssh.service", Some("ssh.service"), None),
            (
                "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
                Some("x.service"),
                None,
            ),
            ("/user.slice/user-0.slice/session-3.scope", Some("session-3.scope"), None),
            ("/init.scope", Some("init.scope"), None),
            ("/docker/ID", None, Some("ID")),
            ("/system.slice/docker-ID.scope", Some("docker-ID.scope"), Some("ID")),
            ("/machine.slice/libpod-ID.scope/container", Some("libpod-ID.scope"), Some("ID")),
            (
                "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope",
                Some("cri-containerd-ID.scope"),
                Some("ID"),
            ),
            (
                "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:ID",
                Some("containerd.service"),
                Some("ID"),
            ),
            ("/kubepods/besteffort/pod1/ID/sub", None, Some("ID")),
            ("/machine.slice/machine-web.scope/payload", Some("machine-web.scope"), Some("web")),
            ("/lxc.payload.web/system.slice/nginx.service", Some("nginx.service"), Some("web")),
            ("/lxc/web", None, Some("web")),
            ("/machine-x.slice/docker-123.scope", Some("docker-123.scope"), None),
        ] {
            let with_id = |text: &str| text.replace("ID", &id);
            let cgroup = Cgroup::new(with_id(path));
            assert_eq!(cgroup.unit, unit.map(with_id), "{path}");
            assert_eq!(cgroup.container, container.map(with_id), "{path}");
        }
    }

    #[test]
    fn an_id_that_is_nobody_s_is_not_found() {
        assert!(resolve(&BTreeSet::new()).is_empty());
        assert!(resolve(&BTreeSet::from([u64::MAX])).is_empty());
    }
}
