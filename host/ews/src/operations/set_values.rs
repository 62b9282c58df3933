use std::sync::Arc;
use std::sync::atomic::Ordering;

use riser_calendar::Zone;
use riser_domain::AccountRights;

use super::OperationContext;
use crate::contract::{FaultName, OperationName};
use crate::envelope::{ResponseWriter, SoapRequest};
use crate::request_elements::{list, single};
use crate::source::{EwsAccount, ItemMessage, ItemTree, ItemView, SetOutcome, ValueWrite};
use crate::value_text::{ValueTextError, parse_value};
use crate::version::RequestVersion;
use crate::xml::Element;

/// Writes set points. Each is independent: a rejected one does not affect the others.
#[derive(Debug)]
pub(crate) struct SetValues<'d> {
    writes: Vec<TextWrite<'d>>,
    version: RequestVersion,
}

/// A set point as sent.
#[derive(Debug)]
struct TextWrite<'d> {
    id: &'d str,
    /// `None` if the client sent no value with the id.
    text: Option<&'d str>,
}

impl<'d> SetValues<'d> {
    pub(super) fn read(request: &SoapRequest<'d>) -> Result<Self, FaultName> {
        let writes = list(request.element, "SetValuesItems", "ValueItem")?
            .into_iter()
            .map(|item| {
                let id = single(item, "Id")?.map_or("", Element::text);
                Ok(TextWrite { id, text: single(item, "Value")?.map(Element::text) })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if writes.is_empty() {
            return Err(FaultName::MissingIdList);
        }
        if writes.iter().all(|write| write.text.is_none()) {
            return Err(FaultName::MissingValueList);
        }
        Ok(Self { writes, version: request.version })
    }

    pub(super) fn item_count(&self) -> usize {
        self.writes.len()
    }

    pub(super) async fn respond(self, context: OperationContext<'_>) -> Result<String, FaultName> {
        let mut outcomes: Vec<SetOutcome> = Vec::with_capacity(self.writes.len());
        let mut accepted: Vec<ValueWrite> = Vec::new();
        let mut indices: Vec<usize> = Vec::new();
        {
            let tree = context.items.tree();
            for (index, write) in self.writes.iter().enumerate() {
                let checked = check(write, &*tree, context.account, context.zone);
                outcomes.push(checked.as_ref().map(drop).map_err(|message| *message));
                if let Ok(write) = checked {
                    accepted.push(write);
                    indices.push(index);
                }
            }
        }
        if !accepted.is_empty() {
            let results = execute(context, accepted).await?;
            for (index, outcome) in indices.into_iter().zip(results) {
                outcomes[index] = outcome;
            }
        }
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        context.refused_items.store(refused, Ordering::Relaxed);
        let mut response = ResponseWriter::new(OperationName::SetValues, self.version);
        response.open("SetValuesResults");
        for (write, outcome) in self.writes.iter().zip(outcomes) {
            response.open("Result");
            response.element("Id", write.id);
            response.element("Success", if outcome.is_ok() { "true" } else { "false" });
            response
                .element("Message", &outcome.err().map_or_else(String::new, |message| message.to_string()));
            response.close("Result");
        }
        response.close("SetValuesResults");
        Ok(response.finish())
    }
}

/// Passes writes to the source in a separate task: a client that disconnects or times out must not leave
/// stored set points behind that are never executed.
async fn execute(
    context: OperationContext<'_>,
    writes: Vec<ValueWrite>,
) -> Result<Vec<SetOutcome>, FaultName> {
    let (items, account) = (Arc::clone(context.items), context.account.clone());
    let execution = tokio::spawn(async move { items.set_values(&account, writes).await });
    match tokio::time::timeout(context.disk_deadline, execution).await {
        Ok(Ok(Ok(outcomes))) => Ok(outcomes),
        _ => Err(FaultName::TimeOut),
    }
}

/// Checks a write against the tree, the account and the text. The source judges whether the item takes writes.
fn check(
    write: &TextWrite<'_>,
    tree: &dyn ItemTree,
    account: &EwsAccount,
    zone: &Zone,
) -> Result<ValueWrite, ItemMessage> {
    let point = tree.find(write.id).ok_or(ItemMessage::InvalidId)?;
    let Some(ItemView::Value(item)) = tree.item(point) else { return Err(ItemMessage::InvalidId) };
    if account.rights != AccountRights::ReadWrite {
        return Err(ItemMessage::PermissionDenied);
    }
    let text = write.text.ok_or(ItemMessage::InvalidValue)?;
    match parse_value(item.kind, text, zone) {
        Ok(value) => Ok(ValueWrite { point, value }),
        Err(ValueTextError::Invalid) => Err(ItemMessage::InvalidValue),
        Err(ValueTextError::OutOfRange) => Err(ItemMessage::OutOfRange),
    }
}
