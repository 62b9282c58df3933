//! A host in memory, for tests of plugins: no Riser, no worker process, no waiting.
//!
//! A test makes a [`MemoryHost`], runs a [`Processor`](riser_plugin::Processor) on it and checks the results:
//! tree, values, histories, write statuses, log. The clock moves only when the test moves it, or when a class
//! that ends by itself waits.
//!
//! ```
//! # use riser_plugin::prelude::*;
//! # pub struct Counter;
//! # impl Processor for Counter {
//! #     type Settings = ();
//! #     const CLASS: Class = Class::long_running("counter", "Counter").about("Counts.");
//! #     fn run(&self, host: &Host, (): ()) -> Outcome {
//! #         let mut tree = Tree::new();
//! #         let count = tree.add(Value::new("count", "Count", Kind::Long).published_by("counter"));
//! #         let points = host.declare(tree)?;
//! #         for number in 0_i64.. {
//! #             host.publish(&[points[count].good(number)])?;
//! #             host.wait(Duration::from_secs(1))?;
//! #         }
//! #         Ok(())
//! #     }
//! # }
//! use riser_plugin_testing::{MemoryHost, RunEnd};
//!
//! let host = MemoryHost::new();
//! let run = host.start(Counter);
//! host.advance(Duration::from_secs(3));
//! assert_eq!(host.number("count"), Some(3.0));
//! assert_eq!(run.stop(), RunEnd::Cancelled);
//! ```
#![deny(missing_docs)]

mod check;
mod connection_limiter;
mod host;
mod memory;
mod records;
mod run;
mod services;
mod set_point_writes;
mod tree;
mod world;

pub use check::{Finding, check_processor};
pub use connection_limiter::LimiterReport;
pub use host::MemoryHost;
pub use memory::{LogLine, ProgressNote, RunRequest, Service, Shown, Stage, StoredSample};
pub use riser_plugin::abi::messages::{
    ActionResult, FailureMessage, ItemMessage, LimitedAction, NodeMessage, WriteState,
};
#[doc(no_inline)]
pub use riser_plugin::serde_json::json;
pub use run::{Run, RunEnd};
pub use set_point_writes::WriteStatus;
pub use tree::TreeDifference;
