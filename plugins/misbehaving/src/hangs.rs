use std::sync::{Arc, Barrier, Mutex};
use std::thread;

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

/// Goes on after each service has asked it to stop.
pub(crate) struct IgnoresStop;

impl Processor for IgnoresStop {
    type Settings = ();
    const CLASS: Class = Class::long_running("ignores-stop", "Ignores stop")
        .about("Goes on after each service has asked it to stop.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        host.log(LogLevel::Info, "working");
        loop {
            let _ignored = host.wait(Duration::from_secs(1));
            // Without a pause it would only be an endless loop.
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Two threads, each with the lock that the other one wants.
pub(crate) struct Deadlock;

impl Processor for Deadlock {
    type Settings = ();
    const CLASS: Class = Class::long_running("deadlock", "Deadlock")
        .about("Two threads, each with the lock that the other one wants.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let (one, other) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let both_locked = Arc::new(Barrier::new(2));
        let thread = {
            let (one, other, both_locked) = (Arc::clone(&one), Arc::clone(&other), Arc::clone(&both_locked));
            thread::spawn(move || lock_in_turn(&other, &one, &both_locked))
        };
        host.log(LogLevel::Info, "locking");
        lock_in_turn(&one, &other, &both_locked);
        thread.join().map_err(|_panic| Failure::new("the thread panicked"))
    }
}

fn lock_in_turn(first: &Mutex<()>, second: &Mutex<()>, both_locked: &Barrier) {
    let _first = first.lock();
    both_locked.wait();
    let _never = second.lock();
}
