//! Files that are not whole, not captures, or not there.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
    time::Duration,
};

use crate::{
    file::{ETHERNET, Pcap, Pcapng, file, syn},
    program::{command, end, user, user_from_pipe},
};

const AT: Duration = Duration::from_secs(1_700_000_000);

/// Replays each start of a capture; `ends` are where its file header and its frames end.
fn cut_everywhere(bytes: &[u8], ends: [usize; 3]) {
    for length in 0..=bytes.len() {
        let ended = user(file(&bytes[..length]), &[]);
        let frames = ends[1..].iter().filter(|&&end| end <= length).count();
        if length == bytes.len() {
            assert_eq!(ended.totals()["capture"]["end"], "complete");
            assert_eq!(ended.err, "");
        } else if frames == 0 && !ends.contains(&length) {
            assert_eq!(ended.code, Some(1), "{length} bytes: {ended:?}");
            ended.message();
        } else {
            assert_eq!(ended.totals()["capture"]["frames"], frames, "{length} bytes");
            let whole = ends.contains(&length);
            assert_eq!(ended.err.is_empty(), whole, "{length} bytes: {ended:?}");
            assert!(whole || ended.message().contains(&format!("truncated at byte {length}")));
        }
    }
}

#[test]
fn a_pcap_file_is_read_as_far_as_it_goes() {
    let pcap = Pcap::new(ETHERNET).frame(AT, &syn(12)).frame(AT, &syn(81)).0;
    cut_everywhere(&pcap, [24, 24 + 16 + 54, 24 + 2 * (16 + 54)]);
}

#[test]
fn a_pcapng_file_is_read_as_far_as_it_goes() {
    let header = Pcapng::new(&[ETHERNET]).0.len();
    let one = Pcapng::new(&[ETHERNET]).frame(0, AT, &syn(12));
    let first = one.0.len();
    let both = one.frame(0, AT, &syn(81)).0;
    // It may end behind its section header, too.
    for length in (header..=both.len()).filter(|length| ![header, first].contains(length)) {
        let ended = user(file(&both[..length]), &[]);
        match length {
            _ if length == both.len() => assert_eq!(ended.totals()["capture"]["frames"], 2),
            _ if length > first => {
                assert_eq!(ended.totals()["capture"]["frames"], 1);
                assert!(ended.message().contains(&format!("truncated at byte {length}")));
            }
            _ => assert_eq!(ended.code, Some(1), "{length} bytes: {ended:?}"),
        }
    }
}

#[test]
fn a_corrupt_file_is_read_up_to_the_corruption() {
    let mut pcap = Pcap::new(ETHERNET).frame(AT, &syn(12));
    let at = pcap.0.len();
    pcap.0.extend([0xff; 16]);
    let ended = user(file(&pcap.0), &[]);
    assert_eq!(ended.totals()["capture"]["frames"], 1);
    assert!(ended.message().contains(&format!("corrupt at byte {at}")), "{}", ended.message());
}

#[test]
fn a_file_that_is_corrupt_from_its_first_record_is_an_error() {
    let mut pcap = Pcap::new(ETHERNET);
    pcap.0.extend([0xff; 64]);
    let ended = user(file(&pcap.0), &[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.message().contains("corrupt at byte 24"), "{}", ended.message());
}

#[test]
fn what_is_not_a_capture_is_named_in_one_line() {
    for (bytes, why) in [
        (&b""[..], "ends after 0 bytes"),
        (b"\xd4\xc3\xb2\xa1", "within the file header"),
        (b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "neither pcap nor pcapng"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip -dc"),
        (&[0; 4096], "neither pcap nor pcapng"),
    ] {
        let file = file(bytes);
        let ended = user(&file, &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.out, "");
        let message = ended.message();
        assert!(message.contains(why), "{message}");
        assert!(message.contains(file.path().to_str().unwrap()), "{message}");
    }
}

#[test]
fn a_directory_and_a_missing_file_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no-such.pcap");
    for path in [folder.path(), &missing] {
        let ended = user(path, &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.message().contains(path.to_str().unwrap()), "{}", ended.message());
    }
}

#[test]
fn a_name_moves_no_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\u{1b}[2J\nb.pcap");
    let replay = || {
        let mut replay = command(&["--engine", "user"]);
        replay.arg(&path);
        end(replay)
    };
    assert!(replay().message().contains(r"a\u{1b}[2J\nb.pcap"));
    let pcap = Pcap::new(ETHERNET).frame(AT, &syn(12)).0;
    std::fs::write(&path, &pcap).unwrap();
    let ended = replay();
    assert!(ended.out.contains(r"a\u{1b}[2J\nb.pcap"), "{ended:?}");
    std::fs::write(&path, &pcap[..pcap.len() - 1]).unwrap();
    assert!(replay().message().contains(r"a\u{1b}[2J\nb.pcap"));
    for text in [ended.out, ended.err] {
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn a_capture_without_frames_is_an_empty_report() {
    let totals = user(file(&Pcap::new(ETHERNET).0), &[]).totals();
    assert_eq!(totals["capture"]["frames"], 0);
    assert_eq!(totals["interfaces"][0]["ports"].as_array().unwrap().len(), 0);
}

#[test]
fn a_dash_is_standard_input() {
    let ended = user_from_pipe(&Pcap::new(ETHERNET).frame(AT, &syn(12)).0);
    assert_eq!(ended.totals()["capture"]["frames"], 1);
    let ended = user_from_pipe(b"");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.message().starts_with("port12: -:"), "{}", ended.message());
}

/// As with `| head -1`: more reports than a pipe holds, and a reader that wants one.
#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let pcap = (0..2000).fold(Pcap::new(ETHERNET), |pcap, second| {
        pcap.frame(AT + Duration::from_secs(second), &syn(12))
    });
    let file = file(&pcap.0);
    for output in ["json", "table"] {
        let mut replay = command(&["--engine", "user", "--interval", "1s", "--output", output]);
        let mut child =
            replay.arg(file.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(err, "");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let capture = file(&Pcap::new(ETHERNET).frame(AT, &syn(12)).0);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut replay = command(&["--engine", "user"]);
    let child = replay.arg(capture.path()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the report"));
}

#[test]
fn a_wrong_registry_file_is_a_configuration_error() {
    let capture = file(&Pcap::new(ETHERNET).frame(AT, &syn(12)).0);
    let mut replay = command(&["--engine", "user", "--registry", "/etc/hostname"]);
    replay.arg(capture.path());
    assert_eq!(end(replay).code, Some(3));
}
