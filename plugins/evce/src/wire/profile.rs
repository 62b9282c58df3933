//! The profile: the parts of the API that may differ between controllers, as data.

use serde::Deserialize;

use super::decode::PageFacts;
use super::extractor::Extractor;
use super::fields::{
    AckField, ConnectorField, ErrorField, FieldName, FieldRules, ListField, ReductionField, StationField,
    TokenField, VersionField, ZoneField,
};
use super::json_pointers::JsonPointers;
use super::template::{BodyFormat, BodyTemplate, CallMethod, CallTemplate, Template};

/// The format of a controller's API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The built-in profile that a file completes.
    #[serde(default, rename = "extends")]
    _extends: Option<String>,
    pub(super) login: Login,
    #[serde(default)]
    pub(super) token: FieldRules<TokenField>,
    #[serde(default)]
    pub(super) error: FieldRules<ErrorField>,
    #[serde(default)]
    pub(super) error_codes: ErrorCodes,
    #[serde(default)]
    pub(super) api: ApiVersions,
    #[serde(default)]
    pub(super) version: FieldRules<VersionField>,
    pub(super) read: Read,
    #[serde(default)]
    pub(super) paging: Paging,
    #[serde(default)]
    pub(super) list: FieldRules<ListField>,
    #[serde(default)]
    pub(super) object: Envelope,
    pub(super) zone: FieldRules<ZoneField>,
    #[serde(default)]
    pub(super) reduction: FieldRules<ReductionField>,
    pub(super) station: FieldRules<StationField>,
    pub(super) connector: FieldRules<ConnectorField>,
    #[serde(default)]
    pub(super) write: Write,
    #[serde(default)]
    pub(super) ack: FieldRules<AckField>,
    #[serde(skip)]
    pub(super) extractors: Extractors,
}

/// How a user is known to the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginKind {
    /// A call gives a token, which each request then has in a header.
    Bearer,
    /// The same with the form of OAuth 2, grant `password` (RFC 6749, 4.3).
    Oauth2Password,
    /// A call sets cookies.
    Cookie,
    /// Each request has login and password.
    Basic,
    /// Each request has a key, in a header or in the query.
    ApiKey,
    /// No login at all.
    None,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) kind: LoginKind,
    pub(super) method: Option<CallMethod>,
    pub(super) path: Option<Template>,
    pub(super) format: Option<BodyFormat>,
    pub(super) body: Option<BodyTemplate>,
    /// The header with the token or the key.
    pub(super) header: Option<String>,
    /// The word before the token in this header.
    pub(super) scheme: Option<String>,
    /// The parameter of the query with the key, instead of a header.
    pub(super) parameter: Option<String>,
    /// The key of an API key; the password unless given.
    pub(super) key: Option<Template>,
    pub(super) logout: Option<CallTemplate>,
    /// The HTTP statuses of a session that has ended.
    #[serde(default = "Login::usual_ended_status")]
    pub(super) ended_status: Vec<u16>,
}

impl Login {
    fn usual_ended_status() -> Vec<u16> {
        // 419 and 440 are common for a login that timed out.
        vec![401, 419, 440]
    }
}

/// Error codes with a special meaning.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ErrorCodes {
    /// The session has ended, although the status 403 says that the user may not do this.
    pub(super) session_ended: Vec<String>,
    /// This user has too many sessions, as opposed to wrong credentials.
    pub(super) too_many_sessions: Vec<String>,
    /// Login or password is wrong, whatever the status of the response to a login.
    pub(super) bad_credentials: Vec<String>,
    /// The zone has no reduction, as opposed to no such zone. An empty list: the status decides alone.
    pub(super) no_reduction: Vec<String>,
    pub(super) no_reduction_status: Vec<u16>,
    /// The station has no link to the controller.
    pub(super) station_offline: Vec<String>,
}

/// The rule for versions of the API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ApiVersions {
    /// The header of each response with the version.
    pub(super) version_header: Option<String>,
    /// Supported versions: `6` means 6, 6.0 and 6.1. An empty list: all.
    pub(super) supported: Vec<String>,
}

/// The paths to read, below the address of the API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    pub(super) version: Option<Template>,
    #[serde(default)]
    pub(super) version_needs_login: bool,
    pub(super) zones: Template,
    pub(super) zone: Option<Template>,
    pub(super) reduction: Option<Template>,
    pub(super) stations: Option<Template>,
    pub(super) station: Option<Template>,
    pub(super) connectors: Option<Template>,
    pub(super) connector: Option<Template>,
    /// The calls of each poll. The others are for reading one object back after a write.
    pub(super) each_poll: Vec<ReadStep>,
}

/// A kind of call that reads objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadStep {
    Zones,
    Zone,
    Reduction,
    Stations,
    Station,
    Connectors,
    Connector,
}

/// How a list is divided into pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Paging {
    pub(super) kind: PagingKind,
    /// The lists with pages; all unless given.
    pub(super) lists: Option<Vec<ReadStep>>,
    pub(super) page_parameter: String,
    pub(super) first_page: u32,
    pub(super) offset_parameter: String,
    pub(super) size_parameter: Option<String>,
    pub(super) size: Option<u32>,
    pub(super) cursor_parameter: String,
    pub(super) until: PagesEnd,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            kind: PagingKind::Link,
            lists: None,
            page_parameter: "page".to_owned(),
            first_page: 1,
            offset_parameter: "offset".to_owned(),
            size_parameter: None,
            size: None,
            cursor_parameter: "cursor".to_owned(),
            until: PagesEnd::Empty,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PagingKind {
    /// Lists are whole.
    None,
    /// The header `Link` with `rel="next"` (RFC 8288); a list without it is whole.
    Link,
    /// A parameter with the number of the page.
    Page,
    /// A parameter with the number of objects to skip.
    Offset,
    /// A link or a cursor in the document.
    Cursor,
}

/// The last page of numbered pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PagesEnd {
    /// The page before an empty one.
    Empty,
    /// The first with fewer objects than the page size.
    Short,
    /// The one that completes the total.
    Total,
}

/// The place of a single object in its document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    pub(super) at: JsonPointers,
}

impl Default for Envelope {
    fn default() -> Self {
        Self { at: JsonPointers::whole() }
    }
}

/// The calls that write.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Write {
    pub(super) reduction: Option<CallTemplate>,
    /// Without it, a reduction of 0 is written.
    pub(super) remove_reduction: Option<CallTemplate>,
    /// Distinguishes a user's own reduction from those of other users.
    pub(super) description: Option<Template>,
    pub(super) availability: Option<CallTemplate>,
    /// Separate calls instead of `availability`.
    pub(super) operative: Option<CallTemplate>,
    pub(super) inoperative: Option<CallTemplate>,
}

/// The extractor of each document type, built from the pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct Extractors {
    pub(super) token: Extractor,
    pub(super) error: Extractor,
    pub(super) ack: Extractor,
    pub(super) version: Extractor,
    /// Only the number of objects and the link to the next page.
    pub(super) page: Extractor,
    pub(super) zones: Extractor,
    pub(super) zone: Extractor,
    pub(super) reduction: Extractor,
    pub(super) stations: Extractor,
    pub(super) station: Extractor,
    pub(super) connectors: Extractor,
    pub(super) connector: Extractor,
}

/// The number of the first field of a reduction among those of a zone, which contains it.
pub(super) const REDUCTION_IN_ZONE: usize = ZoneField::ALL.len();

impl Profile {
    /// Returns whether each poll makes these calls.
    pub(crate) fn polls(&self, step: ReadStep) -> bool {
        self.read.each_poll.contains(&step)
    }

    /// Returns whether a login begins a session, which can end.
    pub(crate) const fn has_session(&self) -> bool {
        matches!(self.login.kind, LoginKind::Bearer | LoginKind::Cookie | LoginKind::Oauth2Password)
    }

    /// Returns the header with the version of the API.
    pub(crate) fn version_header(&self) -> Option<&str> {
        self.api.version_header.as_deref()
    }

    /// Returns the supported versions of the API; none: all.
    pub(crate) fn supported_versions(&self) -> &[String] {
        &self.api.supported
    }

    /// Returns whether a list of numbered pages ends with a page, after this number of objects.
    pub(crate) fn is_last_page(&self, page: &PageFacts, objects: usize) -> bool {
        let is_short = || self.paging.size.is_some_and(|size| page.count < size as usize);
        page.count == 0
            || match self.paging.until {
                PagesEnd::Empty => false,
                PagesEnd::Short => is_short(),
                PagesEnd::Total => page.total.is_some_and(|total| objects >= total),
            }
    }

    /// Returns the kind of login.
    pub(crate) const fn login_kind(&self) -> LoginKind {
        self.login.kind
    }

    pub(super) fn build_extractors(&mut self) {
        let whole = JsonPointers::whole();
        let envelope = &self.object.at;
        let list_of = |inner: Extractor| {
            let items = self.list.pointers(ListField::Items).unwrap_or(&whole);
            fields(&self.list, &whole, &[ListField::Items]).with_nested(items, inner)
        };
        let connector = |at: &JsonPointers| fields(&self.connector, at, &[]);
        let station = |at: &JsonPointers| {
            let own = fields(&self.station, at, &[StationField::Connectors]);
            match self.station.pointers(StationField::Connectors) {
                Some(pointers) => own.with_nested(&pointers.below(at), connector(&whole)),
                None => own,
            }
        };
        let zone = |at: &JsonPointers| {
            let mut own = fields(&self.zone, at, &[ZoneField::Reduction, ZoneField::Stations]);
            if let Some(reduction) = self.zone.pointers(ZoneField::Reduction) {
                let prefix = reduction.below(at);
                for (field, rule) in self.reduction.iter() {
                    let number = REDUCTION_IN_ZONE + usize::from(field);
                    own = own.with_field(number, &rule.at.below(&prefix));
                }
            }
            match self.zone.pointers(ZoneField::Stations) {
                Some(pointers) => own.with_nested(&pointers.below(at), station(&whole)),
                None => own,
            }
        };
        self.extractors = Extractors {
            token: fields(&self.token, &whole, &[]),
            error: fields(&self.error, &whole, &[]),
            ack: fields(&self.ack, envelope, &[]),
            version: fields(&self.version, envelope, &[]),
            page: list_of(Extractor::default()),
            zones: list_of(zone(&whole)),
            zone: zone(envelope),
            reduction: fields(&self.reduction, envelope, &[]),
            stations: list_of(station(&whole)),
            station: station(envelope),
            connectors: list_of(connector(&whole)),
            connector: connector(envelope),
        };
    }
}

/// Returns an extractor of the fields of an object at these places, without those that are objects or lists.
fn fields<Field: FieldName>(rules: &FieldRules<Field>, at: &JsonPointers, without: &[Field]) -> Extractor {
    let single = rules.iter().filter(|(field, _)| !without.contains(field));
    single.fold(Extractor::default(), |extractor, (field, rule)| {
        extractor.with_field(field.into(), &rule.at.below(at))
    })
}
