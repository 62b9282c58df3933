//! The metronome on a host in memory.

use std::time::Duration;

use riser_metronome::{Metronome, Year};
use riser_plugin_testing::{MemoryHost, RunEnd, check_processor, json};

#[test]
fn all_points_change_at_each_beat() {
    let host = MemoryHost::new().settings(json!({ "points": 1_500, "beat_every": "1 s" }));
    let run = host.start(Metronome);
    host.advance(Duration::from_secs(2));
    for id in ["folder-0/point-0/Beat", "folder-1/point-1499/Beat"] {
        assert_eq!(host.number(id), Some(3.25), "{id}");
    }
    assert!(host.number("published-at-ns").is_some_and(|moment| moment > 1e18));
    assert_eq!(run.stop(), RunEnd::Cancelled);
}

#[test]
fn it_keeps_the_rules() {
    let host = MemoryHost::new().settings(json!({ "points": 10, "beat_every": "1 s" }));
    assert_eq!(check_processor(&host, || Metronome), []);
}

#[test]
fn a_year_keeps_the_rules() {
    assert_eq!(check_processor(&MemoryHost::new(), || Year), []);
}
