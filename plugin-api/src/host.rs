use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use abi_stable::std_types::{RResult, RSlice, RStr};

use crate::abi::messages::{Call, ConnectionMessage, Notice, Reply, WakeMessage, WriteMessage};
use crate::abi::{HostServicesBox, SampleBatch, ServiceResult};
use crate::packing::{Batch, sample_records, served_from};
use crate::points::{Point, Points, Publication, Sample, Served};
use crate::set_points::{Wake, WriteRequest};
use crate::settings::read;
use crate::tree::{Key, Tree};
use crate::value::moment;
use crate::{Connection, ConnectionLimiter, Failure, HostError, Problem};

/// Most memory that is kept for the next batch.
const KEPT_BYTES: usize = 1 << 20;

/// The services object, shared by the objects of the kit.
pub(crate) struct Services {
    object: HostServicesBox,
    /// Memory of the last published batch.
    packed: Mutex<Vec<u8>>,
}

impl Services {
    fn publish(&self, fill: impl FnOnce(&mut Batch)) -> ServiceResult<()> {
        let kept = || self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = std::mem::take(&mut *kept());
        let mut batch = Batch::reusing(memory);
        fill(&mut batch);
        let packed = batch.into_bytes();
        let result = self.object.publish(RSlice::from_slice(&packed));
        if packed.capacity() <= KEPT_BYTES {
            *kept() = packed;
        }
        result
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Details for debugging.
    Debug,
    /// Progress of the run.
    Info,
    /// A fault that the run survives.
    Warn,
    /// A fault that needs an operator.
    Error,
}

/// The services of Riser for a run. A clone is another handle of the same services. Use both from [any thread],
/// `wait` only from the run thread.
#[derive(Clone, Debug)]
pub struct Host {
    services: Arc<Services>,
    run: Arc<RunFacts>,
}

/// The input of a run.
#[derive(Debug, Default)]
pub(crate) struct RunFacts {
    pub(crate) configuration: String,
    pub(crate) instance: String,
    pub(crate) connection: Option<ConnectionMessage>,
    pub(crate) writes: Vec<WriteMessage>,
}

/// The points of a declared tree, by the keys under which they were added.
#[derive(Debug)]
pub struct DeclaredPoints {
    by_key: Vec<Option<Point>>,
    all: Points,
    /// Items that are new, changed, kept and no longer declared.
    pub difference: (u32, u32, u32, u32),
}

impl std::ops::Index<Key> for DeclaredPoints {
    type Output = Point;

    /// # Panics
    /// For the key of a container, which is not a point.
    fn index(&self, key: Key) -> &Point {
        self.by_key[key.0].as_ref().expect("a container is not a point")
    }
}

impl DeclaredPoints {
    /// Returns all points of the tree, by id.
    pub const fn all(&self) -> &Points {
        &self.all
    }
}

impl Host {
    pub(crate) fn new(services: HostServicesBox, run: RunFacts) -> Self {
        Self {
            services: Arc::new(Services { object: services, packed: Mutex::default() }),
            run: Arc::new(run),
        }
    }

    /// Returns the name of the processor configuration. Never blocks.
    pub fn configuration(&self) -> &str {
        &self.run.configuration
    }

    /// Returns the id of this installation, which identifies it to controllers. Never blocks.
    pub fn instance(&self) -> &str {
        &self.run.instance
    }

    /// Returns the connection that the class needs. Never blocks.
    ///
    /// # Errors
    /// A permanent failure when the class has no connection of this kind, or the settings do not fit.
    pub fn connection<C: Connection>(&self) -> Result<C, Failure> {
        let message = self.run.connection.as_ref().ok_or_else(|| {
            Failure::new("this processor has no connection: choose one in its settings").permanent()
        })?;
        if message.kind.rsplit('/').next() != Some(C::ID) {
            return Err(
                Failure::new(format!("the connection {} is not a {}", message.name, C::NAME)).permanent()
            );
        }
        read::<C>(&message.settings).map_err(|faults| faults.failure(&message.name))
    }

    /// Returns the connection limiter, for a client that is not the kit's. Never blocks.
    pub fn connection_limiter(&self) -> ConnectionLimiter {
        ConnectionLimiter::new(Arc::clone(&self.services))
    }

    /// Declares the complete tree of this plugin for this connection and EWS server. Riser applies the
    /// difference in one transaction. Blocks until it is durable. [any thread]
    ///
    /// # Errors
    /// [`HostError::Refused`] with the broken rule; nothing changes then. [`HostError::Stop`] while stopping.
    pub fn declare(&self, tree: Tree) -> Result<DeclaredPoints, HostError> {
        let call = Call::Declare { tree: Box::new(tree.into_packed()) };
        let reply = Self::ask(&self.services, &call)?;
        match (call, reply) {
            (Call::Declare { tree }, Reply::Declared { points, added, changed, kept, vanished }) => {
                let all = Points::new(points);
                let by_key = (0..tree.len()).map(|place| all.find_parts(tree.id_parts(place)?)).collect();
                Ok(DeclaredPoints { by_key, all, difference: (added, changed, kept, vanished) })
            }
            _ => Err(misunderstood()),
        }
    }

    /// Returns the tree as it is stored now. Blocks for the reply. [any thread, running or stopping]
    ///
    /// # Errors
    /// [`HostError::Lost`] when the connection to the host is lost.
    pub fn points(&self) -> Result<Points, HostError> {
        match Self::ask(&self.services, &Call::Points)? {
            Reply::Points(points) => Ok(Points::new(points)),
            _ => Err(misunderstood()),
        }
    }

    /// Returns the set points that were open when the run started, as they were written together. Never blocks.
    pub fn open_set_points(&self) -> Vec<WriteRequest> {
        let mut groups: Vec<Vec<WriteMessage>> = Vec::new();
        for write in &self.run.writes {
            match groups.iter_mut().find(|group| group[0].group == write.group) {
                Some(group) => group.push(write.clone()),
                None => groups.push(vec![write.clone()]),
            }
        }
        groups.into_iter().map(|group| WriteRequest::from_messages(group, &self.services)).collect()
    }

    /// Publishes values, all or none. They are readable over EWS when the call returns. [any thread]
    ///
    /// # Errors
    /// [`HostError::Refused`] for a point of another class, another kind, or a number that is not finite.
    /// [`HostError::Stop`] while stopping.
    pub fn publish(&self, batch: &[Publication]) -> Result<(), HostError> {
        self.publish_with(|values| batch.iter().for_each(|publication| values.push(publication)))
    }

    /// Publishes the values that `fill` adds, all or none, like [`Host::publish`]. A class with many points has no list of
    /// them in memory. [any thread]
    ///
    /// # Errors
    /// Those of [`Host::publish`].
    pub fn publish_with(&self, fill: impl FnOnce(&mut Batch)) -> Result<(), HostError> {
        reply(self.services.publish(fill))
    }

    /// Reports the publish interval of this class. Riser marks values as stale after three intervals.
    /// [any thread]
    ///
    /// # Errors
    /// [`HostError`] after a stop request.
    pub fn publishes_every(&self, period: Duration) -> Result<(), HostError> {
        let period_ms = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        Self::ask(&self.services, &Call::PublishesEvery { period_ms }).map(drop)
    }

    /// Records samples of histories. Late samples are accepted; a sample for the same moment replaces the old one.
    /// They are durable when the call returns. [any thread]
    ///
    /// # Errors
    /// [`HostError::Refused`] for a point that is not a history of this class. [`HostError::Stop`] while stopping.
    pub fn record(&self, batch: &[Sample]) -> Result<(), HostError> {
        let (records, texts) = sample_records(batch);
        let batch = SampleBatch { records: RSlice::from_slice(&records), texts: RStr::from_str(&texts) };
        reply(self.services.object.record(batch))
    }

    /// Returns the served values of these points, in the order of the points; `None` for a history. [any thread]
    ///
    /// # Errors
    /// [`HostError`] after a stop request.
    pub fn latest(&self, handles: &[u32]) -> Result<Vec<Option<Served>>, HostError> {
        reply(self.services.object.latest(RSlice::from_slice(handles))).map(|batch| served_from(&batch))
    }

    /// Waits until the time is over or an event arrives. [run thread] A second thread is refused. When someone sets the
    /// clock of the machine, the wait ends early with [`Wake::Elapsed`], so that a class that waits for a wall time
    /// reads the clock again.
    ///
    /// # Errors
    /// [`HostError::Stop`] after a stop request.
    pub fn wait(&self, duration: Duration) -> Result<Wake, HostError> {
        let duration_ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let wake = reply(self.services.object.wait(duration_ns))?;
        let message: WakeMessage = serde_json::from_slice(&wake).map_err(|_| misunderstood())?;
        Ok(Wake::from_message(message, &self.services))
    }

    /// Requests a run of another class of this plugin for the same tree, such as `setup`. [any thread]
    ///
    /// # Errors
    /// [`HostError::Refused`] when no processor runs that class. [`HostError::Stop`] while stopping.
    pub fn request_run(&self, class: &str, reason: &str) -> Result<(), HostError> {
        let call = Call::RequestRun { class: class.to_owned(), reason: reason.to_owned() };
        Self::ask(&self.services, &call).map(drop)
    }

    /// Writes a line to the run's log. [any thread] Never fails.
    pub fn log(&self, level: LogLevel, text: &str) {
        let level = match level {
            LogLevel::Debug => 0,
            LogLevel::Info => 1,
            LogLevel::Warn => 2,
            LogLevel::Error => 3,
        };
        self.services.object.log(level, RStr::from_str(text));
    }

    /// Reports the current step; `of` is 0 if the total is unknown. [any thread] Never fails.
    pub fn progress(&self, step: &str, done: u64, of: u64) {
        Self::notify(&self.services, Notice::Progress { step: step.to_owned(), done, of });
    }

    /// Raises a problem in the portal, or updates the problem with the same code. [any thread] Never fails.
    pub fn raise(&self, problem: Problem) {
        Self::notify(&self.services, Notice::Problem(problem));
    }

    /// Clears the problem with this code. [any thread] Never fails.
    pub fn clear(&self, code: &str) {
        Self::notify(&self.services, Notice::ProblemCleared { code: code.to_owned() });
    }

    /// Returns the command that shows the log of this run, such as `riser log 123`: for the remedy of a problem, so
    /// that the administrator finds the cause. Blocks for the reply. [any thread, running or stopping]
    ///
    /// ```
    /// # use riser_plugin::prelude::*;
    /// # fn example(host: &Host) -> Outcome {
    /// host.raise(
    ///     Problem::new("odd-response", "the controller sent something that is not JSON")
    ///         .effect("its values are not updated")
    ///         .remedy(format!("see what it sent with `{}`", host.run_log_link()?)),
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`HostError::Refused`] during a connection test, which has no run.
    /// [`HostError::Lost`] when the connection to the host is lost.
    pub fn run_log_link(&self) -> Result<String, HostError> {
        match Self::ask(&self.services, &Call::RunLogLink)? {
            Reply::RunLogLink(command) => Ok(command),
            _ => Err(misunderstood()),
        }
    }

    /// Returns the durable values of this configuration. Never blocks.
    pub fn state(&self) -> State<'_> {
        State { host: self }
    }

    /// Returns the time since Riser started. Nobody can set it, in contrast to [`Host::now`]: use it for limits, pauses
    /// and the time of the next poll. Blocks for the reply. [any thread, running or stopping]
    ///
    /// # Errors
    /// [`HostError::Lost`] when the connection to the host is lost.
    pub fn uptime(&self) -> Result<Duration, HostError> {
        match Self::ask(&self.services, &Call::Uptime)? {
            Reply::UptimeMs(uptime_ms) => Ok(Duration::from_millis(uptime_ms)),
            _ => Err(misunderstood()),
        }
    }

    /// Returns the host's wall clock; tests move it, and people set it. [any thread] Never blocks.
    pub fn now(&self) -> SystemTime {
        moment(self.services.object.now_ns() / 1_000_000)
    }

    /// Returns random bytes of the host; tests fix them. [any thread]
    pub fn random<const COUNT: usize>(&self) -> [u8; COUNT] {
        let mut bytes = [0; COUNT];
        let given = self.services.object.random(u32::try_from(COUNT).unwrap_or(u32::MAX));
        for (byte, given) in bytes.iter_mut().zip(given) {
            *byte = given;
        }
        bytes
    }

    /// Returns whether the run must end. [any thread] Never blocks.
    pub fn is_stopping(&self) -> bool {
        self.services.object.is_stopping()
    }

    pub(crate) const fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Sends a message without a reply. Ignores a lost host, which ends the process anyway.
    pub(crate) fn notify(services: &Arc<Services>, notice: Notice) {
        let _gone = Self::ask(services, &Call::Notify(notice));
    }

    pub(crate) fn ask(services: &Arc<Services>, call: &Call) -> Result<Reply, HostError> {
        let request = serde_json::to_vec(call).map_err(|_| misunderstood())?;
        let reply = reply(services.object.call(RSlice::from_slice(&request)))?;
        // A large tree is not in memory beside the points that the host replies.
        drop(request);
        serde_json::from_slice(&reply).map_err(|_| misunderstood())
    }
}

/// Durable values of a configuration, by key; at most 1 MiB in total.
#[derive(Debug)]
pub struct State<'a> {
    host: &'a Host,
}

impl State<'_> {
    /// Reads a value. [any thread, running or stopping]
    ///
    /// # Errors
    /// [`HostError::Refused`] when the store cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<String>, HostError> {
        match Host::ask(&self.host.services, &Call::StateGet { key: key.to_owned() })? {
            Reply::State(value) => Ok(value),
            _ => Err(misunderstood()),
        }
    }

    /// Writes a value; it is durable when the call returns. [any thread, running or stopping]
    ///
    /// # Errors
    /// [`HostError::Refused`] with the code `state-full` above 1 MiB.
    pub fn put(&self, key: &str, value: &str) -> Result<(), HostError> {
        let call = Call::StatePut { key: key.to_owned(), value: value.to_owned() };
        Host::ask(&self.host.services, &call).map(drop)
    }

    /// Removes a value. [any thread, running or stopping]
    ///
    /// # Errors
    /// [`HostError::Refused`] when the store cannot be written.
    pub fn remove(&self, key: &str) -> Result<(), HostError> {
        Host::ask(&self.host.services, &Call::StateRemove { key: key.to_owned() }).map(drop)
    }
}

fn reply<T>(result: ServiceResult<T>) -> Result<T, HostError> {
    match result {
        RResult::ROk(value) => Ok(value),
        RResult::RErr(error) => Err(error.into()),
    }
}

fn misunderstood() -> HostError {
    HostError::Refused {
        code: "misunderstood".to_owned(),
        what: "host and plugin do not understand each other's messages".to_owned(),
    }
}
