use std::sync::atomic::{AtomicUsize, Ordering};

use riser_domain::PointHandle;

use super::OperationContext;
use super::item_elements::{push_state, write_error_result};
use crate::contract::{FaultName, OperationName};
use crate::envelope::{AnswerWriter, SoapRequest};
use crate::request_elements::ids;
use crate::source::{ItemMessage, ItemSource, ItemTree, ItemView};
use crate::value_text::push_value;
use crate::version::RequestVersion;
use crate::xml::push_escaped;

/// Reads values by id.
#[derive(Debug)]
pub(crate) struct GetValues<'d> {
    ids: Vec<&'d str>,
    version: RequestVersion,
}

impl<'d> GetValues<'d> {
    pub(crate) fn read(request: &SoapRequest<'d>) -> Result<Self, FaultName> {
        let ids = ids(request.element, "GetValuesIds")?;
        if ids.is_empty() {
            return Err(FaultName::MissingIdList);
        }
        Ok(Self { ids, version: request.version })
    }

    pub(super) fn answer(self, context: OperationContext<'_>) -> String {
        self.plan(&*context.items.tree()).answer(&**context.items)
    }

    /// Everything about the answer that depends on the request and the tree alone.
    pub(crate) fn plan(self, tree: &dyn ItemTree) -> GetValuesPlan {
        let mut plan = GetValuesPlan { version: self.version, ..GetValuesPlan::default() };
        for id in self.ids {
            let handle = tree.find(id);
            match handle.and_then(|handle| Some((handle, tree.item(handle)?))) {
                Some((handle, ItemView::Value(_))) => {
                    plan.handles.push(handle);
                    plan.starts.push_str(VALUE_START);
                    push_escaped(&mut plan.starts, id);
                    plan.starts.push_str(ID_TO_STATE);
                    plan.ends.push(plan.starts.len());
                }
                _ => plan.unknown.push(id.to_owned()),
            }
        }
        plan
    }
}

const VALUE_START: &str = "<ValueItem><Id>";
const ID_TO_STATE: &str = "</Id><State>";

/// An answer that lacks only states and values. A BMS asks for the same list again and again; what is kept
/// here of the first time is all but the values.
#[derive(Debug)]
pub(crate) struct GetValuesPlan {
    version: RequestVersion,
    handles: Vec<PointHandle>,
    /// The text before each state, one after another.
    starts: String,
    /// Where each of them ends.
    ends: Vec<usize>,
    unknown: Vec<String>,
    /// Bytes of the last answer, so that the next one is written without growing.
    answer_bytes: AtomicUsize,
}

impl Default for GetValuesPlan {
    fn default() -> Self {
        Self {
            version: RequestVersion::parse(None),
            handles: Vec::new(),
            starts: String::new(),
            ends: Vec::new(),
            unknown: Vec::new(),
            answer_bytes: AtomicUsize::new(0),
        }
    }
}

impl GetValuesPlan {
    /// Bytes that the plan takes in memory.
    pub(crate) fn size_bytes(&self) -> usize {
        let unknown: usize = self.unknown.iter().map(|id| id.len() + size_of::<String>()).sum();
        self.starts.len() + self.handles.len() * (size_of::<PointHandle>() + size_of::<usize>()) + unknown
    }

    /// The whole envelope with the present values.
    pub(crate) fn answer(&self, items: &dyn ItemSource) -> String {
        let mut answer = AnswerWriter::new(OperationName::GetValues, self.version);
        answer.open("GetValuesItems");
        let text = answer.text_mut();
        text.reserve(self.answer_bytes.load(Ordering::Relaxed));
        let mut gone = Vec::new();
        let mut next = 0;
        items.read_values(&self.handles, &mut |place, value, state| {
            gone.extend(next..place);
            next = place + 1;
            text.push_str(self.start(place));
            push_state(text, state);
            text.push_str("</State><Value>");
            push_value(text, value);
            text.push_str("</Value></ValueItem>");
        });
        gone.extend(next..self.handles.len());
        answer.close("GetValuesItems");
        answer.open("GetValuesErrorResults");
        for id in &self.unknown {
            write_error_result(&mut answer, id, ItemMessage::InvalidId);
        }
        for place in gone {
            self.write_gone(&mut answer, place);
        }
        answer.close("GetValuesErrorResults");
        let text = answer.finish();
        self.answer_bytes.store(text.len(), Ordering::Relaxed);
        text
    }

    fn start(&self, place: usize) -> &str {
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.starts[from..self.ends[place]]
    }

    /// A point that was removed since the tree was looked at.
    fn write_gone(&self, answer: &mut AnswerWriter, place: usize) {
        let start = self.start(place);
        let escaped_id = &start[VALUE_START.len()..start.len() - ID_TO_STATE.len()];
        let text = answer.text_mut();
        text.push_str("<ErrorResult><Id>");
        text.push_str(escaped_id);
        text.push_str("</Id><Message>INVALID_ID</Message></ErrorResult>");
    }
}
