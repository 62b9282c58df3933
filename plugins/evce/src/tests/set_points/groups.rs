//! Reduction and validity of a zone are a group: its parts become one call of the controller.

use std::time::Duration;

use riser_plugin::PointValue;
use serde_json::json;

use super::{PUT_REDUCTION, REDUCTION, VALIDITY, percent};
use crate::tests::Site;
use crate::tests::controller::START_MS;

fn in_20_min() -> PointValue {
    PointValue::DateTimeMs(START_MS + 20 * 60_000)
}

#[test]
fn parts_written_within_half_a_second_become_one_put_in_either_order() {
    for validity_is_first in [false, true] {
        let site = Site::set_up();
        let status = site.status();
        let parts = [(REDUCTION, percent(30.0)), (VALIDITY, in_20_min())];
        let [first, second] = if validity_is_first { [1, 0] } else { [0, 1] };
        let first = site.host.begin_write(&parts[first..=first])[0];
        site.host.advance(Duration::from_millis(400));
        assert!(site.host.states(first).is_empty(), "it waits for the other part");
        let second = site.host.begin_write(&parts[second..=second])[0];
        for write in [first, second] {
            assert_eq!(site.host.states(write), ["Sent", "Confirmed"], "{validity_is_first}");
        }
        let put = site.controller.put(PUT_REDUCTION);
        assert_eq!(put.len(), 1, "{put:?}");
        assert_eq!((&put[0]["value"], &put[0]["validity"]), (&json!(30.0), &json!("2026-01-05T06:20:15Z")));
        status.stop();
    }
}

#[test]
fn a_whole_group_is_written_at_once_and_a_part_after_half_a_second_with_words_for_the_rest() {
    let site = Site::set_up();
    let status = site.status();
    for write in site.host.begin_write(&[(REDUCTION, percent(30.0)), (VALIDITY, in_20_min())]) {
        assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
        assert_eq!(site.host.reason(write), "");
    }
    let reduction = site.host.begin_write(&[(REDUCTION, percent(40.0))])[0];
    assert!(site.host.states(reduction).is_empty());
    site.host.advance(Duration::from_millis(500));
    assert_eq!(site.host.reason(reduction), "Riser renews it until the BMS writes 0 or a validity");
    let validity = site.host.write(&[(VALIDITY, in_20_min())])[0];
    assert_eq!(site.host.reason(validity), "this ends the present reduction of 40 %");
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 3);
    status.stop();
}

#[test]
fn one_wrong_part_rejects_the_whole_group() {
    let site = Site::set_up();
    site.controller.advance("1h");
    let status = site.status();
    let first = site.host.begin_write(&[(REDUCTION, percent(30.0))])[0];
    let second = site.host.begin_write(&[(VALIDITY, in_20_min())])[0];
    for write in [first, second] {
        assert_eq!(site.host.states(write), ["Rejected"]);
    }
    assert!(site.controller.put(PUT_REDUCTION).is_empty());
    status.stop();
}

#[test]
fn a_part_that_is_written_again_and_again_does_not_wait_longer() {
    let site = Site::set_up();
    let status = site.status();
    let mut last = 0;
    for step in 0..4 {
        last = site.host.begin_write(&[(REDUCTION, percent(30.0 + f64::from(step)))])[0];
        site.host.advance(Duration::from_millis(200));
    }
    assert_eq!(site.controller.put(PUT_REDUCTION)[0]["value"], 32.0, "the newest after 500 ms");
    site.host.advance(Duration::from_millis(500));
    assert_eq!(site.host.states(last), ["Sent", "Confirmed"]);
    assert_eq!(site.host.shown(REDUCTION), "33 Good");
    status.stop();
}
