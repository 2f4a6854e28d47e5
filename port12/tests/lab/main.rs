//! `port12 run` as a process, in a lab of network namespaces, with real programs around it.
//! The tests need root, and say so; `PORT12_NO_ROOT=1` skips them.

mod adversary;
mod attached;
mod bans;
mod binds;
mod detach;
mod egress;
mod exit_codes;
mod explain;
mod faults;
mod formats;
mod fresh_binds;
mod heartbeat;
mod interfaces;
mod json;
mod listener;
mod listeners;
mod operator;
mod pins;
mod plain_syn;
mod policy_file;
mod privileges;
mod reload;
mod reserved_source;
mod router;
mod scan;
mod shut_out;
mod sources;
mod stalled;
mod story;
mod stream;
mod support;
mod trace;
mod trial;
mod tun;
mod who;
