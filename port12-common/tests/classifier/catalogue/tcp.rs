//! TCP: flags, ports, the data offset.

use port12_common::{Malformed::*, Outcome::*, Shape::*, Transport::Tcp};

use super::{Entry, expect::*, frame, stack::*};
use crate::support::answer::Answer;

pub fn entries() -> Vec<Entry> {
    [starts(), replies(), ports(), headers()].into_iter().flatten().collect()
}

fn segment(port: u16, flags: u8) -> Stack {
    tcp(port, flags).v4().ethernet()
}

fn starts() -> Vec<Entry> {
    vec![
        frame("v4_tcp_syn_12", segment(12, SYN), dropped(Tcp, 12, TcpSyn)),
        frame("v4_tcp_syn_ece_cwr_12", segment(12, SYN | ECE | CWR), dropped(Tcp, 12, TcpSyn)),
        frame("v4_tcp_syn_fin_12", segment(12, SYN | FIN), dropped(Tcp, 12, TcpOther)),
        frame("v4_tcp_syn_psh_12", segment(12, SYN | PSH), dropped(Tcp, 12, TcpOther)),
        frame("v4_tcp_syn_urg_12", segment(12, SYN | URG), dropped(Tcp, 12, TcpOther)),
        frame("v4_tcp_null_12", segment(12, 0), dropped(Tcp, 12, TcpNull)),
        frame("v4_tcp_ece_alone_12", segment(12, ECE), dropped(Tcp, 12, TcpNull)),
        frame("v4_tcp_fin_12", segment(12, FIN), dropped(Tcp, 12, TcpFin)),
        frame("v4_tcp_xmas_12", segment(12, FIN | PSH | URG), dropped(Tcp, 12, TcpXmas)),
        frame("v4_tcp_psh_12", segment(12, PSH), dropped(Tcp, 12, TcpOther)),
        frame("v4_tcp_urg_psh_12", segment(12, URG | PSH), dropped(Tcp, 12, TcpOther)),
        frame("v4_tcp_every_start_flag_12", segment(12, !(ACK | RST)), dropped(Tcp, 12, TcpOther)),
    ]
}

fn replies() -> Vec<Entry> {
    let nfs = tcp_from(2049, 716, ACK | PSH).then(b"reply").v4().ethernet();
    vec![
        frame("v4_tcp_syn_ack_12", segment(12, SYN | ACK), reply(Tcp, 12)),
        frame("v4_tcp_ack_12", segment(12, ACK), reply(Tcp, 12)),
        frame("v4_tcp_rst_12", segment(12, RST), reply(Tcp, 12)),
        frame("v4_tcp_rst_ack_12", segment(12, RST | ACK), reply(Tcp, 12)),
        frame("v4_tcp_syn_rst_12", segment(12, SYN | RST), reply(Tcp, 12)),
        frame("v4_tcp_maimon_12", segment(12, FIN | ACK), reply(Tcp, 12)),
        frame("v4_tcp_every_flag_12", segment(12, 0xff), reply(Tcp, 12)),
        frame("v4_tcp_ack_28_enforced", segment(28, ACK), reply(Tcp, 28)),
        frame("v4_tcp_ack_81_socket", segment(81, ACK), reply(Tcp, 81)),
        frame("v4_tcp_nfs_reply_716", nfs, from(2049, reply(Tcp, 716))),
    ]
}

fn ports() -> Vec<Entry> {
    let syn = |outcome, port| start(outcome, Tcp, port, TcpSyn);
    let from_reserved = tcp_from(12, 443, SYN).v4().ethernet();
    vec![
        frame("v4_tcp_syn_0", segment(0, SYN), syn(Assigned, 0)),
        frame("v4_tcp_syn_14", segment(14, SYN), syn(Dropped, 14)),
        frame("v4_tcp_syn_22", segment(22, SYN), syn(Assigned, 22)),
        frame("v4_tcp_syn_26_ignored", segment(26, SYN), syn(Ignored, 26)),
        frame("v4_tcp_ack_26_ignored", segment(26, ACK), later(Ignored, Tcp, 26)),
        frame("v4_tcp_syn_28_enforced", segment(28, SYN), syn(Dropped, 28)),
        frame("v4_tcp_syn_30_watched", segment(30, SYN), syn(Probe, 30)),
        frame("v4_tcp_xmas_30_watched", segment(30, FIN | PSH | URG), probe(Tcp, 30, TcpXmas)),
        frame("v4_tcp_null_30_watched", segment(30, 0), probe(Tcp, 30, TcpNull)),
        frame("v4_tcp_syn_80", segment(80, SYN), syn(Assigned, 80)),
        frame("v4_tcp_syn_81_socket", segment(81, SYN), syn(LocalSocket, 81)),
        frame("v4_tcp_fin_81_socket", segment(81, FIN), start(LocalSocket, Tcp, 81, TcpFin)),
        frame("v4_tcp_syn_443", segment(443, SYN), syn(Assigned, 443)),
        frame("v4_tcp_ack_443", segment(443, ACK), later(Assigned, Tcp, 443)),
        frame("v4_tcp_from_12_syn_443", from_reserved, from(12, syn(Assigned, 443))),
        frame("v4_tcp_syn_716_tcp_only", segment(716, SYN), syn(Dropped, 716)),
        frame("v4_tcp_syn_1008_tcp_only", segment(1008, SYN), syn(Dropped, 1008)),
        frame("v4_tcp_syn_1023", segment(1023, SYN), syn(Assigned, 1023)),
        frame("v4_tcp_syn_1024", segment(1024, SYN), syn(HighPort, 1024)),
        // 1024 + 12: a port is not taken modulo 1024.
        frame("v4_tcp_syn_1036", segment(1036, SYN), syn(HighPort, 1036)),
        frame("v4_tcp_syn_3072", segment(3072, SYN), syn(HighPort, 3072)),
        frame("v4_tcp_syn_65535", segment(65535, SYN), syn(HighPort, 65535)),
        frame("v4_tcp_ack_50000", segment(50000, ACK), later(HighPort, Tcp, 50000)),
    ]
}

fn headers() -> Vec<Entry> {
    let offset = Answer::malformed(TcpDataOffset);
    let truncated = Answer::malformed(TcpTruncated);
    let with_offset = |words: u8| tcp(12, SYN).set(12, words << 4).v4().ethernet();
    let options = tcp(12, SYN).set(12, 0x60).then(&[2, 4, 5, 0xb4]).v4();
    vec![
        frame("v4_tcp_options_syn_12", options.clone().ethernet(), dropped(Tcp, 12, TcpSyn)),
        frame(
            "v4_tcp_options_40_syn_12",
            tcp(12, SYN).set(12, 0xf0).then(&[1; 40]).v4().ethernet(),
            dropped(Tcp, 12, TcpSyn),
        ),
        frame(
            "v4_tcp_reserved_bits_syn_12",
            tcp(12, SYN).set(12, 0x5f).v4().ethernet(),
            dropped(Tcp, 12, TcpSyn),
        ),
        frame("v4_tcp_data_offset_0", with_offset(0), offset),
        frame("v4_tcp_data_offset_4", with_offset(4), offset),
        frame("v4_tcp_data_offset_6_beyond_packet", with_offset(6), offset),
        frame("v4_tcp_data_offset_15_in_padding", with_offset(15).then(&[0; 60]), offset),
        frame("v4_tcp_options_cut", options.ethernet().cut(57), offset),
        frame("v4_tcp_cut_19", segment(12, SYN).cut(53), truncated),
        frame("v4_tcp_cut_4", segment(12, SYN).cut(38), truncated),
        frame("v4_tcp_cut_0", segment(12, SYN).cut(34), truncated),
    ]
}
