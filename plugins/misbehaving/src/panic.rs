use riser_plugin::prelude::*;

/// Panics in the middle of its work.
pub(crate) struct Panic;

impl Processor for Panic {
    type Settings = ();
    const CLASS: Class = Class::scheduled("panic", "Panic").about("Panics in the middle of its work.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        panic!("panicked as ordered")
    }
}
