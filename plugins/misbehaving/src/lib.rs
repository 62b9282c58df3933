//! A misbehaving plugin with one class per fault. It is not shipped. Tests use it to show that no fault
//! of a plugin harms the host. A new fault is a class in the file of its kind, its name below, and a row in
//! `host/tests/end_to_end/misbehaving_plugins.rs`.

mod connections;
mod crashes;
mod floods;
mod hangs;
mod left_behind;
mod needs_operator;
mod panics;
mod resources;
mod secrets;
mod signals;
mod takes_long;
mod trees;
mod values;

use connections::{DeadEnd, EndlessTest};
use crashes::{Abort, ExitZero, Segfault, StackOverflow};
use floods::{FloodsLog, FloodsValues, Prints};
use hangs::{Deadlock, EndlessLoop, IgnoresStop};
use left_behind::LeftBehind;
use needs_operator::NeedsOperator;
use panics::{DoublePanic, Panic, PanicInDrop, PanicInThread};
use resources::{ClosesDescriptors, ManyThreads, MemoryLeak, OpensFiles};
use secrets::LogsSecret;
use signals::ChangesSignalHandlers;
use takes_long::TakesLong;
use trees::{Cycle, DoubleIds, LongNames, ManyPoints};
use values::{InvalidUtf8, NotFinite, OthersPoints};

riser_plugin::export_plugin! {
    id: "riser.misbehaving",
    name: "Misbehaving",
    company: "Riser",
    about: "Fails in every way, so that tests can check the host.",
    connections: [DeadEnd, EndlessTest],
    classes: [
        Panic, PanicInDrop, DoublePanic, PanicInThread,
        Segfault, Abort, ExitZero, StackOverflow,
        EndlessLoop, IgnoresStop, Deadlock,
        MemoryLeak, ManyThreads, OpensFiles, ClosesDescriptors,
        FloodsLog, FloodsValues, Prints,
        NotFinite, InvalidUtf8, OthersPoints,
        DoubleIds, Cycle, LongNames, ManyPoints,
        ChangesSignalHandlers, LeftBehind, NeedsOperator, TakesLong, LogsSecret,
    ]
}
