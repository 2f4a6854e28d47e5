//! The loader that the instances of a process share.

use std::fs;

use port12::kernel::{
    instance::{Instance, LoadOptions},
    loader,
    object::EntryPoint,
};

use crate::namespace;

/// The BTF of a kernel has megabytes.
const FAR_LESS: u64 = 1 << 20;

#[test]
fn the_btf_of_the_kernel_is_not_read_for_each_instance() {
    namespace::alone(|| {
        let Ok(size) = fs::metadata("/sys/kernel/btf/vmlinux").map(|file| file.len()) else {
            return eprintln!("skipped: this kernel has no BTF");
        };
        if fs::metadata("/proc/thread-self/io").is_err() {
            return eprintln!("skipped: this kernel does not count the bytes that a thread reads");
        }
        assert!(size > FAR_LESS, "{size}");
        loader::prepare();
        let before = bytes_read();
        drop(Instance::load(&LoadOptions::live(EntryPoint::Linear)).expect("it loads"));
        let read = bytes_read() - before;
        assert!(read < FAR_LESS, "{read} bytes");
    });
}

/// Bytes that this thread has read.
fn bytes_read() -> u64 {
    let counts = fs::read_to_string("/proc/thread-self/io").expect("the counts of a thread");
    let count = counts.lines().find_map(|line| line.strip_prefix("rchar: ")).expect("a count");
    count.parse().expect("a number")
}
