use riser_plugin::prelude::*;

/// Where it keeps that it ran before.
const RAN_BEFORE: &str = "ran-before";

/// Fails the first time with a problem for the administrator, and goes well the second time.
pub(crate) struct NeedsOperator;

impl Processor for NeedsOperator {
    type Settings = ();
    const CLASS: Class = Class::scheduled("needs-operator", "Needs operator")
        .about("Fails until an operator starts it again.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        if host.state().get(RAN_BEFORE)?.is_some() {
            return Ok(());
        }
        host.state().put(RAN_BEFORE, "yes")?;
        let problem = Problem::new("barrier-closed", "the barrier is closed")
            .effect("nothing passes")
            .remedy(format!("open the barrier and start it again; its log: `{}`", host.run_log_link()?));
        Err(Failure::problem(problem).permanent())
    }
}
