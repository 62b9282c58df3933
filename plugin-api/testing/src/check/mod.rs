//! The rules that every plugin must keep.

mod behaviour;
mod description;
mod tree;

use std::fmt;

use riser_plugin::Processor;

use crate::host::MemoryHost;

/// A rule that a class does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule, in a few words.
    pub rule: &'static str,
    /// The finding and its position.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// Checks a class: its description is complete, its settings and their defaults can be read, the declared tree is
/// well formed and the same the second time, it publishes what it declared, it stops within 2 s, survives a
/// refused service, and no secret is in any of its texts. Returns the findings; a test expects none.
///
/// The host has the settings and the connection for a run that goes well, and the tree if another class of the
/// plugin declares it. It stays as it is: each rule is tried on a copy of it.
///
/// ```
/// # use riser_plugin::prelude::*;
/// # pub struct Quiet;
/// # impl Processor for Quiet {
/// #     type Settings = ();
/// #     const CLASS: Class = Class::scheduled("quiet", "Quiet").about("Does nothing.");
/// #     fn run(&self, _: &Host, (): ()) -> Outcome {
/// #         Ok(())
/// #     }
/// # }
/// use riser_plugin_testing::{MemoryHost, check_processor};
///
/// assert_eq!(check_processor(&MemoryHost::new(), || Quiet), []);
/// ```
#[must_use]
pub fn check_processor<P: Processor>(host: &MemoryHost, make: impl Fn() -> P) -> Vec<Finding> {
    let mut findings = description::findings::<P>();
    findings.extend(behaviour::findings(host, make));
    findings
}

fn finding(rule: &'static str, what: impl Into<String>) -> Finding {
    Finding { rule, what: what.into() }
}

/// Returns whether the text is valid as the id of a class or a setting.
fn is_id(id: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !id.is_empty() && id.len() <= 100 && id.bytes().all(may_stand)
}
