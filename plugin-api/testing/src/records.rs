//! Records of batches, read as the kit's own types.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use riser_plugin::abi::SampleRecord;
use riser_plugin::abi::messages::{ItemMessage, NodeMessage};
use riser_plugin::abi::packed_values::PackedValue;
use riser_plugin::{Kind, PointValue, ValueState, unpacked};

const NS_PER_MS: i64 = 1_000_000;

pub(crate) fn moment(unix_ns: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(unix_ns.unsigned_abs())
}

pub(crate) fn unix_ns(moment: SystemTime) -> i64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

pub(crate) fn unix_ms(moment: SystemTime) -> i64 {
    unix_ns(moment) / NS_PER_MS
}

/// A published value that passed the checks.
#[derive(Debug)]
pub(crate) struct CheckedValue {
    pub(crate) handle: u32,
    pub(crate) value: Option<PointValue>,
    pub(crate) state: ValueState,
    pub(crate) reason: Option<String>,
    pub(crate) source_time: Option<SystemTime>,
}

/// Checks a value as the host does.
pub(crate) fn checked(
    packed: &PackedValue<'_>,
    item: Option<&ItemMessage>,
    class: &str,
) -> Result<CheckedValue, String> {
    let handle = packed.handle;
    let Some(ItemMessage { id, node: NodeMessage::Value { kind, published_by, .. }, .. }) = item else {
        return Err(format!("{handle} is not a value of the declared tree"));
    };
    if published_by != class {
        return Err(format!("the value {id} is written by the class {published_by:?}"));
    }
    let value = unpacked(packed.tag, packed.bits, packed.text);
    check_value(id, *kind, value.as_ref())?;
    let reason = packed.reason;
    Ok(CheckedValue {
        handle,
        value,
        state: state(packed.state)?,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        source_time: packed.source_time_ms.map(|ms| moment(ms.saturating_mul(NS_PER_MS))),
    })
}

/// Checks a sample as the host does.
pub(crate) fn checked_sample(
    record: &SampleRecord,
    texts: &str,
    item: Option<&ItemMessage>,
    class: &str,
) -> Result<(PointValue, ValueState), String> {
    let Some(ItemMessage { id, node: NodeMessage::History { kind, published_by, .. }, .. }) = item else {
        return Err(format!("{} is not a history of this tree", record.handle));
    };
    if published_by != class {
        return Err(format!("the history {id} is recorded by the class {published_by}"));
    }
    let value = unpacked(record.tag, record.bits, record.text.of(texts));
    check_value(id, *kind, value.as_ref())?;
    let value = value.ok_or_else(|| format!("a sample of {id} has no value"))?;
    Ok((value, state(record.state)?))
}

fn check_value(id: &str, kind: Kind, value: Option<&PointValue>) -> Result<(), String> {
    match value {
        Some(PointValue::Double(number)) if !number.is_finite() => {
            Err(format!("a number of {id} is not finite"))
        }
        Some(value) if value.kind() != kind => {
            Err(format!("{id} is a {} and was given a {}", kind.name(), value.kind().name()))
        }
        _ => Ok(()),
    }
}

fn state(number: u8) -> Result<ValueState, String> {
    ValueState::from_number(number)
        .filter(|state| *state != ValueState::Forced)
        .ok_or_else(|| format!("{number} is not a value state that a processor may publish"))
}
