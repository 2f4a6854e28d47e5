//! The surroundings that one of root's commands gets from the user who starts it with sudo.

use std::fs::{self, File};

use crate::support::{Victim, attacker::is_clear, foreign::program, lab};

/// Succeeds if a path is trusted for who runs the command: sudo may keep these variables.
#[test]
fn paths_in_the_environment_of_roots_command_are_not_used() {
    lab(|| {
        let victim = Victim::new();
        let home = |name| victim.attacker.home(name);
        victim.attacker.act(|| {
            fs::create_dir(home("pins")).unwrap();
            fs::write(home("policy"), "mode = \"monitor\"\n").unwrap();
            fs::write(home("registry"), "").unwrap();
            fs::write(home("eve.json"), "").unwrap();
        });
        let eve = format!("eve:{}", home("eve.json").display());
        for (variable, value) in [
            ("PORT12_CONFIG", home("policy").display().to_string()),
            ("PORT12_REGISTRY", home("registry").display().to_string()),
            ("PORT12_SINK", eve),
        ] {
            let mut command = victim.bpffs.command(victim.near(), "run -i w0 --duration 100ms");
            let output = command.env(variable, &value).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{variable}: {said}");
            is_clear(&said, &home(""), "belongs to user id");
        }
        victim.is_untouched();
        assert_eq!(fs::read(home("eve.json")).unwrap(), b"");
    });
}

/// Succeeds if what is made relies on the umask: sudo keeps that of the user.
#[test]
fn a_umask_of_the_users_opens_nothing_that_root_makes() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("eve.json");
        let port12 = env!("CARGO_BIN_EXE_port12");
        let pins = victim.bpffs.pins();
        let line = format!(
            "umask 0; export PORT12_PIN_DIR={}; {port12} attach -i w0 --mode drop; {port12} run -i w0 \
             --pin --mode drop --duration 200ms --sink eve:{}",
            pins.display(),
            path.display()
        );
        victim.near().sh(&line);
        victim.attacker.act(|| {
            for path in [&pins, &pins.join("w0"), &pins.join("w0/link")] {
                fs::read_dir(path).unwrap_err();
                File::open(path).unwrap_err();
            }
            File::open(&path).unwrap_err();
            File::options().append(true).open(&path).unwrap_err();
        });
        victim.is_unharmed();
    });
}

/// Succeeds if a runtime does not open descriptors 0 to 2 before the first file: a message would go into
/// a map, or a report into a sink.
#[test]
fn closed_standard_streams_harm_nothing() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let path = shared.path().join("eve.json");
        let port12 = env!("CARGO_BIN_EXE_port12");
        let line = format!(
            "export PORT12_PIN_DIR={}; {port12} attach -i w0 --mode drop <&- >&- 2>&-; {port12} run \
             -i w0 --pin --mode drop --interval 100ms --duration 300ms --sink eve:{} <&- >&- 2>&-",
            victim.bpffs.pins().display(),
            path.display()
        );
        victim.near().sh(&line);
        victim.is_unharmed();
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.lines().all(|line| line.starts_with('{') && line.contains("event_type")));
    });
}

/// Succeeds if a command that runs out of descriptors leaves half of what it makes.
#[test]
fn few_descriptors_leave_nothing_half_made() {
    lab(|| {
        let victim = Victim::new();
        let port12 = env!("CARGO_BIN_EXE_port12");
        let pins = victim.bpffs.pins();
        for limit in [4, 8, 12, 16, 20] {
            let line = format!(
                "ulimit -n {limit}; PORT12_PIN_DIR={} {port12} attach -i w0 --mode drop || true",
                pins.display()
            );
            victim.near().sh(&line);
            let is_attached = program(victim.near(), "w0").is_some();
            match is_attached {
                true => victim.is_unharmed(),
                false => assert!(victim.bpffs.pinned("w0").is_empty(), "{limit}"),
            }
        }
        victim.attach();
    });
}
