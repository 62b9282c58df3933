use std::collections::HashMap;

use riser_domain::{PointHandle, Value, ValueState};

use super::OperationContext;
use super::item_elements::{push_state, write_error_results, write_history_item};
use crate::contract::{FaultName, OperationName};
use crate::envelope::{ResponseWriter, SoapRequest};
use crate::request_elements::{check_metadata_flag, ids};
use crate::source::{HistoryView, ItemView, ValueView};
use crate::value_text::push_value;
use crate::version::RequestVersion;

/// Reads values and histories by id with all their properties. The response type has no containers.
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

    pub(super) fn item_count(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn respond(self, context: OperationContext<'_>) -> String {
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
        context.items.read_values(&handles, &mut |index, value, state| {
            readings.insert(index, (value.clone(), state));
        });
        let mut response = ResponseWriter::new(OperationName::GetItems, self.version);
        response.open("GetItemsItems");
        response.open("ValueItems");
        for (index, (_, item)) in values.iter().enumerate() {
            match readings.get(&index) {
                Some((value, state)) => write_value_item(&mut response, item, value, *state),
                None => unknown.push(item.id),
            }
        }
        response.close("ValueItems");
        response.open("HistoryItems");
        for item in &histories {
            write_history_item(&mut response, item);
        }
        response.close("HistoryItems");
        response.element("AlarmItems", "");
        response.close("GetItemsItems");
        write_error_results(&mut response, "GetItemsErrorResults", &unknown);
        response.finish()
    }
}

fn write_value_item(response: &mut ResponseWriter, item: &ValueView<'_>, value: &Value, state: ValueState) {
    response.open("ValueItem");
    response.element("Id", item.id);
    response.element("Name", item.name);
    response.element("Description", item.description);
    response.element("Type", item.kind.as_str());
    response.element_with("Value", |text| push_value(text, value));
    response.element("Unit", item.unit);
    response.element("Writeable", if item.set_point.is_some() { "1" } else { "0" });
    response.element_with("State", |text| push_state(text, state));
    response.close("ValueItem");
}
