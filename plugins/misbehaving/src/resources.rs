use std::fs::File;
use std::thread;

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

/// Bytes that are kept each time.
const LEAK_BYTES: usize = 1 << 20;
/// With it, 100 MB each second.
const LEAK_INTERVAL: Duration = Duration::from_millis(10);

/// Allocates memory, uses it, and never frees it.
pub(crate) struct MemoryLeak;

impl Processor for MemoryLeak {
    type Settings = ();
    const CLASS: Class = Class::long_running("memory-leak", "Memory leak")
        .about("Allocates 100 MB each second and never frees it.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut kept = Vec::new();
        loop {
            kept.push(vec![1_u8; LEAK_BYTES]);
            std::hint::black_box(&kept);
            host.wait(LEAK_INTERVAL)?;
        }
    }
}

/// Threads that it starts.
const THREADS: usize = 10_000;
/// Small, so that memory is not what ends them.
const STACK_BYTES: usize = 16 * 1024;

/// Starts 10,000 threads that wait for ever.
pub(crate) struct ManyThreads;

impl Processor for ManyThreads {
    type Settings = ();
    const CLASS: Class = Class::long_running("many-threads", "Many threads")
        .about("Starts 10,000 threads that wait for ever.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        for _ in 0..THREADS {
            // It goes on with those that it got.
            let _refused = thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
                loop {
                    thread::park();
                }
            });
        }
        loop {
            host.wait(Duration::from_mins(1))?;
        }
    }
}

/// Opens files until none is left.
pub(crate) struct OpensFiles;

impl Processor for OpensFiles {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("opens-files", "Opens files").about("Opens files until none is left.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        let mut open = Vec::new();
        loop {
            open.push(File::open("/dev/null")?);
        }
    }
}

/// Highest descriptor that it closes.
const LAST_DESCRIPTOR: i32 = 1_000;

/// Closes all descriptors of its process, and works on.
pub(crate) struct ClosesDescriptors;

impl Processor for ClosesDescriptors {
    type Settings = ();
    const CLASS: Class = Class::long_running("closes-descriptors", "Closes descriptors")
        .about("Closes all descriptors of its process, and works on.");

    #[expect(unsafe_code, reason = "the fault itself")]
    fn run(&self, host: &Host, (): ()) -> Outcome {
        unsafe extern "C" {
            fn close(descriptor: i32) -> i32;
        }
        host.log(LogLevel::Info, "closing");
        for descriptor in 0..=LAST_DESCRIPTOR {
            // SAFETY: none; this takes descriptors away from their owners.
            unsafe { close(descriptor) };
        }
        loop {
            host.wait(Duration::from_mins(1))?;
        }
    }
}
