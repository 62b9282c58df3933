//! The columns of a value: its type as a number, and one of three columns for its content.

use std::sync::Arc;

use riser_domain::{Timestamp, Value, ValueState};

use crate::StoreError;

/// The columns `value_type`, `value_number`, `value_whole` and `value_text`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueColumns {
    pub(crate) value_type: i64,
    pub(crate) number: Option<f64>,
    pub(crate) whole: Option<i64>,
    pub(crate) text: Option<Arc<str>>,
}

/// The numbers of the types in the files. Their meaning never changes.
mod value_type {
    pub(super) const DATE_TIME: i64 = 0;
    pub(super) const BOOLEAN: i64 = 1;
    pub(super) const STRING: i64 = 2;
    pub(super) const DOUBLE: i64 = 3;
    pub(super) const LONG: i64 = 4;
    pub(super) const INTEGER: i64 = 5;
    pub(super) const DURATION: i64 = 6;
}

impl From<&Value> for ValueColumns {
    fn from(value: &Value) -> Self {
        let whole = |value_type, whole| Self { value_type, number: None, whole: Some(whole), text: None };
        match value {
            Value::DateTime(moment) => whole(value_type::DATE_TIME, moment.unix_ms()),
            Value::Boolean(is_true) => whole(value_type::BOOLEAN, i64::from(*is_true)),
            Value::Long(number) => whole(value_type::LONG, *number),
            Value::Integer(number) => whole(value_type::INTEGER, i64::from(*number)),
            Value::DurationMs(ms) => whole(value_type::DURATION, *ms),
            Value::Double(number) => {
                Self { value_type: value_type::DOUBLE, number: Some(*number), whole: None, text: None }
            }
            Value::String(text) => Self {
                value_type: value_type::STRING,
                number: None,
                whole: None,
                text: Some(Arc::clone(text)),
            },
        }
    }
}

impl ValueColumns {
    /// Returns the value. `table` and `row` name it in the error if it is damaged.
    pub(crate) fn into_value(self, table: &'static str, row: &impl ToString) -> Result<Value, StoreError> {
        let value = match (self.value_type, self.whole, self.number, self.text) {
            (value_type::DATE_TIME, Some(ms), ..) => Some(Value::DateTime(Timestamp::from_unix_ms(ms))),
            (value_type::BOOLEAN, Some(whole), ..) => Some(Value::Boolean(whole != 0)),
            (value_type::LONG, Some(whole), ..) => Some(Value::Long(whole)),
            (value_type::INTEGER, Some(whole), ..) => i32::try_from(whole).ok().map(Value::Integer),
            (value_type::DURATION, Some(ms), ..) => Some(Value::DurationMs(ms)),
            (value_type::DOUBLE, _, Some(number), _) => Some(Value::Double(number)),
            (value_type::STRING, .., Some(text)) => Some(Value::String(text)),
            _ => None,
        };
        value.ok_or_else(|| StoreError::damaged(table, "value_type", row))
    }
}

/// Returns the state with a stored number.
pub(crate) fn state_from(
    number: i64,
    table: &'static str,
    row: &impl ToString,
) -> Result<ValueState, StoreError> {
    u8::try_from(number)
        .ok()
        .and_then(ValueState::from_number)
        .ok_or_else(|| StoreError::damaged(table, "state", row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_loaded_as_it_was_stored() {
        let values = [
            Value::DateTime(Timestamp::from_unix_ms(-1)),
            Value::Boolean(true),
            Value::String(Arc::from("")),
            Value::Double(0.1 + 0.2),
            Value::Long(i64::MIN),
            Value::Integer(i32::MAX),
            Value::DurationMs(90_000),
        ];
        for value in values {
            assert_eq!(ValueColumns::from(&value).into_value("last_values", &1).unwrap(), value);
        }
    }

    #[test]
    fn an_integer_that_does_not_fit_is_damaged_data() {
        let columns = ValueColumns { value_type: 5, number: None, whole: Some(i64::MAX), text: None };
        assert_eq!(
            columns.into_value("last_values", &7).unwrap_err().to_string(),
            "damaged data in table last_values, column value_type, row 7; restore a backup of the data directory"
        );
    }
}
