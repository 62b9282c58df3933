use riser_domain::{PointHandle, Timestamp};

use super::OperationContext;
use super::item_elements::{push_state, write_more_data};
use crate::calendar_text::{parse_date_time, push_date_time};
use crate::contract::{FaultName, OperationName};
use crate::envelope::{ResponseWriter, SoapRequest};
use crate::request_elements::{check_metadata_flag, single, single_text};
use crate::source::{HistoryPage, HistoryQuery, HistoryView, ItemView};
use crate::value_text::push_value;
use crate::version::RequestVersion;

/// Distinguishes this operation's references from others.
const PURPOSE: u8 = 2;
/// Bytes of a position: history, from, to, last sample given.
const POSITION_BYTES: usize = 4 + 3 * 8;

/// Reads the samples of one history, oldest first, in pages.
#[derive(Debug)]
pub(crate) struct GetHistory<'d> {
    id: Option<&'d str>,
    more_data_ref: Option<&'d str>,
    time_from: Option<&'d str>,
    time_to: Option<&'d str>,
    version: RequestVersion,
}

impl<'d> GetHistory<'d> {
    pub(super) fn read(request: &SoapRequest<'d>) -> Result<Self, FaultName> {
        check_metadata_flag(request.element)?;
        let parameter = single(request.element, "GetHistoryParameter")?;
        let filter = single(request.element, "GetHistoryFilter")?;
        Ok(Self {
            id: single_text(parameter, "Id")?,
            more_data_ref: single_text(parameter, "MoreDataRef")?,
            time_from: single_text(filter, "TimeFrom")?,
            time_to: single_text(filter, "TimeTo")?,
            version: request.version,
        })
    }

    pub(super) async fn respond(self, context: OperationContext<'_>) -> Result<String, FaultName> {
        let tree = context.items.tree();
        let query = self.query(context, &|id| tree.find(id))?;
        let Some(ItemView::History(item)) = tree.item(query.history) else {
            return Err(FaultName::InvalidId);
        };
        let page = tokio::time::timeout(context.disk_deadline, context.items.history(query))
            .await
            .map_err(|_| FaultName::TimeOut)?
            .map_err(|_| FaultName::TimeOut)?;
        // Without a first moment the range begins with the oldest sample, also on later
        // pages.
        let from = query.from.unwrap_or_else(|| page.oldest.unwrap_or(query.to).min(query.to));
        let next = page.samples.last().filter(|_| page.has_more).map(|last| {
            let position = position_bytes(query.history, from, query.to, last.time);
            context.more_data.write(PURPOSE, context.account.id, &position, context.clock.uptime())
        });
        let mut response = ResponseWriter::new(OperationName::GetHistory, self.version);
        response.open("GetHistoryResponseStatus");
        write_more_data(&mut response, next.as_deref());
        response.element_with("TimeFrom", |text| push_date_time(text, from));
        response.element_with("TimeTo", |text| push_date_time(text, query.to));
        response.close("GetHistoryResponseStatus");
        write_records(&mut response, &item, &page);
        Ok(response.finish())
    }

    /// Returns the requested samples: by reference, or by id and range.
    fn query(
        &self,
        context: OperationContext<'_>,
        find: &dyn Fn(&str) -> Option<PointHandle>,
    ) -> Result<HistoryQuery, FaultName> {
        let limit_samples = context.server.page_size_items as usize;
        let now = context.clock.now();
        if let Some(text) = self.more_data_ref {
            let position = context
                .more_data
                .read::<POSITION_BYTES>(PURPOSE, context.account.id, text, context.clock.uptime())
                .ok_or(FaultName::InvalidReference)?;
            let (history, [from, to, after]) = read_position(&position);
            if self.id.is_some_and(|id| find(id) != Some(history)) {
                return Err(FaultName::InvalidReference);
            }
            return Ok(HistoryQuery { history, from: Some(from), to, after: Some(after), limit_samples });
        }
        let history = self.id.and_then(find).ok_or(FaultName::InvalidId)?;
        let moment = |text: Option<&str>| {
            text.map(|text| parse_date_time(text.trim(), context.zone).ok_or(FaultName::InvalidTime))
                .transpose()
        };
        let from = moment(self.time_from)?;
        let to = match moment(self.time_to)? {
            Some(to) if from.is_some_and(|from| from > to) => return Err(FaultName::InvalidTime),
            Some(to) => to,
            None => from.map_or(now, |from| from.max(now)),
        };
        Ok(HistoryQuery { history, from, to, after: None, limit_samples })
    }
}

fn write_records(response: &mut ResponseWriter, item: &HistoryView<'_>, page: &HistoryPage) {
    response.open("GetHistoryHistoryRecords");
    response.element("ValueItemId", item.value_item);
    response.element("Unit", item.unit);
    response.element("Type", item.kind.as_str());
    response.open("List");
    for sample in &page.samples {
        response.open("HistoryRecord");
        response.element_with("Value", |text| push_value(text, &sample.value));
        response.element_with("State", |text| push_state(text, sample.state));
        response.element_with("TimeStamp", |text| push_date_time(text, sample.time));
        response.close("HistoryRecord");
    }
    response.close("List");
    response.close("GetHistoryHistoryRecords");
}

fn position_bytes(history: PointHandle, from: Timestamp, to: Timestamp, after: Timestamp) -> Vec<u8> {
    let moments = [from, to, after].map(|moment| moment.unix_ms().to_be_bytes());
    [&history.0.to_be_bytes()[..], &moments.concat()].concat()
}

fn read_position(position: &[u8; POSITION_BYTES]) -> (PointHandle, [Timestamp; 3]) {
    let (history, moments) = position.split_first_chunk::<4>().expect("a position begins with four bytes");
    let (moments, _) = moments.as_chunks::<8>();
    let moment = |index: usize| Timestamp::from_unix_ms(i64::from_be_bytes(moments[index]));
    (PointHandle(u32::from_be_bytes(*history)), [moment(0), moment(1), moment(2)])
}
