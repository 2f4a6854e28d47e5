use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    os::fd::{AsRawFd, FromRawFd},
};

use super::*;
use crate::{model::event::tests::sample, sink::outlet::Way};

const PAGE: u64 = 4096;

/// A file that neither grows nor shrinks, of one page, with so many bytes left.
fn sealed(left: u64) -> File {
    // SAFETY: the name is a C string.
    let fd = unsafe { libc::memfd_create(c"sealed".as_ptr(), libc::MFD_ALLOW_SEALING) };
    assert!(fd >= 0);
    // SAFETY: the descriptor is a new one, and nobody else's.
    let mut file = unsafe { File::from_raw_fd(fd) };
    file.set_len(PAGE).unwrap();
    let seals = libc::F_SEAL_GROW | libc::F_SEAL_SHRINK;
    // SAFETY: `file` keeps the descriptor open.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }, 0);
    file.seek(SeekFrom::Start(PAGE - left)).unwrap();
    file
}

fn read(file: &mut File, from: u64) -> String {
    let mut text = String::new();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_cannot_be_taken_back_is_completed() {
    let spec: SinkSpec = "human/events:/nowhere/a".parse().unwrap();
    let mut first = sealed(30);
    let outlet = Outlet::new(first.try_clone().unwrap(), Way::File);
    let mut worker = Worker::new(spec, Some(outlet), Arc::default());
    let record = Record::from(sample::event());
    worker.attempt(&record).unwrap_err();
    // There is room again.
    let mut second = tempfile::tempfile().unwrap();
    worker.outlet = Some(Outlet::new(second.try_clone().unwrap(), Way::File));
    worker.attempt(&record).unwrap();
    let line = String::from_utf8(worker.bytes(&record)).unwrap();
    assert_eq!(read(&mut first, PAGE - 30), line[..30]);
    assert_eq!(read(&mut second, 0), line[30..]);
    // The next one is whole.
    worker.attempt(&record).unwrap();
    assert_eq!(read(&mut second, 0), format!("{}{line}", &line[30..]));
}
