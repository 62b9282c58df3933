use riser_plugin::prelude::*;

/// Bytes per allocation.
const STEP_BYTES: usize = 4 << 20;

/// Allocates memory, uses it, and never frees it.
pub(crate) struct MemoryLeak;

impl Processor for MemoryLeak {
    type Settings = ();
    const CLASS: Class =
        Class::long_running("memory-leak", "Memory leak").about("Allocates memory and never frees it.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut kept = Vec::new();
        loop {
            kept.push(vec![1_u8; STEP_BYTES]);
            std::hint::black_box(&kept);
            host.wait(Duration::from_millis(1))?;
        }
    }
}
