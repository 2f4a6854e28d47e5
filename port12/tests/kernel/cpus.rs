//! Each CPU counts in an element of its own.

use std::{fs, mem};

use port12::{kernel::object::EntryPoint, mapped_read};
use port12_common::{Layer, Transport};

use crate::{namespace, subject::Subject, support::named};

#[test]
fn every_possible_cpu_has_an_element() {
    namespace::alone(|| {
        let subject = Subject::load(EntryPoint::Frags, Layer::Ethernet);
        assert_eq!(subject.instance.counters().len(), last("possible") + 1);
    });
}

#[test]
fn a_cpu_counts_in_its_own_element_and_readers_sum_them() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let subject = Subject::load(entry, Layer::Ethernet);
            let cpus: Vec<usize> = (0..=last("online")).filter(|cpu| pin(*cpu)).collect();
            assert!(!cpus.is_empty(), "this thread can run on some CPU");
            let frames = named::all();
            let frame = frames.iter().find(|frame| frame.name == "v4_tcp_syn_12");
            let frame = frame.expect("v4_tcp_syn_12 is a named frame");
            let mut sent = 0;
            for &cpu in &cpus {
                assert!(pin(cpu));
                // A number of its own for each CPU.
                for _ in 0..=cpu {
                    subject.run(&frame.bytes).expect("test-run takes the frame");
                    sent += 1;
                }
            }
            for cpu in 0..subject.instance.counters().len() {
                let expected = if cpus.contains(&cpu) { cpu as u64 + 1 } else { 0 };
                assert_eq!(dropped(&subject, cpu), expected, "CPU {cpu}");
            }
            assert_eq!(subject.counts().frames(), sent);
        }
    });
}

/// Keeps this thread on the CPU that it is on: a source is another one on each.
pub fn stay() {
    // SAFETY: the call takes no arguments.
    let cpu = unsafe { libc::sched_getcpu() };
    assert!(pin(usize::try_from(cpu).expect("a CPU")), "a thread can run where it runs");
}

fn dropped(subject: &Subject, cpu: usize) -> u64 {
    let element = subject.instance.counters().element(cpu).expect("an element");
    mapped_read!(element, ports[Transport::Tcp as usize][12].dropped.packets)
}

/// The last CPU of a list in /sys, such as `0-3` or `0,2-7`.
fn last(list: &str) -> usize {
    let text = fs::read_to_string(format!("/sys/devices/system/cpu/{list}")).expect("sysfs");
    let number = text.trim().rsplit(['-', ',']).next().expect("a list has an end");
    number.parse().expect("a CPU's number")
}

/// Puts this thread on a CPU; false where it may not run there, or the CPU is not there.
pub fn pin(cpu: usize) -> bool {
    // SAFETY: a CPU set is plain bytes, and the call changes this thread alone.
    unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set) == 0
    }
}
