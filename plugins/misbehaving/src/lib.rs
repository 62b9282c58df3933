//! A misbehaving plugin with one class per fault. It is not shipped. Tests use it to show that no fault
//! of a plugin harms the host. A new fault is a file here, a class below, and a row in
//! `host/worker-host/tests/worker_processes/misbehaving_plugins.rs`.

mod dead_end;
mod endless_loop;
mod left_behind;
mod memory_leak;
mod needs_operator;
mod panic;
mod segfault;
mod takes_long;

use dead_end::DeadEnd;
use endless_loop::EndlessLoop;
use left_behind::LeftBehind;
use memory_leak::MemoryLeak;
use needs_operator::NeedsOperator;
use panic::Panic;
use segfault::Segfault;
use takes_long::TakesLong;

riser_plugin::export_plugin! {
    id: "riser.misbehaving",
    name: "Misbehaving",
    company: "Riser",
    about: "Fails in every way, so that tests can check the host.",
    connections: [DeadEnd],
    classes: [Panic, Segfault, EndlessLoop, MemoryLeak, LeftBehind, NeedsOperator, TakesLong]
}
