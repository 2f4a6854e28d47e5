//! Bounds for processes that are kept for long: their number, and their texts.

use super::{Process, holders::Held};
use crate::text::shorten::cut;

/// So many processes of a socket are told, those with the lowest numbers.
const PROCESSES: usize = 4;

/// So much of a text that a process or its user chooses is kept, in characters: a command line, and the paths of a
/// program and a cgroup, can be as long as pages, and there may be thousands of sockets.
const KEPT: usize = 256;

/// The holders of a socket that are told.
pub(super) fn told(held: Held) -> Held {
    let Held { mut by, more } = held;
    let more = more + by.len().saturating_sub(PROCESSES);
    by.truncate(PROCESSES);
    Held { by, more }
}

/// The beginning of what a process says of itself.
pub(super) fn shortened(process: Process) -> Process {
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

#[cfg(test)]
mod tests {
    use super::{
        super::{Cgroup, Holder, OnDisk, Program, Through},
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
