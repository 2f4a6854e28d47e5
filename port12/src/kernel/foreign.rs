//! Facts about a program that another process attached.

use std::{fs, path::Path};

use aya::programs::{ProgramInfo, loaded_programs};

use crate::text::escape::quoted;

/// A program's id, and as far as the capabilities allow its name, who loaded it, and a process that
/// has it open; and what they do not allow.
pub fn describe(id: u32) -> String {
    let Some(info) = info(id) else {
        return format!("id {id} (to read its name and owner takes CAP_SYS_ADMIN)");
    };
    let name = info.name_as_str().filter(|name| !name.is_empty()).unwrap_or("none");
    let loader = info.created_by_uid().map_or_else(String::new, |user| format!(", of user {user}"));
    let port12 = if name.starts_with("port12") { ": another port12 is watching" } else { "" };
    format!("id {id}, name {}{loader}, {}{port12}", quoted(name), holder(id))
}

/// The name of a program, where this process may read it: that takes CAP_SYS_ADMIN.
pub fn name(id: u32) -> Option<String> {
    Some(info(id)?.name_as_str()?.to_owned())
}

/// A listing ends early when a program goes away under it, so it is tried again.
pub(super) fn info(id: u32) -> Option<ProgramInfo> {
    let find = || loaded_programs().filter_map(Result::ok).find(|info| info.id() == id);
    (0..5).find_map(|_| find())
}

/// A process that has the program, or a link of it, open.
fn holder(id: u32) -> String {
    let mut unseen = false;
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(number) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        match holds(&process.path(), id) {
            Some(true) => {
                let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                return format!("held by process {number} ({})", quoted(name.trim()));
            }
            Some(false) => {}
            None => unseen = true,
        }
    }
    match unseen {
        true => "its process not found (to look into all takes CAP_SYS_PTRACE)".to_owned(),
        false => "held by no process".to_owned(),
    }
}

/// `None` where that cannot be seen.
fn holds(process: &Path, id: u32) -> Option<bool> {
    let line = format!("prog_id:\t{id}");
    let descriptors = match fs::read_dir(process.join("fdinfo")) {
        // It has ended meanwhile.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(false),
        descriptors => descriptors.ok()?,
    };
    let texts = descriptors.flatten().filter_map(|it| fs::read_to_string(it.path()).ok());
    Some(texts.into_iter().any(|text| text.lines().any(|it| it == line)))
}
