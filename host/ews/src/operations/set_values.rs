use std::sync::Arc;

use chrono_tz::Tz;
use riser_domain::AccountRights;

use super::OperationContext;
use crate::contract::{FaultName, OperationName};
use crate::envelope::{AnswerWriter, SoapRequest};
use crate::request_elements::{list, single};
use crate::source::{EwsAccount, ItemMessage, ItemTree, ItemView, SetOutcome, ValueWrite};
use crate::value_text::{ValueTextError, parse_value};
use crate::version::RequestVersion;
use crate::xml::Element;

/// Writes set points. Each stands for itself: one that is refused does not hold up the others.
#[derive(Debug)]
pub(crate) struct SetValues<'d> {
    writes: Vec<TextWrite<'d>>,
    version: RequestVersion,
}

/// A set point as it was sent.
#[derive(Debug)]
struct TextWrite<'d> {
    id: &'d str,
    /// `None` when no value came with the id.
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

    pub(super) async fn answer(self, context: OperationContext<'_>) -> Result<String, FaultName> {
        let mut outcomes: Vec<SetOutcome> = Vec::with_capacity(self.writes.len());
        let mut accepted: Vec<ValueWrite> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        {
            let tree = context.items.tree();
            for (place, write) in self.writes.iter().enumerate() {
                let checked = check(write, &*tree, context.account, context.zone);
                outcomes.push(checked.as_ref().map(drop).map_err(|message| *message));
                if let Ok(write) = checked {
                    accepted.push(write);
                    places.push(place);
                }
            }
        }
        if !accepted.is_empty() {
            let answered = execute(context, accepted).await?;
            for (place, outcome) in places.into_iter().zip(answered) {
                outcomes[place] = outcome;
            }
        }
        let mut answer = AnswerWriter::new(OperationName::SetValues, self.version);
        answer.open("SetValuesResults");
        for (write, outcome) in self.writes.iter().zip(outcomes) {
            answer.open("Result");
            answer.element("Id", write.id);
            answer.element("Success", if outcome.is_ok() { "true" } else { "false" });
            answer.element("Message", &outcome.err().map_or_else(String::new, |message| message.to_string()));
            answer.close("Result");
        }
        answer.close("SetValuesResults");
        Ok(answer.finish())
    }
}

/// Has writes accepted, in a task of their own: a client that hangs up, or waits no longer, must not leave set
/// points behind that are stored and never carried out.
async fn execute(
    context: OperationContext<'_>,
    writes: Vec<ValueWrite>,
) -> Result<Vec<SetOutcome>, FaultName> {
    let (items, account) = (Arc::clone(context.items), context.account.clone());
    let carrying_out = tokio::spawn(async move { items.set_values(&account, writes).await });
    match tokio::time::timeout(context.disk_deadline, carrying_out).await {
        Ok(Ok(Ok(outcomes))) => Ok(outcomes),
        _ => Err(FaultName::TimeOut),
    }
}

/// Checks item, account and text. Whether the item takes writes is the source's to judge.
fn check(
    write: &TextWrite<'_>,
    tree: &dyn ItemTree,
    account: &EwsAccount,
    zone: Tz,
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
