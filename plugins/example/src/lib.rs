//! Counts up: the smallest complete plugin.
use riser_plugin::prelude::*;

/// Settings of the counter.
#[derive(Settings)]
pub struct CounterSettings {
    /// First number to publish.
    #[setting(default = 0)]
    start: i64,
    /// Time between two steps.
    #[setting(default = "1 s", min = "100 ms", max = "1 h")]
    step_every: Duration,
}

/// Publishes a number that grows.
pub struct Counter;

impl Processor for Counter {
    type Settings = CounterSettings;
    const CLASS: Class = Class::long_running("counter", "Counter").about("Publishes a number that grows.");

    fn run(&self, host: &Host, settings: CounterSettings) -> Outcome {
        let mut tree = Tree::new();
        let count = tree.add(Value::new("count", "Count", Kind::Long).published_by("counter"));
        let points = host.declare(tree)?;
        host.publishes_every(settings.step_every)?;
        let mut number = settings.start;
        loop {
            host.publish(&[points[count].good(number)])?;
            number += 1;
            if let Wake::Write(write) = host.wait(settings.step_every)? {
                write.reject("the counter is not writable");
            }
        }
    }
}

export_plugin! { id: "riser.example", name: "Example", company: "Riser", classes: [Counter] }
