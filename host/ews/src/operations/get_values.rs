use std::sync::atomic::{AtomicUsize, Ordering};

use riser_domain::PointHandle;

use super::OperationContext;
use super::item_elements::{push_state, write_error_result};
use crate::contract::{FaultName, OperationName};
use crate::envelope::{ResponseWriter, SoapRequest};
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

    pub(super) fn item_count(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn respond(self, context: OperationContext<'_>) -> String {
        self.plan(&*context.items.tree()).respond(&**context.items)
    }

    /// Prepares the part of the response that depends on request and tree only.
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

/// A response that lacks only states and values. A BMS repeats the same list, so everything else is prepared
/// once.
#[derive(Debug)]
pub(crate) struct GetValuesPlan {
    version: RequestVersion,
    handles: Vec<PointHandle>,
    /// The text before each state, one after another.
    starts: String,
    /// The end of each of them.
    ends: Vec<usize>,
    unknown: Vec<String>,
    /// Bytes of the last response: the next one is written without reallocation.
    response_bytes: AtomicUsize,
}

impl Default for GetValuesPlan {
    fn default() -> Self {
        Self {
            version: RequestVersion::parse(None),
            handles: Vec::new(),
            starts: String::new(),
            ends: Vec::new(),
            unknown: Vec::new(),
            response_bytes: AtomicUsize::new(0),
        }
    }
}

impl GetValuesPlan {
    /// Bytes that the plan takes in memory.
    pub(crate) fn size_bytes(&self) -> usize {
        let unknown: usize = self.unknown.iter().map(|id| id.len() + size_of::<String>()).sum();
        self.starts.len() + self.handles.len() * (size_of::<PointHandle>() + size_of::<usize>()) + unknown
    }

    /// Returns the number of ids in the request.
    pub(crate) fn item_count(&self) -> usize {
        self.handles.len() + self.unknown.len()
    }

    /// Returns the whole envelope with the present values.
    pub(crate) fn respond(&self, items: &dyn ItemSource) -> String {
        let mut response = ResponseWriter::new(OperationName::GetValues, self.version);
        response.open("GetValuesItems");
        let text = response.text_mut();
        text.reserve(self.response_bytes.load(Ordering::Relaxed));
        let mut gone = Vec::new();
        let mut next = 0;
        items.read_values(&self.handles, &mut |index, value, state| {
            gone.extend(next..index);
            next = index + 1;
            text.push_str(self.start(index));
            push_state(text, state);
            text.push_str("</State><Value>");
            push_value(text, value);
            text.push_str("</Value></ValueItem>");
        });
        gone.extend(next..self.handles.len());
        response.close("GetValuesItems");
        response.open("GetValuesErrorResults");
        for id in &self.unknown {
            write_error_result(&mut response, id, ItemMessage::InvalidId);
        }
        for index in gone {
            self.write_gone(&mut response, index);
        }
        response.close("GetValuesErrorResults");
        let text = response.finish();
        self.response_bytes.store(text.len(), Ordering::Relaxed);
        text
    }

    fn start(&self, index: usize) -> &str {
        let from = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.starts[from..self.ends[index]]
    }

    /// Writes the error for a point that was removed after the tree was read.
    fn write_gone(&self, response: &mut ResponseWriter, index: usize) {
        let start = self.start(index);
        let escaped_id = &start[VALUE_START.len()..start.len() - ID_TO_STATE.len()];
        let text = response.text_mut();
        text.push_str("<ErrorResult><Id>");
        text.push_str(escaped_id);
        text.push_str("</Id><Message>INVALID_ID</Message></ErrorResult>");
    }
}
