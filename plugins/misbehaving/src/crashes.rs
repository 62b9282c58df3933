use std::hint::black_box;

use riser_plugin::prelude::*;

/// Writes to memory that is not mapped.
pub(crate) struct Segfault;

impl Processor for Segfault {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("segfault", "Segfault").about("Writes to memory that is not mapped.");

    #[expect(unsafe_code, reason = "the fault itself")]
    fn run(&self, _host: &Host, (): ()) -> Outcome {
        // An address in the first page, which no system maps; not null, which debug builds check for.
        let nowhere = black_box(16_usize) as *mut u8;
        // SAFETY: none; this is meant to end the process.
        unsafe { nowhere.write_volatile(1) };
        Ok(())
    }
}

/// Aborts its process.
pub(crate) struct Abort;

impl Processor for Abort {
    type Settings = ();
    const CLASS: Class = Class::scheduled("abort", "Abort").about("Aborts its process.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        std::process::abort()
    }
}

/// Ends its process as if all were well.
pub(crate) struct ExitZero;

impl Processor for ExitZero {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("exit-zero", "Exit 0").about("Ends its process as if all were well.");

    #[expect(clippy::disallowed_methods, reason = "the fault itself")]
    fn run(&self, _host: &Host, (): ()) -> Outcome {
        std::process::exit(0)
    }
}

/// Calls itself without end.
pub(crate) struct StackOverflow;

impl Processor for StackOverflow {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("stack-overflow", "Stack overflow").about("Calls itself without end.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        host.log(riser_plugin::LogLevel::Info, &format!("{} calls", calls(1)));
        Ok(())
    }
}

fn calls(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if frame[0] == u64::MAX { 0 } else { calls(black_box(depth + 1)).wrapping_add(frame[1]) }
}
