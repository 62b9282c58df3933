//! Elements that several responses share. Their order is the contract's sequence.

use riser_domain::ValueState;

use crate::envelope::ResponseWriter;
use crate::source::{HistoryView, ItemMessage};

/// Writes the list of rejected ids, also when it is empty.
pub(super) fn write_error_results(response: &mut ResponseWriter, wrapper: &str, ids: &[&str]) {
    response.open(wrapper);
    for id in ids {
        write_error_result(response, id, ItemMessage::InvalidId);
    }
    response.close(wrapper);
}

pub(super) fn write_error_result(response: &mut ResponseWriter, id: &str, message: ItemMessage) {
    response.open("ErrorResult");
    response.element("Id", id);
    response.element("Message", &message.to_string());
    response.close("ErrorResult");
}

/// Writes whether more pages follow, and the reference to the next one.
pub(super) fn write_more_data(response: &mut ResponseWriter, more_data_ref: Option<&str>) {
    response.element("MoreDataAvailable", if more_data_ref.is_some() { "true" } else { "false" });
    response.element("MoreDataRef", more_data_ref.unwrap_or_default());
}

/// Writes a history item, which looks the same in every list.
pub(super) fn write_history_item(response: &mut ResponseWriter, item: &HistoryView<'_>) {
    response.open("HistoryItem");
    response.element("Id", item.id);
    response.element("Name", item.name);
    response.element("Description", item.description);
    response.element("Type", item.kind.as_str());
    response.element("Unit", item.unit);
    response.element("ValueItemId", item.value_item);
    response.close("HistoryItem");
}

/// Appends the digit of a state.
pub(super) fn push_state(out: &mut String, state: ValueState) {
    out.push(char::from(b'0' + state.number()));
}
