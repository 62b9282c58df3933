use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

/// Highest signal number of a process.
const LAST_SIGNAL: i32 = 64;
/// The handler that ignores a signal.
const IGNORE: usize = 1;

/// Ignores all signals, leaves its process group, and never ends.
pub(crate) struct ChangesSignalHandlers;

impl Processor for ChangesSignalHandlers {
    type Settings = ();
    const CLASS: Class = Class::long_running("signal-handlers", "Changes signal handlers")
        .about("Ignores all signals, leaves its process group, and never ends.");

    #[expect(unsafe_code, reason = "the fault itself")]
    fn run(&self, host: &Host, (): ()) -> Outcome {
        unsafe extern "C" {
            fn signal(number: i32, handler: usize) -> usize;
            fn getppid() -> i32;
            fn getpgid(process: i32) -> i32;
            fn setpgid(process: i32, group: i32) -> i32;
        }
        // SAFETY: the calls change only this process.
        let has_left_group = unsafe {
            for number in 1..=LAST_SIGNAL {
                signal(number, IGNORE);
            }
            setpgid(0, getpgid(getppid())) == 0
        };
        host.log(LogLevel::Info, if has_left_group { "in the host's group" } else { "in its own group" });
        loop {
            let _ignored = host.wait(Duration::from_secs(1));
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
