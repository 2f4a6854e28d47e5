//! SCTP and DCCP.

use port12_common::{
    Malformed::*,
    Outcome::*,
    Shape::{DccpRequest, SctpInit, TinyFragment},
    Transport::{Dccp, Sctp},
};

use super::{Entry, expect::*, frame, stack::*};
use crate::support::answer::Answer;

pub fn entries() -> Vec<Entry> {
    [sctp_entries(), dccp_entries()].into_iter().flatten().collect()
}

fn sctp_entries() -> Vec<Entry> {
    let chunk = |port, kind| sctp(port, kind).v4().ethernet();
    let init = |outcome, port| start(outcome, Sctp, port, SctpInit);
    let truncated = Answer::malformed(SctpTruncated);
    vec![
        frame("v4_sctp_init_12", chunk(12, 1), init(Dropped, 12)),
        frame("v4_sctp_init_14_watched", chunk(14, 1), init(Probe, 14)),
        frame("v4_sctp_init_81_socket", chunk(81, 1), init(LocalSocket, 81)),
        frame("v4_sctp_init_26_ignored", chunk(26, 1), init(Ignored, 26)),
        frame("v4_sctp_init_22", chunk(22, 1), init(Assigned, 22)),
        frame("v4_sctp_init_2905", chunk(2905, 1), init(HighPort, 2905)),
        frame("v4_sctp_data_12", chunk(12, 0), reply(Sctp, 12)),
        frame("v4_sctp_init_ack_12", chunk(12, 2), reply(Sctp, 12)),
        frame("v4_sctp_abort_12", chunk(12, 6), reply(Sctp, 12)),
        frame("v4_sctp_cookie_echo_12", chunk(12, 10), reply(Sctp, 12)),
        frame("v4_sctp_init_cut_16_12", sctp(12, 1).cut(16).v4().ethernet(), init(Dropped, 12)),
        frame("v4_sctp_no_chunk", sctp(12, 1).cut(12).v4().ethernet(), truncated),
        frame(
            "v4_sctp_chunk_in_padding",
            sctp(12, 1).cut(12).v4().ethernet().then(&[1, 0, 0, 20]),
            truncated,
        ),
        frame("v4_sctp_cut_15", chunk(12, 1).cut(49), truncated),
        frame(
            "v4_frag_first_tiny_8_sctp_12",
            sctp(12, 1).cut(8).v4_fragment_of(0, true).ethernet(),
            dropped(Sctp, 12, TinyFragment),
        ),
        frame(
            "v4_frag_first_tiny_8_sctp_22",
            sctp(22, 1).cut(8).v4_fragment_of(0, true).ethernet(),
            truncated,
        ),
    ]
}

fn dccp_entries() -> Vec<Entry> {
    let packet = |port, kind| dccp(port, kind).v4().ethernet();
    let request = |outcome, port| start(outcome, Dccp, port, DccpRequest);
    let truncated = Answer::malformed(DccpTruncated);
    vec![
        frame("v4_dccp_request_12", packet(12, 0), request(Dropped, 12)),
        frame("v4_dccp_request_14_watched", packet(14, 0), request(Probe, 14)),
        frame("v4_dccp_request_26_ignored", packet(26, 0), request(Ignored, 26)),
        frame("v4_dccp_request_22", packet(22, 0), request(Assigned, 22)),
        frame("v4_dccp_request_5001", packet(5001, 0), request(HighPort, 5001)),
        frame(
            "v4_dccp_reserved_bits_request_12",
            dccp(12, 0).set(8, 0xe1).v4().ethernet(),
            request(Dropped, 12),
        ),
        frame("v4_dccp_response_12", packet(12, 1), reply(Dccp, 12)),
        frame("v4_dccp_data_12", packet(12, 2), reply(Dccp, 12)),
        frame("v4_dccp_reset_12", packet(12, 7), reply(Dccp, 12)),
        frame("v4_dccp_type_8_12", packet(12, 8), reply(Dccp, 12)),
        frame(
            "v4_dccp_12_bytes_request_12",
            dccp(12, 0).cut(12).v4().ethernet(),
            request(Dropped, 12),
        ),
        frame("v4_dccp_cut_11", packet(12, 0).cut(45), truncated),
        frame(
            "v4_frag_first_tiny_8_dccp_12",
            dccp(12, 0).cut(8).v4_fragment_of(0, true).ethernet(),
            dropped(Dccp, 12, TinyFragment),
        ),
        frame(
            "v4_frag_first_tiny_14_dccp_data_cut_away_12",
            dccp(12, 2).cut(14).v4_fragment_of(0, true).ethernet(),
            dropped(Dccp, 12, TinyFragment),
        ),
        frame("v4_dccp_11_bytes", dccp(12, 0).cut(11).v4().ethernet(), truncated),
    ]
}
