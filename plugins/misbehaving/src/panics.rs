use std::sync::mpsc::channel;
use std::thread;

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

/// Succeeds, and panics when it is dropped.
pub(crate) struct PanicInDrop;

impl Processor for PanicInDrop {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("panic-in-drop", "Panic in drop").about("Succeeds, and panics when it is dropped.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        Ok(())
    }
}

impl Drop for PanicInDrop {
    fn drop(&mut self) {
        panic!("panicked in a drop as ordered")
    }
}

/// Panics, and panics again while the first panic drops a value.
pub(crate) struct DoublePanic;

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("panicked again as ordered")
    }
}

impl Processor for DoublePanic {
    type Settings = ();
    const CLASS: Class = Class::scheduled("double-panic", "Double panic")
        .about("Panics, and panics again while the first panic drops a value.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        let _dropped_by_the_first_panic = PanicsWhenDropped;
        panic!("panicked as ordered")
    }
}

/// Panics in a thread, and waits for the value that the thread should have sent.
pub(crate) struct PanicInThread;

impl Processor for PanicInThread {
    type Settings = ();
    const CLASS: Class = Class::scheduled("panic-in-thread", "Panic in a thread")
        .about("Panics in a thread, and needs the value that the thread should have sent.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        let (sender, received) = channel::<()>();
        thread::spawn(move || {
            let _dropped_by_the_panic = sender;
            panic!("panicked in a thread as ordered")
        });
        Ok(received.recv()?)
    }
}
