//! Who has a port: real programs, and what `port12 who` tells of them.

mod agreement;
mod hidden;
mod limits;
mod namespaces;
mod owners;
mod programs;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::support::{Namespace, namespace::run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_port12");

/// A program that has said that it is ready; killed when dropped.
pub struct Running(Child);

impl Running {
    /// Starts a Python program in a namespace, and waits until it prints a line.
    pub fn python(namespace: &Namespace, program: &str) -> Self {
        Self::ready(namespace.command("python3").args(["-c", program]))
    }

    /// Starts a command, and waits until it prints a line.
    fn ready(command: &mut Command) -> Self {
        let mut running = Self::start(command.stdout(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        running
    }

    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `port12 who` tells, as JSON.
pub fn who(namespace: &Namespace, args: &str) -> Value {
    let mut command = namespace.command(PROGRAM);
    command.args(["who", "--output", "json"]).args(args.split_whitespace());
    serde_json::from_slice(&run(&mut command).stdout).unwrap()
}

/// What it tells as a table, and its exit code.
fn table(namespace: &Namespace, args: &str) -> (String, i32) {
    let mut command = namespace.command(PROGRAM);
    let output = command.arg("who").args(args.split_whitespace()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// The sockets on a port.
fn sockets<'a>(document: &'a Value, transport: &str, port: u16) -> Vec<&'a Value> {
    let sockets = document["sockets"].as_array().unwrap().iter();
    sockets.filter(|it| it["transport"] == transport && it["port"] == port).collect()
}

/// The only socket on a port.
fn socket<'a>(document: &'a Value, transport: &str, port: u16) -> &'a Value {
    match sockets(document, transport, port).as_slice() {
        [one] => one,
        found => panic!("{transport}/{port}: {} sockets: {document}", found.len()),
    }
}

/// The processes of a socket.
fn pids(socket: &Value) -> Vec<u64> {
    let processes = socket["processes"].as_array().unwrap().iter();
    processes.map(|process| process["pid"].as_u64().unwrap()).collect()
}
