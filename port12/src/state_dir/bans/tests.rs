//! Bans in the state directory, without a kernel.

use std::{fs, time::SystemTime};

use super::*;
use crate::state_dir::StateDirectory;

fn source(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn ban(origin: u8, since: u64, until: u64) -> Ban {
    Ban { since, until, origin, times: 1, packets: 7, ..Ban::default() }
}

fn bans(list: &[(u8, Ban)]) -> InterfaceBans {
    list.iter().map(|(last, ban)| (source(*last), *ban)).collect()
}

fn moment(jiffies: u64, hz: u64) -> Moment {
    Moment { jiffies, hz, wall: SystemTime::UNIX_EPOCH }
}

/// Bans of interfaces at jiffy 1000 of this boot, with 100 jiffies per second.
fn kept(interfaces: &[(&str, InterfaceBans)]) -> KeptBans {
    let mut kept = KeptBans::default();
    kept.continue_at(&moment(1000, 100));
    kept.update(&interfaces.iter().map(|(name, bans)| (*name, bans)).collect());
    kept
}

const BANS: &str = "bans.json";

const OPERATOR: u8 = Ban::OPERATOR;
const PROGRAM: u8 = Ban::THRESHOLD;
const EVER: u64 = Ban::FOR_EVER;

#[test]
fn what_is_written_is_read_back() {
    let all = Ban { scope: Ban::ALL, ..ban(OPERATOR, 900, EVER) };
    let kept = kept(&[("w0", bans(&[(1, all), (2, ban(PROGRAM, 950, 5000))]))]);
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::create(root.path()).unwrap();
    kept.write(&directory).unwrap();
    assert_eq!(KeptBans::read_or_set_aside(&directory), (kept, None));
}

#[test]
fn in_the_same_boot_an_end_is_the_same_jiffy() {
    let before = bans(&[(1, ban(PROGRAM, 900, 5000)), (2, ban(OPERATOR, 900, EVER))]);
    let mut kept = kept(&[("w0", before.clone())]);
    kept.continue_at(&moment(3000, 100));
    assert_eq!(kept.of("w0"), before);
    kept.continue_at(&moment(6000, 100));
    assert_eq!(kept.update(&BTreeMap::from([("v0", &InterfaceBans::new())])), Change::Operator);
    assert!(kept.is_empty(), "one is over, and the operator has removed the other: {kept:?}");
}

#[test]
fn in_another_boot_the_remaining_running_time_counts_on() {
    let mut kept =
        kept(&[("w0", bans(&[(1, ban(PROGRAM, 900, 1500)), (2, ban(OPERATOR, 0, EVER))]))]);
    kept.boot = Some("another".into());
    // At the start of a kernel with other ticks.
    kept.continue_at(&moment(100, 1000));
    let after = kept.of("w0");
    assert_eq!(after[&source(1)], ban(PROGRAM, 0, 100 + 5000), "five seconds");
    assert_eq!(after[&source(2)].until, EVER);
}

#[test]
fn a_ban_by_the_operator_holds_for_every_interface_and_one_by_the_program_for_its_own() {
    let kept =
        kept(&[("w0", bans(&[(1, ban(OPERATOR, 900, EVER)), (2, ban(PROGRAM, 900, 5000))]))]);
    let other = kept.of("v0");
    assert_eq!(other, bans(&[(1, Ban { packets: 0, ..ban(OPERATOR, 900, EVER) })]));
}

#[test]
fn a_removed_ban_does_not_come_back_with_an_absent_interface() {
    let both = bans(&[
        (1, ban(OPERATOR, 900, EVER)),
        (2, ban(OPERATOR, 900, EVER)),
        (3, ban(PROGRAM, 900, 5000)),
    ]);
    let mut kept = kept(&[("w0", both.clone()), ("v0", both)]);
    let left = bans(&[(2, ban(OPERATOR, 900, EVER))]);
    assert_eq!(kept.update(&BTreeMap::from([("w0", &left)])), Change::Operator);
    assert_eq!(kept.of("w0").into_keys().collect::<Vec<_>>(), [source(2)]);
    assert_eq!(kept.of("v0").into_keys().collect::<Vec<_>>(), [source(2), source(3)]);
    let removed = kept.remove(Some(&[source(3)]), |name| name == "w0");
    assert_eq!(removed, BTreeSet::from([source(3)]));
    assert_eq!(kept.of("v0").into_keys().collect::<Vec<_>>(), [source(2)]);
    assert_eq!(kept.remove(None, |_| false), BTreeSet::from([source(2)]));
    assert!(kept.is_empty());
}

#[test]
fn no_interface_says_nothing_about_bans() {
    let before = kept(&[("w0", bans(&[(1, ban(OPERATOR, 900, EVER))]))]);
    let mut after = before.clone();
    assert_eq!(after.update(&BTreeMap::new()), Change::None);
    assert_eq!(after, before);
}

#[test]
fn a_change_has_the_weight_of_its_ban() {
    let first = bans(&[(1, ban(OPERATOR, 900, EVER)), (2, ban(PROGRAM, 900, 5000))]);
    let change = |changed: &[(u8, Ban)]| {
        let mut kept = kept(&[("w0", first.clone())]);
        kept.update(&BTreeMap::from([("w0", &bans(changed))]))
    };
    let of_operator = ban(OPERATOR, 900, EVER);
    let of_program = ban(PROGRAM, 900, 5000);
    assert_eq!(change(&[(1, of_operator), (2, of_program)]), Change::None);
    let packets = Ban { packets: 8, ..of_program };
    assert_eq!(change(&[(1, of_operator), (2, packets)]), Change::Counts);
    assert_eq!(change(&[(1, of_operator)]), Change::Program);
    assert_eq!(change(&[(2, of_program)]), Change::Operator);
    let other_end = Ban { until: 6000, ..of_operator };
    assert_eq!(change(&[(1, other_end), (2, of_program)]), Change::Operator);
}

#[test]
fn interfaces_that_never_come_back_are_bounded() {
    let many = |count: u32| -> InterfaceBans {
        let source =
            |number: u32| IpAddr::from(std::net::Ipv4Addr::from_bits(0x0b00_0000 + number));
        (0..count).map(|number| (source(number), ban(PROGRAM, 900, 5000))).collect()
    };
    let (half, small) = (many(BANNED as u32 / 2 + 1), many(3));
    let mut kept = kept(&[("a", half.clone()), ("b", small), ("c", half)]);
    kept.update(&BTreeMap::from([("w0", &InterfaceBans::new())]));
    assert_eq!(kept.interfaces.keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_file_that_cannot_be_used_is_set_aside_with_a_line() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::create(root.path()).unwrap();
    kept(&[("w0", bans(&[(1, ban(OPERATOR, 900, EVER))]))]).write(&directory).unwrap();
    let good = fs::read_to_string(root.path().join(BANS)).unwrap();
    for (text, cause) in [
        (good.replace("\"version\":1", "\"version\":2"), "version 2"),
        (good.replace("operator", "nobody"), "damaged"),
        (good.replace("\"times\"", "\"sorts\""), "damaged"),
        (good[..good.len() - 2].to_owned(), "damaged"),
        (String::new(), "damaged"),
        ("x".repeat(100), "damaged"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::create(root.path()).unwrap();
        directory.replace(BANS, text.as_bytes()).unwrap();
        let (bans, line) = KeptBans::read_or_set_aside(&directory);
        let line = line.unwrap();
        assert!(bans.is_empty() && line.contains(cause) && !line.contains('\n'), "{line}");
        let aside = root.path().join("bans.json.aside");
        assert!(line.contains(&aside.display().to_string()), "{line}");
        assert_eq!(fs::read_to_string(aside).unwrap(), text);
        assert!(!root.path().join(BANS).exists());
    }
    // A file of any size is not taken into memory.
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::create(root.path()).unwrap();
    fs::File::create(root.path().join(BANS)).unwrap().set_len(1 << 40).unwrap();
    let (_, line) = KeptBans::read_or_set_aside(&directory);
    assert!(line.unwrap().contains("more than"));
}
