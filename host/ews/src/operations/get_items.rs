use std::collections::HashMap;

use riser_domain::{PointHandle, Value, ValueState};

use super::OperationContext;
use super::item_elements::{push_state, write_error_results, write_history_item};
use crate::contract::{FaultName, OperationName};
use crate::envelope::{AnswerWriter, SoapRequest};
use crate::request_elements::{check_metadata_flag, ids};
use crate::source::{HistoryView, ItemView, ValueView};
use crate::value_text::push_value;
use crate::version::RequestVersion;

/// Reads values and histories by id with all that is known of them. The answer has no place for containers.
#[derive(Debug)]
pub(crate) struct GetItems<'d> {
    ids: Vec<&'d str>,
    version: RequestVersion,
}

impl<'d> GetItems<'d> {
    pub(super) fn read(request: &SoapRequest<'d>) -> Result<Self, FaultName> {
        check_metadata_flag(request.element)?;
        let ids = ids(request.element, "GetItemsIds")?;
        if ids.is_empty() {
            return Err(FaultName::MissingIdList);
        }
        Ok(Self { ids, version: request.version })
    }

    pub(super) fn answer(self, context: OperationContext<'_>) -> String {
        let tree = context.items.tree();
        let mut values: Vec<(PointHandle, ValueView<'_>)> = Vec::new();
        let mut histories: Vec<HistoryView<'_>> = Vec::new();
        let mut unknown: Vec<&str> = Vec::new();
        for id in self.ids {
            let handle = tree.find(id);
            match handle.and_then(|handle| Some((handle, tree.item(handle)?))) {
                Some((handle, ItemView::Value(item))) => values.push((handle, item)),
                Some((_, ItemView::History(item))) => histories.push(item),
                _ => unknown.push(id),
            }
        }
        let handles: Vec<PointHandle> = values.iter().map(|(handle, _)| *handle).collect();
        let mut readings: HashMap<usize, (Value, ValueState)> = HashMap::with_capacity(handles.len());
        context.items.read_values(&handles, &mut |place, value, state| {
            readings.insert(place, (value.clone(), state));
        });
        let mut answer = AnswerWriter::new(OperationName::GetItems, self.version);
        answer.open("GetItemsItems");
        answer.open("ValueItems");
        for (place, (_, item)) in values.iter().enumerate() {
            match readings.get(&place) {
                Some((value, state)) => write_value_item(&mut answer, item, value, *state),
                None => unknown.push(item.id),
            }
        }
        answer.close("ValueItems");
        answer.open("HistoryItems");
        for item in &histories {
            write_history_item(&mut answer, item);
        }
        answer.close("HistoryItems");
        answer.element("AlarmItems", "");
        answer.close("GetItemsItems");
        write_error_results(&mut answer, "GetItemsErrorResults", &unknown);
        answer.finish()
    }
}

fn write_value_item(answer: &mut AnswerWriter, item: &ValueView<'_>, value: &Value, state: ValueState) {
    answer.open("ValueItem");
    answer.element("Id", item.id);
    answer.element("Name", item.name);
    answer.element("Description", item.description);
    answer.element("Type", item.kind.name());
    answer.element_with("Value", |text| push_value(text, value));
    answer.element("Unit", item.unit);
    answer.element("Writeable", if item.set_point.is_some() { "1" } else { "0" });
    answer.element_with("State", |text| push_state(text, state));
    answer.close("ValueItem");
}
