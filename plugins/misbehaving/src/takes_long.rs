use std::time::Duration;

use riser_plugin::prelude::*;

/// Works until it is asked to stop, although it is a class that ends by itself.
pub(crate) struct TakesLong;

impl Processor for TakesLong {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("takes-long", "Takes long").about("Works until it is asked to stop.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        loop {
            host.wait(Duration::from_mins(1))?;
        }
    }
}
