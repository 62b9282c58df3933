//! Elements that several answers have in common. Their order is the contract's sequence.

use riser_domain::ValueState;

use crate::envelope::AnswerWriter;
use crate::source::{HistoryView, ItemMessage};

/// The list of the ids that were refused, written even when it is empty.
pub(super) fn write_error_results(answer: &mut AnswerWriter, wrapper: &str, ids: &[&str]) {
    answer.open(wrapper);
    for id in ids {
        write_error_result(answer, id, ItemMessage::InvalidId);
    }
    answer.close(wrapper);
}

pub(super) fn write_error_result(answer: &mut AnswerWriter, id: &str, message: ItemMessage) {
    answer.open("ErrorResult");
    answer.element("Id", id);
    answer.element("Message", &message.to_string());
    answer.close("ErrorResult");
}

/// Whether more pages follow, and the way to the next one.
pub(super) fn write_more_data(answer: &mut AnswerWriter, more_data_ref: Option<&str>) {
    answer.element("MoreDataAvailable", if more_data_ref.is_some() { "true" } else { "false" });
    answer.element("MoreDataRef", more_data_ref.unwrap_or_default());
}

/// A history item; it looks the same in every list.
pub(super) fn write_history_item(answer: &mut AnswerWriter, item: &HistoryView<'_>) {
    answer.open("HistoryItem");
    answer.element("Id", item.id);
    answer.element("Name", item.name);
    answer.element("Description", item.description);
    answer.element("Type", item.kind.name());
    answer.element("Unit", item.unit);
    answer.element("ValueItemId", item.value_item);
    answer.close("HistoryItem");
}

/// The digit of a state.
pub(super) fn push_state(out: &mut String, state: ValueState) {
    out.push(char::from(b'0' + state.number()));
}
