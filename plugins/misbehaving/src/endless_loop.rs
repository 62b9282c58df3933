use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

/// Computes for ever and never checks whether it should stop.
pub(crate) struct EndlessLoop;

impl Processor for EndlessLoop {
    type Settings = ();
    const CLASS: Class = Class::long_running("endless-loop", "Endless loop")
        .about("Computes for ever and never checks whether it should stop.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        host.log(LogLevel::Info, "looping");
        loop {
            std::hint::spin_loop();
        }
    }
}
