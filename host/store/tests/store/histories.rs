use std::time::Duration;

use riser_domain::{HistorySample, PointHandle, Reading, Timestamp, Value, ValueState};
use riser_store::HistoryRange;

use crate::fixture::{START, TestStore};

const HISTORY: PointHandle = PointHandle(7);

fn sample(minutes: u64, value: f64) -> HistorySample {
    HistorySample { value: Value::Double(value), state: ValueState::Good, time: at(minutes) }
}

fn at(minutes: u64) -> Timestamp {
    START.plus(Duration::from_mins(minutes))
}

async fn record(test: &TestStore, samples: &[HistorySample]) {
    let samples: Vec<_> = samples.iter().map(|sample| (HISTORY, sample.clone())).collect();
    test.store.journal_samples(&samples).await.unwrap();
}

const ALL: HistoryRange =
    HistoryRange { from: Timestamp::EPOCH, to: Timestamp::from_unix_ms(i64::MAX), after: None, limit: 1_000 };

#[tokio::test]
async fn samples_are_read_in_order_before_during_and_after_a_flush() {
    let test = TestStore::new().await;
    let samples: Vec<_> = (0..1_200).map(|minute| sample(minute, 0.5)).collect();
    record(&test, &samples).await;
    let range = HistoryRange { limit: 2_000, ..ALL };
    assert_eq!(test.store.read_history(HISTORY, range).await.unwrap(), samples);
    assert_eq!(test.store.flush_journal(at(600)).await.unwrap(), 600);
    assert_eq!(test.store.read_history(HISTORY, range).await.unwrap(), samples);
    test.store.flush_journal(at(5_000)).await.unwrap();
    let (test, _) = test.start_again().await;
    assert_eq!(test.store.read_history(HISTORY, range).await.unwrap(), samples);
    assert!(test.store.read_history(PointHandle(8), range).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sample_of_the_same_time_replaces_the_earlier_one() {
    let test = TestStore::new().await;
    record(&test, &[sample(1, 1.0), sample(2, 2.0)]).await;
    test.store.flush_journal(at(10)).await.unwrap();
    record(&test, &[sample(2, 20.0)]).await;
    let expected = [sample(1, 1.0), sample(2, 20.0)];
    assert_eq!(test.store.read_history(HISTORY, ALL).await.unwrap(), expected);
    test.store.flush_journal(at(10)).await.unwrap();
    assert_eq!(test.store.read_history(HISTORY, ALL).await.unwrap(), expected);
}

#[tokio::test]
async fn consecutive_pages_have_no_gap_and_no_repetition() {
    let test = TestStore::new().await;
    let samples: Vec<_> = (0..25).map(|minute| sample(minute, 1.0)).collect();
    record(&test, &samples).await;
    test.store.flush_journal(at(13)).await.unwrap();
    let mut read = Vec::new();
    let mut range = HistoryRange { from: at(2), to: at(22), after: None, limit: 8 };
    loop {
        let page = test.store.read_history(HISTORY, range).await.unwrap();
        let Some(last) = page.last() else { break };
        range.after = Some(last.time);
        read.extend(page);
    }
    assert_eq!(read, samples[2..=22]);
}

#[tokio::test]
async fn the_span_covers_journal_and_samples() {
    let test = TestStore::new().await;
    assert_eq!(test.store.find_history_span(HISTORY).await.unwrap(), None);
    record(&test, &[sample(5, 1.0), sample(9, 1.0)]).await;
    assert_eq!(test.store.find_history_span(HISTORY).await.unwrap(), Some((at(5), at(9))));
    test.store.flush_journal(at(6)).await.unwrap();
    assert_eq!(test.store.find_history_span(HISTORY).await.unwrap(), Some((at(5), at(9))));
}

#[tokio::test]
async fn last_values_of_every_kind_are_loaded_as_they_were_stored() {
    let test = TestStore::new().await;
    let values = [
        Value::DateTime(START),
        Value::Boolean(true),
        Value::String("Occupied".into()),
        Value::Double(0.1),
        Value::Long(-5),
        Value::Integer(5),
        Value::DurationMs(90_000),
    ];
    let readings: Vec<_> = (1..)
        .map(PointHandle)
        .zip(values)
        .map(|(handle, value)| {
            let reason = Some("no response for 60 s".into());
            let state = ValueState::Offline;
            (handle, Reading { value, state, reason, source_time: START, received_time: at(1) })
        })
        .collect();
    test.store.save_last_values(&readings).await.unwrap();
    let mut newer = readings.clone();
    newer[3].1.value = Value::Double(0.2);
    newer[3].1.reason = None;
    test.store.save_last_values(&newer[3..4]).await.unwrap();
    let (test, _) = test.start_again().await;
    assert_eq!(test.store.load_last_values().await.unwrap(), newer);
}

#[tokio::test]
async fn ten_thousand_last_values_are_written_at_once() {
    let test = TestStore::new().await;
    let readings: Vec<_> = (1..=10_123)
        .map(|handle| {
            let reading = Reading {
                value: Value::Double(f64::from(handle)),
                ..Reading::never_known(riser_domain::ValueKind::Double)
            };
            (PointHandle(handle), reading)
        })
        .collect();
    test.store.save_last_values(&readings).await.unwrap();
    test.store.save_last_values(&readings).await.unwrap();
    assert_eq!(test.store.load_last_values().await.unwrap(), readings);
}
