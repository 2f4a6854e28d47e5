//! The build that logs, and the one that does not.

use crate::support::{Pair, Port12, lab};

#[test]
#[cfg(feature = "trace")]
fn a_trace_has_a_line_for_a_frame() {
    use crate::support::{addresses::BOTH, frame::syn};

    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0 --trace");
        let far = pair.far_raw();
        far.send(&syn(BOTH[0], 12));
        port12.wait_until_said("-> 12, ");
        port12.stop();
    });
}

#[test]
#[cfg(not(feature = "trace"))]
fn without_the_tracing_object_a_trace_is_refused_with_how_to_get_it() {
    lab(|| {
        let pair = Pair::new();
        let output = Port12::run(&pair.near, "-i w0 --trace");
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("cargo xtask build-ebpf --trace"), "{said}");
    });
}
