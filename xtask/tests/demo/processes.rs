//! Processes and ports, as /proc and the network show them.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::time::Duration;

use crate::waiting::until;

/// Limit for the end of all processes of the demo.
pub(crate) const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A process that cannot be mistaken for a later one with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    pub(crate) command: String,
    start: u64,
}

struct Facts {
    parent: u32,
    start: u64,
    is_over: bool,
}

/// All children of a process, their children, and so on.
pub(crate) fn descendants(of: u32) -> Vec<Process> {
    let all: BTreeMap<u32, Facts> = ids().filter_map(|id| Some((id, facts(id)?))).collect();
    let mut found = Vec::new();
    let mut open = vec![of];
    while let Some(parent) = open.pop() {
        for (id, facts) in all.iter().filter(|(_, facts)| facts.parent == parent && !facts.is_over) {
            open.push(*id);
            found.push(Process { id: *id, command: command(*id), start: facts.start });
        }
    }
    found
}

/// Waits until the processes and the listeners on the ports are gone. Fails after the limit.
pub(crate) fn assert_gone(processes: &[Process], ports: &[u16]) {
    until("the end of all processes", EXIT_TIMEOUT, || {
        let left: Vec<_> = processes.iter().filter(|process| process.is_there()).collect();
        let open: Vec<_> =
            ports.iter().filter(|port| TcpStream::connect(("127.0.0.1", **port)).is_ok()).collect();
        if left.is_empty() && open.is_empty() { Ok(()) } else { Err((left, open)) }
    });
}

impl Process {
    /// Whether it runs; a zombie does not.
    fn is_there(&self) -> bool {
        facts(self.id).is_some_and(|facts| facts.start == self.start && !facts.is_over)
    }
}

fn ids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Reads `/proc/N/stat`; its second field, the name in brackets, may contain any character.
fn facts(id: u32) -> Option<Facts> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Facts {
        is_over: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

fn command(id: u32) -> String {
    let words = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}
