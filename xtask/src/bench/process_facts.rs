//! Facts about a running process from Linux.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// Processes that this one started and that still run.
pub(super) fn children_of(process: u32) -> anyhow::Result<Vec<u32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(thread?.path().join("children"))?;
        children.extend(text.split_whitespace().filter_map(|number| number.parse::<u32>().ok()));
    }
    Ok(children)
}

/// Memory of a process that is in RAM, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Memory {
    pub(super) resident: u64,
    /// Anonymous memory; the rest are pages of program and libraries, which processes share.
    pub(super) own: u64,
}

impl Memory {
    pub(super) fn of(process: u32) -> anyhow::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let bytes = |key: &str| {
            let lines = || status.lines().filter_map(|line| line.strip_prefix(key));
            let kilobytes = lines().find_map(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            Some(kilobytes? * 1024)
        };
        bytes("VmRSS:")
            .zip(bytes("RssAnon:"))
            .map(|(resident, own)| Self { resident, own })
            .with_context(|| format!("Linux does not say how much memory process {process} has"))
    }
}

/// Time that its threads have had a processor.
pub(super) fn time_on_processor(process: u32) -> anyhow::Result<Duration> {
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
        total += Duration::from_nanos(nanoseconds.context("Linux keeps no times of threads")?);
    }
    Ok(total)
}
