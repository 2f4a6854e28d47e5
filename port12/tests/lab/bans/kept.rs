//! What becomes of the program's bans when somebody else has a say: reloads, restarts, the operator, a daemon
//! that dies.

use std::{net::IpAddr, thread, time::Duration};

use port12_common::abi::BANNED;

use crate::support::{
    Banning,
    addresses::{FAR, NEAR},
    build::other_build,
    frame::syn,
    lab, reaches, until,
};

/// Sends probes from an address of nobody's, and waits until they are counted.
fn knock(host: &Banning, last: u8, times: u64) -> IpAddr {
    let source = IpAddr::from([10, 12, 0, last]);
    let far = host.pair.far_raw();
    (0..times).for_each(|_| far.send(&syn((NEAR.into(), source), 12)));
    // Frames keep their order.
    reaches(&far, 443);
    source
}

fn banned(host: &Banning) -> Vec<String> {
    host.bans().iter().map(|ban| ban["source"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_reload_changes_the_terms_and_lifts_no_ban() {
    lab(|| {
        let host = Banning::new("after = 5");
        let mut run = host.run("");
        let mut reload = |text: &str| {
            host.write(text);
            run.signal(libc::SIGHUP);
            run.wait_until_said("reloaded");
        };
        knock(&host, 20, 6);
        knock(&host, 21, 2);
        assert_eq!(banned(&host), ["10.12.0.20"]);
        reload("[ban]\nafter = 3\nfor = \"1h\"\n");
        knock(&host, 21, 1);
        assert_eq!(banned(&host), ["10.12.0.20", "10.12.0.21"], "the third");
        let rest = host.bans()[1]["remaining_seconds"].as_u64().unwrap();
        assert!((3590..=3600).contains(&rest), "{rest}");
        reload("");
        knock(&host, 22, 10);
        assert_eq!(banned(&host), ["10.12.0.20", "10.12.0.21"]);
        run.stop();
    });
}

#[test]
fn after_a_restart_and_an_upgrade_bans_hold_and_get_longer() {
    lab(|| {
        let host = Banning::new("after = 3\nfor = \"4s\"");
        let run = host.run("--pin");
        let far = host.pair.far_raw();
        (0..3).for_each(|_| assert!(reaches(&far, 12)));
        run.stop();
        assert!(!reaches(&far, 12));
        let build = other_build();
        let mut upgrade = host.command("--pin");
        upgrade.env("PORT12_OBJECT", build.path());
        let mut run = host.launch(upgrade);
        assert!(!reaches(&far, 12));
        until("the end of the ban", || reaches(&far, 12).then_some(()));
        (0..2).for_each(|_| assert!(reaches(&far, 12)));
        assert!(!reaches(&far, 12));
        run.wait_until_said("w0: 10.12.0.2 is banned for 8s");
        assert_eq!(host.ban()["times"], 2);
        run.stop();
    });
}

#[test]
fn one_who_is_unbanned_is_banned_at_the_threshold_again_and_for_longer() {
    lab(|| {
        let host = Banning::new("after = 3\nfor = \"1h\"");
        let run = host.run("");
        let far = host.pair.far_raw();
        for hours in [1, 2, 4] {
            (0..3).for_each(|_| assert!(reaches(&far, 12)));
            assert!(!reaches(&far, 12));
            let rest = host.ban()["remaining_seconds"].as_u64().unwrap();
            assert!((3600 * hours - 10..=3600 * hours).contains(&rest), "{rest}");
            host.bpffs.ok(&host.pair.near, "unban 10.12.0.2");
        }
        run.stop();
    });
}

#[test]
fn a_daemon_that_stands_still_or_dies_leaves_bans_and_no_program_that_bans() {
    lab(|| {
        let host = Banning::new("after = 3");
        let run = host.run("--pin");
        knock(&host, 20, 4);
        run.signal(libc::SIGSTOP);
        let spared = |last| {
            until("the word of the daemon to end", || {
                knock(&host, last, 4);
                let spared = host.deeds().protected > 0;
                if !spared {
                    host.bpffs.ok(&host.pair.near, &format!("unban 10.12.0.{last}"));
                    thread::sleep(Duration::from_millis(200));
                }
                spared.then_some(())
            });
        };
        spared(21);
        assert_eq!(banned(&host), ["10.12.0.20"]);
        run.signal(libc::SIGCONT);
        until("the daemon to go on", || {
            knock(&host, 22, 4);
            (banned(&host) == ["10.12.0.20", "10.12.0.22"]).then_some(())
        });
        run.signal(libc::SIGKILL);
        drop(run);
        thread::sleep(Duration::from_millis(5500));
        knock(&host, 23, 10);
        assert_eq!(banned(&host), ["10.12.0.20", "10.12.0.22"]);
        let before = host.entry(IpAddr::from([10, 12, 0, 20])).unwrap().packets;
        knock(&host, 20, 5);
        assert_eq!(host.entry(IpAddr::from([10, 12, 0, 20])).unwrap().packets, before + 5);
    });
}

#[test]
fn where_there_is_no_room_a_source_passes_and_is_counted_and_the_operator_gets_room() {
    lab(|| {
        let host = Banning::new("after = 3");
        let run = host.run("");
        knock(&host, 20, 3);
        let others = (1..u32::try_from(BANNED).unwrap())
            .map(|number| std::net::Ipv4Addr::from_bits(0x0b00_0000 + number).to_string());
        let others: Vec<String> = others.collect();
        for some in others.chunks(1000) {
            host.bpffs.ok(&host.pair.near, &format!("ban --force {}", some.join(" ")));
        }
        assert_eq!(host.bans().len(), BANNED);
        knock(&host, 21, 10);
        assert_eq!(host.deeds().table_full, 8);
        assert!(host.entry(IpAddr::from([10, 12, 0, 21])).is_none());
        host.bpffs.ok(&host.pair.near, &format!("ban --force {FAR}"));
        assert!(host.entry(FAR.into()).is_some());
        assert!(host.entry(IpAddr::from([10, 12, 0, 20])).is_none(), "the program's goes");
        host.bpffs.fails(&host.pair.near, "ban --force 10.12.0.99", 1);
        run.stop();
    });
}

#[test]
fn a_host_that_forwards_does_not_ban_by_itself() {
    lab(|| {
        let host = Banning::new("after = 3");
        host.pair.near.sysctl("ipv4/ip_forward", "1");
        let attach = format!("attach --config {}", host.file().display());
        let said = host.bpffs.fails(&host.pair.near, &attach, 3);
        assert!(said.contains("bans are refused on w0"), "{said}");
    });
}

#[test]
fn a_host_that_begins_to_forward_drops_nothing_for_a_ban() {
    lab(|| {
        let host = Banning::new("after = 3");
        let mut run = host.run("");
        let far = host.pair.far_raw();
        (0..3).for_each(|_| assert!(reaches(&far, 12)));
        assert!(!reaches(&far, 12));
        host.pair.near.sysctl("ipv4/ip_forward", "1");
        run.wait_until_said("nobody who is banned is dropped any longer");
        assert!(reaches(&far, 12));
        run.stop();
    });
}
