//! The counter on a host in memory.

use std::time::Duration;

use riser_example::Counter;
use riser_plugin_testing::{MemoryHost, RunEnd, check_processor, json};

#[test]
fn it_counts_from_its_start_and_stops_when_asked() {
    let host = MemoryHost::new().settings(json!({ "start": 40, "step_every": "2 s" }));
    let run = host.start(Counter);
    assert_eq!(host.number("count"), Some(40.0));
    host.advance(Duration::from_secs(5));
    assert_eq!(host.number("count"), Some(42.0));
    assert_eq!(run.stop(), RunEnd::Cancelled);
}

#[test]
fn a_step_that_is_too_short_is_refused_with_the_name_of_the_setting() {
    let host = MemoryHost::new().settings(json!({ "step_every": "1 ms" }));
    let failure = host.start(Counter).end().failure();
    assert!(failure.what.ends_with("step_every takes 100 ms to 1 h"), "{}", failure.what);
}

#[test]
fn it_keeps_the_rules() {
    assert_eq!(check_processor(&MemoryHost::new(), || Counter), []);
}
