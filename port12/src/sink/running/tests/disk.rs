//! A disk that is full, and is not any longer.

use super::*;
use crate::capture;

/// Runs a test on a file system of its own, of two pages, in a mount namespace of its own.
fn on_a_small_disk(test: impl FnOnce(&Directory) + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let directory = Directory::new();
            match mount(&directory) {
                Ok(()) => test(&directory),
                Err(error) => eprintln!("skipped: no file system can be mounted here: {error}"),
            }
        });
        thread.join().unwrap();
    });
}

/// The thread, and those that it starts, see the file system; it ends with them.
fn mount(directory: &Directory) -> io::Result<()> {
    let path = std::ffi::CString::new(directory.path("").to_str().unwrap()).unwrap();
    let done = |result: libc::c_int| match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    // SAFETY: it concerns this thread alone.
    done(unsafe { libc::unshare(libc::CLONE_NEWNS | libc::CLONE_FS) })?;
    let private = libc::MS_REC | libc::MS_PRIVATE;
    let none = std::ptr::null();
    // SAFETY: the target is a C string; the rest may be null.
    done(unsafe { libc::mount(none, c"/".as_ptr(), none, private, none.cast()) })?;
    let (kind, options) = (c"tmpfs".as_ptr(), c"size=8192".as_ptr());
    // SAFETY: all are C strings.
    done(unsafe { libc::mount(kind, path.as_ptr(), kind, 0, options.cast()) })
}

#[test]
fn a_line_that_did_not_fit_is_written_whole_when_it_does() {
    on_a_small_disk(|directory| {
        fs::write(directory.path("filler"), [0; 4096]).unwrap();
        let sink = start(directory.sink("human/events", "a"));
        for number in 0..60 {
            sink.offer(&record(number));
        }
        wait_until("a full disk", || sink.counts().failures > 0);
        let written = sink.counts().written;
        assert!((1..60).contains(&written), "{written}");
        // What did not fit was taken back.
        let text = directory.read("a");
        assert_eq!(numbers(&text), (0..written as u16).collect::<Vec<_>>());
        fs::remove_file(directory.path("filler")).unwrap();
        assert_eq!(sink.finish(PATIENCE).written, 60);
        assert_eq!(numbers(&directory.read("a")), (0..60).collect::<Vec<_>>());
    });
}

#[test]
fn a_capture_stays_one_on_a_full_disk() {
    on_a_small_disk(|directory| {
        fs::write(directory.path("filler"), [0; 4096]).unwrap();
        let sink = start(directory.sink("pcapng", "a"));
        for number in 0..30 {
            sink.offer(&record(number));
        }
        wait_until("a full disk", || sink.counts().failures > 0);
        assert_eq!(frames(directory), sink.counts().written);
        fs::remove_file(directory.path("filler")).unwrap();
        assert_eq!(sink.finish(PATIENCE).written, 30);
        assert_eq!(frames(directory), 30);
    });
}

/// Frames of the capture, which is whole.
fn frames(directory: &Directory) -> u64 {
    let mut reader = capture::open(&directory.path("a")).unwrap();
    while reader.next_frame().is_some() {}
    assert_eq!(reader.summary().end, Some(capture::End::Complete));
    reader.summary().frames()
}
