//! Who has some sockets that are known already.

use std::collections::{BTreeSet, HashSet};

use super::{Holder, Owner, Process, holders, holders::Held, patience, process, sight};
use crate::host::{
    interfaces,
    sockets::{self, OpenSocket},
};

/// So many processes of a socket are told, those with the lowest numbers.
const PROCESSES: usize = 4;

/// So much of a text that a process or its user chooses is kept, in characters: a command line, and the paths of a
/// program and a cgroup, can be as long as pages, and there may be thousands of sockets.
const KEPT: usize = 256;

/// A socket of the calling thread's network namespace, and who has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owned {
    /// The socket.
    pub open: OpenSocket,
    /// The interface that it is bound to.
    pub device: Option<String>,
    /// Who has it.
    pub owner: Owner,
    /// The processes that have it, those with the lowest numbers, and of what they say of themselves the
    /// beginning. Of one that has ended the number is known alone. Where it was not seen who has it, who bound
    /// it, if that was heard of.
    pub processes: Vec<Process>,
    /// Further processes.
    pub more_processes: usize,
}

impl Owned {
    /// A socket of which it was not seen who has it, but perhaps who bound it.
    pub fn unseen(binder: Option<Process>, open: OpenSocket) -> Self {
        let device = open.interface.map(device);
        let processes = binder.into_iter().collect();
        Self { open, device, owner: Owner::Unseen, processes, more_processes: 0 }
    }
}

/// The name of an interface, or what there is in its place.
fn device(index: u32) -> String {
    let link = interfaces::by_index(index);
    link.map_or_else(|_| format!("interface {index}"), |link| link.name)
}

/// Looks for the processes that have sockets which would take the start of a conversation. One that nobody
/// is seen to have, and that has gone meanwhile, is not taken for the kernel's own.
pub fn owners(open: Vec<OpenSocket>) -> Vec<Owned> {
    let wanted = open.iter().map(|socket| socket.inode).filter(|&inode| inode != 0).collect();
    let mut found = holders::find(&wanted);
    let left: HashSet<u32> = wanted.into_iter().filter(|&inode| !found.has(inode)).collect();
    let mut there = None;
    if !left.is_empty() {
        found.add_all(holders::find(&left));
        let open = sockets::scan().map(|open| open.sockets).unwrap_or_default();
        there = Some(open.into_iter().map(|socket| socket.cookie).collect::<HashSet<_>>());
    }
    let is_blind = sight::limits(&found, &mut Vec::new());
    let has_gone = |cookie: [u8; 8]| there.as_ref().is_some_and(|it| !it.contains(&cookie));
    let holders: BTreeSet<Holder> =
        open.iter().flat_map(|socket| told(found.of(socket.inode)).by).collect();
    let clock = process::Clock::read();
    let describe = move |holder| process::describe(holder, clock).map(shortened);
    let known = patience::ask(holders, describe).answers;
    let describe = |holder: &Holder| {
        let known = known.get(holder).cloned().flatten();
        known.unwrap_or_else(|| Process::stuck(*holder))
    };
    let own = |open: OpenSocket| {
        let held = told(found.of(open.inode));
        let owner = match held.by.is_empty() {
            false => Owner::Process,
            true if is_blind || has_gone(open.cookie) => Owner::Unseen,
            true => Owner::None,
        };
        Owned {
            device: open.interface.map(device),
            owner,
            processes: held.by.iter().map(describe).collect(),
            more_processes: held.more,
            open,
        }
    };
    open.into_iter().map(own).collect()
}

fn told(held: Held) -> Held {
    let Held { mut by, more } = held;
    let more = more + by.len().saturating_sub(PROCESSES);
    by.truncate(PROCESSES);
    Held { by, more }
}

fn shortened(process: Process) -> Process {
    let Process { command, mut command_cut, mut program, mut cgroup, .. } = process;
    let (mut kept, mut room) = (Vec::new(), KEPT);
    for mut word in command {
        if room == 0 {
            command_cut = true;
            break;
        }
        command_cut |= cut(&mut word, room);
        // The space behind it counts, too.
        room = room.saturating_sub(word.chars().count() + 1);
        kept.push(word);
    }
    if let Some(program) = &mut program {
        cut(&mut program.path, KEPT);
    }
    if let Some(cgroup) = &mut cgroup {
        cut(&mut cgroup.path, KEPT);
        [&mut cgroup.unit, &mut cgroup.container].into_iter().flatten().for_each(|it| {
            cut(it, KEPT);
        });
    }
    Process { command: kept, command_cut, program, cgroup, ..process }
}

/// Cuts a text to so many characters. Whether it was longer.
fn cut(text: &mut String, most: usize) -> bool {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return false;
    };
    text.truncate(end);
    text.shrink_to_fit();
    true
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Cgroup, OnDisk, Program, Through},
        *,
    };

    #[test]
    fn what_a_process_says_of_itself_is_kept_in_part() {
        let long = || "é".repeat(4096);
        let terse = Process {
            command: vec!["-v".into(); 4096],
            program: Some(Program { path: long(), on_disk: OnDisk::Intact }),
            cgroup: Some(Cgroup { path: long(), unit: Some(long()), container: Some(long()) }),
            ..Process::default()
        };
        let wordy = Process { command: vec![long(), long()], ..terse.clone() };
        for process in [terse, wordy].map(shortened) {
            let cgroup = process.cgroup.unwrap();
            let texts = [cgroup.path, cgroup.unit.unwrap(), process.command.join(" ")];
            assert!(texts.iter().all(|it| (255..=256).contains(&it.chars().count())));
            assert_eq!(process.program.unwrap().path.chars().count(), 256);
            assert!(process.command_cut && process.command.len() < 100);
        }
        let short = Process { command: ["nc", "-l"].map(Into::into).into(), ..Process::default() };
        assert_eq!(shortened(short.clone()), short);
    }

    #[test]
    fn more_processes_than_are_told_are_counted() {
        let holder = |pid| Holder { pid, through: Through::Descriptor };
        let held = told(Held { by: (1..=16).map(holder).collect(), more: 3 });
        assert_eq!((held.by.len(), held.more), (4, 15));
        assert_eq!(told(Held::default()), Held::default());
    }
}
