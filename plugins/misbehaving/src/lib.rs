//! A plugin that does everything wrong, one class for each crime. Not shipped: tests prove with it that nothing
//! a plugin does hurts the host. A new crime is a file here, a class below, and a row in
//! `host/worker/tests/worker_processes/crimes.rs`.

mod dead_end;
mod endless_loop;
mod left_behind;
mod memory_leak;
mod needs_operator;
mod panic;
mod segfault;

use dead_end::DeadEnd;
use endless_loop::EndlessLoop;
use left_behind::LeftBehind;
use memory_leak::MemoryLeak;
use needs_operator::NeedsSomebody;
use panic::Panic;
use segfault::Segfault;

riser_plugin::export_plugin! {
    id: "riser.misbehaving",
    name: "Misbehaving",
    company: "Riser",
    about: "Commits crimes, so that tests can see that they harm nobody.",
    connections: [DeadEnd],
    classes: [Panic, Segfault, EndlessLoop, MemoryLeak, LeftBehind, NeedsSomebody]
}
