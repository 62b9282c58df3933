//! A run whose results are counted and then forgotten: nothing is stored, and nothing is written to the device.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use riser_domain::{DeclaredTree, EwsItem, LogLevel, PointHandle, StoredItem, TreeKey, sanitize_line};
use riser_plugin::abi::messages::{self as contract, ConnectionMessage, Notice, RunRequestMessage};
use riser_plugin::abi::{PackedPoints, PackedTree};
use riser_worker_protocol::contract::{packed_points, plain_problem};
use riser_worker_protocol::declared_tree::declared_tree;
use riser_worker_protocol::frames::{Call, FromWorker, Reply, RunRequest, ToWorker};

use super::exit_reason::ExitReason;
use super::launcher::Launcher;
use super::limits::WorkerLimits;
use super::queries::{Conversation, QueryError, path_text, query};
use crate::library::CachedLibrary;

/// The key of the tree. It is never stored, so any key will do.
const KEY: TreeKey = TreeKey(1);
/// A run to try, with settings that may be unsaved.
pub struct DryRun {
    /// The class within the plugin, such as `setup`.
    pub class: String,
    /// The name of the processor.
    pub configuration: String,
    /// Identifies this installation to the remote system.
    pub instance: String,
    /// The settings, with decrypted secrets.
    pub settings: serde_json::Value,
    pub connection: Option<DryRunConnection>,
    pub memory_mib: u32,
    /// The run is aborted after it.
    pub time_limit: Duration,
    /// The last lines of the log that are kept.
    pub kept_lines: usize,
    /// Replies to calls that need neither a tree nor a clock.
    pub reply: fn(&contract::Call) -> Reply,
}

/// The connection of a dry run.
pub struct DryRunConnection {
    pub name: String,
    /// The full name of its kind, such as `riser.evce/evce`.
    pub kind: String,
    /// The settings, with decrypted secrets.
    pub settings: serde_json::Value,
}

impl std::fmt::Debug for DryRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DryRun").field("class", &self.class).finish_non_exhaustive()
    }
}

/// The results of a dry run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DryRunReport {
    /// Why the run failed, in words; `None` if it succeeded.
    pub failure: Option<DryRunFailure>,
    /// The items that the run declared, with the ids of the plugin.
    pub tree: DeclaredTree,
    /// Values that the run published.
    pub values_published: usize,
    /// Samples that the run recorded.
    pub samples_recorded: usize,
    /// The last lines of the log.
    pub log: Vec<(LogLevel, String)>,
}

/// Why a dry run failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRunFailure {
    pub what: String,
    /// May be empty.
    pub remedy: String,
}

/// Runs a class once, in a worker. Dropping the future ends the worker.
///
/// # Errors
/// If the worker cannot be started or the library cannot be used. A run that fails is a report.
pub async fn dry_run(
    launcher: &Launcher,
    library: &CachedLibrary,
    run: DryRun,
) -> Result<DryRunReport, QueryError> {
    let DryRun { class, configuration, instance, settings, connection, memory_mib, time_limit, .. } = run;
    let limits = WorkerLimits { time_limit: Some(time_limit), ..WorkerLimits::with_memory_mib(memory_mib) };
    let connection = connection.map(|DryRunConnection { name, kind, settings }| ConnectionMessage {
        name,
        kind,
        settings,
    });
    let message = RunRequestMessage { configuration, instance, settings, connection, writes: Vec::new() };
    let request =
        RunRequest::new(path_text(library), class, &message).expect("JSON values can always be written");
    let mut sink = Sink::new(run.reply, run.kept_lines);
    let ran = query(launcher, library, ToWorker::Run(Box::new(request)), limits, &mut sink).await;
    let failure = match ran {
        Ok(()) => None,
        Err(QueryError::Failed { failure, .. }) => {
            let remedy = failure.problem.or(sink.problem.take()).map(|problem| problem.remedy);
            Some(DryRunFailure { what: failure.what, remedy: remedy.unwrap_or_default() })
        }
        Err(QueryError::Ended { reason, .. }) => Some(DryRunFailure {
            what: match reason {
                ExitReason::TimeLimit { .. } => format!("no result within {} s", time_limit.as_secs()),
                reason => format!("its worker process {reason}"),
            },
            remedy: String::new(),
        }),
        Err(error) => return Err(error),
    };
    let Sink { tree, values_published, samples_recorded, log, .. } = sink;
    Ok(DryRunReport { failure, tree, values_published, samples_recorded, log: log.into() })
}

/// Serves the run from memory and counts its results.
struct Sink {
    reply: fn(&contract::Call) -> Reply,
    began: Instant,
    tree: DeclaredTree,
    points: PackedPoints,
    values_published: usize,
    samples_recorded: usize,
    log: VecDeque<(LogLevel, String)>,
    kept_lines: usize,
    /// The last problem that the run raised.
    problem: Option<riser_plugin::Problem>,
}

impl Sink {
    fn new(reply: fn(&contract::Call) -> Reply, kept_lines: usize) -> Self {
        Self {
            reply,
            began: Instant::now(),
            tree: DeclaredTree::default(),
            points: PackedPoints::default(),
            values_published: 0,
            samples_recorded: 0,
            log: VecDeque::new(),
            kept_lines,
            problem: None,
        }
    }

    /// Checks a tree as the host does, and gives its points handles.
    fn declare(&mut self, tree: &PackedTree) -> Reply {
        let declared = declared_tree(tree).map_err(|error| error.to_string());
        let checked = declared.and_then(|(tree, _)| {
            tree.check().map_err(|error| error.to_string())?;
            Ok(tree)
        });
        let tree = match checked {
            Ok(tree) => tree,
            Err(what) => return refused("tree-refused", &what),
        };
        self.points = packed_points(&stored(KEY.serve(tree.clone()).items));
        let added = u32::try_from(tree.items.len()).unwrap_or(u32::MAX);
        self.tree = tree;
        let points = self.points.clone();
        Reply::Contract(contract::Reply::Declared { points, added, changed: 0, kept: 0, vanished: 0 })
    }
}

impl Conversation for &mut Sink {
    fn take(&mut self, frame: FromWorker) {
        match frame {
            FromWorker::Log { level, text } => {
                if self.log.len() == self.kept_lines {
                    self.log.pop_front();
                }
                self.log.push_back((level, sanitize_line(&text)));
            }
            FromWorker::Notice(Notice::Problem(raised)) => self.problem = Some(plain_problem(&raised)),
            _ => {}
        }
    }

    fn reply(&mut self, call: Call) -> Reply {
        match call {
            Call::Publish { values } => {
                self.values_published += values.values().flatten().count();
                Reply::Done
            }
            Call::Record { samples } => {
                self.samples_recorded += samples.len();
                Reply::Done
            }
            Call::Latest { points } => Reply::Latest(vec![None; points.len()]),
            Call::Contract(contract::Call::Declare { tree }) => self.declare(&tree),
            Call::Contract(contract::Call::Points) => {
                Reply::Contract(contract::Reply::Points(self.points.clone()))
            }
            Call::Contract(contract::Call::Uptime) => {
                let uptime_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
                Reply::Contract(contract::Reply::UptimeMs(uptime_ms))
            }
            Call::Contract(call) => (self.reply)(&call),
        }
    }
}

/// Returns the items as if they were stored, with handles in their order.
fn stored(items: Vec<EwsItem>) -> Vec<StoredItem> {
    let place = |(number, item): (u32, EwsItem)| StoredItem {
        handle: PointHandle(number),
        position: number,
        item: Arc::new(item),
        vanished_at: None,
    };
    (1..).zip(items).map(place).collect()
}

fn refused(code: &str, what: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), what: what.to_owned() }
}
