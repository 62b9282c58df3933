//! Parses responses of a controller. Lenient about optional data, strict about required data: a partial list
//! is an error.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::Profile;
use super::documents::{Document, Pages};
use super::extractor::{Extractor, Object};
use super::fields::{AckField, ErrorField, ListField, TokenField, VersionField};
use super::scalar::Scalar;
use super::words::is_same_word;

/// Why a response is unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error(
        "the response to {path} is a web page (it begins with {beginning:?}): a login page, or another service"
    )]
    WebPage { path: String, beginning: String },
    #[error("the response to {path} is not JSON (it begins with {beginning:?})")]
    NotJson { path: String, beginning: String },
    #[error("the response to {path} ends in the middle of the document")]
    Truncated { path: String },
    #[error("the response to {path} has no list (looked at {places})")]
    NoList { path: String, places: String },
    #[error("the response to {path} has {found} of {total} objects; partial lists are not used")]
    Partial { path: String, found: usize, total: usize },
    #[error("the list {path} has the {what} {id} on two pages: it changed while it was read")]
    Changed { path: String, what: &'static str, id: String },
    #[error("the list {path} has no end: {pages} pages were read, or a page leads to itself")]
    Endless { path: String, pages: usize },
    #[error("the next page of the list {path} is at an address outside the API")]
    ForeignLink { path: String },
    #[error("the response to the login {path} has no {what} (looked at {places})")]
    NoSession { path: String, what: &'static str, places: String },
}

/// A list of objects, and a message for each skipped one.
pub(super) type Objects<T> = (Vec<T>, Vec<String>);

/// The versions of a controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) api_version: Option<String>,
    pub(crate) software_version: Option<String>,
}

/// The response to a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ack {
    Done,
    /// It takes effect later.
    Deferred,
    /// The controller refused it, in these words.
    Rejected(String),
}

/// What a page of a list leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageFacts {
    /// Objects on the page.
    pub(crate) count: usize,
    /// Objects on all pages.
    pub(crate) total: Option<usize>,
    /// A link to the next page, or its cursor.
    pub(crate) next: Option<String>,
}

/// Characters of an unusable response in the error text.
const SHOWN_BEGINNING: usize = 40;

impl Profile {
    /// Parses the token and its lifetime from the response to a login at this path.
    pub(crate) fn decode_token(
        &self,
        path: &str,
        body: &[u8],
    ) -> Result<(String, Option<Duration>), DecodeError> {
        let response = read(&self.extractors.token, path, body)?;
        let token = response.field(TokenField::Token).and_then(Scalar::filled_text);
        let token = token.ok_or_else(|| DecodeError::NoSession {
            path: path.to_owned(),
            what: "token",
            places: self.token.pointers(TokenField::Token).map(ToString::to_string).unwrap_or_default(),
        })?;
        let life = response.field(TokenField::LifeS).and_then(Scalar::number);
        Ok((token, life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())))
    }

    /// Parses the versions of a controller.
    pub(crate) fn decode_version(&self, body: &[u8]) -> Result<Version, DecodeError> {
        let response = read(&self.extractors.version, "the version", body)?;
        let text = |field: VersionField| response.field(field).and_then(Scalar::filled_text);
        let api_version = text(VersionField::ApiVersion);
        Ok(Version { api_version, software_version: text(VersionField::SoftwareVersion) })
    }

    /// Parses code and message of an error response, if it has them.
    pub(crate) fn decode_error(&self, body: &[u8]) -> (Option<String>, Option<String>) {
        let Ok(error) = self.extractors.error.read(body) else { return (None, None) };
        let text = |field: ErrorField| error.field(field).and_then(Scalar::filled_text);
        (text(ErrorField::Code), text(ErrorField::Message))
    }

    /// Parses the response to a write.
    pub(crate) fn decode_ack(&self, status: u16, body: &[u8]) -> Ack {
        let object = self.extractors.ack.read(body).ok();
        let text = object.as_ref().and_then(|object| object.field(AckField::State)).map(Scalar::text);
        let rule = self.ack.rule(AckField::State);
        let word = text.as_ref().and_then(|text| rule?.words.word(text));
        match (word, text) {
            (Some("rejected"), Some(text)) => Ack::Rejected(text),
            (Some("deferred"), _) => Ack::Deferred,
            (Some("done"), _) => Ack::Done,
            _ if status == 202 => Ack::Deferred,
            _ => Ack::Done,
        }
    }

    /// Returns whether the code of a forbidden request means that the session has ended.
    pub(crate) fn is_session_ended(&self, code: &str) -> bool {
        self.error_codes.session_ended.iter().any(|value| is_same_word(value, code))
    }

    /// Returns whether an error means that this user has too many sessions.
    pub(crate) fn is_too_many_sessions(&self, code: &str) -> bool {
        self.error_codes.too_many_sessions.iter().any(|value| is_same_word(value, code))
    }

    /// Returns whether the response to a login means that login or password is wrong.
    pub(crate) fn is_bad_credentials(&self, status: u16, code: Option<&str>) -> bool {
        let known = &self.error_codes.bad_credentials;
        matches!(status, 401 | 403) || code.is_some_and(|code| known.iter().any(|value| value == code))
    }

    /// Returns whether a status means that the session has ended, or without a session that the credentials are wrong.
    pub(crate) fn is_session_status(&self, status: u16) -> bool {
        self.login.ended_status.contains(&status)
    }

    /// Returns whether a response means that a zone has no reduction.
    pub(crate) fn is_no_reduction(&self, status: u16, code: Option<&str>) -> bool {
        let known = &self.error_codes.no_reduction;
        let is_known = |code: &str| known.iter().any(|value| value == code);
        status == 204
            || self.error_codes.no_reduction_status.contains(&status)
                && (known.is_empty() || code.is_some_and(is_known))
    }

    /// Returns whether an error means that a station has no link to the controller.
    pub(crate) fn is_station_offline(&self, code: &str) -> bool {
        self.error_codes.station_offline.iter().any(|value| value == code)
    }

    /// Parses what a page leads to.
    pub(crate) fn page_facts(&self, page: &Document) -> Result<PageFacts, DecodeError> {
        page.read(|page| {
            let document = read(&self.extractors.page, &page.path, &page.body)?;
            let count = self.listed(&document, &page.path)?.len();
            Ok(PageFacts {
                count,
                total: total(&document),
                next: document.field(ListField::Next).and_then(Scalar::filled_text),
            })
        })
    }

    /// Returns the objects of all pages of a list.
    pub(super) fn objects<'a>(
        &self,
        extractor: &Extractor,
        pages: &'a Pages,
    ) -> Result<Vec<(&'a str, Object<'a>)>, DecodeError> {
        let mut objects = Vec::new();
        let mut announced = None;
        for page in pages {
            let document = read(extractor, &page.path, &page.body)?;
            self.listed(&document, &page.path)?;
            announced = total(&document).or(announced);
            let nested = document.into_nested().into_iter();
            objects.extend(nested.map(|object| (page.path.as_str(), object)));
        }
        match (announced, pages.first()) {
            (Some(total), Some(first)) if total != objects.len() => {
                Err(DecodeError::Partial { path: first.path.clone(), found: objects.len(), total })
            }
            _ => Ok(objects),
        }
    }

    fn listed<'d, 'a>(&self, document: &'d Object<'a>, path: &str) -> Result<&'d [Object<'a>], DecodeError> {
        document.nested().ok_or_else(|| DecodeError::NoList {
            path: path.to_owned(),
            places: self
                .list
                .pointers(ListField::Items)
                .map_or_else(|| "\"\"".to_owned(), ToString::to_string),
        })
    }
}

pub(super) fn read<'a>(extractor: &Extractor, path: &str, body: &'a [u8]) -> Result<Object<'a>, DecodeError> {
    extractor.read(body).map_err(|error| {
        if error.is_eof() && !body.is_empty() {
            return DecodeError::Truncated { path: path.to_owned() };
        }
        let beginning: String =
            String::from_utf8_lossy(body).trim_start().chars().take(SHOWN_BEGINNING).collect();
        let is_web_page = body.trim_ascii_start().starts_with(b"<");
        if is_web_page {
            return DecodeError::WebPage { path: path.to_owned(), beginning };
        }
        DecodeError::NotJson { path: path.to_owned(), beginning }
    })
}

fn total(document: &Object<'_>) -> Option<usize> {
    let total = document.field(ListField::Total).and_then(Scalar::whole);
    total.and_then(|total| usize::try_from(total).ok())
}

/// Keeps objects with a unique id. Returns a message for each skipped one.
///
/// # Errors
/// If an id is on two pages: another object may be on none.
pub(super) fn distinct<T, Id: Ord + std::hash::Hash + Clone + std::fmt::Display>(
    objects: Vec<(&str, T)>,
    id: impl Fn(&T) -> &Id,
    what: &'static str,
) -> Result<Objects<T>, DecodeError> {
    let mut seen = HashSet::with_capacity(objects.len());
    // In order, so that two polls report the same faults in the same order.
    let doubled: BTreeSet<Id> =
        objects.iter().map(|(_, object)| id(object)).filter(|id| !seen.insert(*id)).cloned().collect();
    for double in &doubled {
        let mut paths = objects.iter().filter(|(_, object)| id(object) == double).map(|(path, _)| *path);
        if let Some(first) = paths.next()
            && paths.any(|path| path != first)
        {
            return Err(DecodeError::Changed { path: first.to_owned(), what, id: double.to_string() });
        }
    }
    let skipped = doubled.iter().map(|id| format!("duplicate {what} {id}")).collect();
    let kept = objects.into_iter().map(|(_, object)| object).filter(|object| !doubled.contains(id(object)));
    Ok((kept.collect(), skipped))
}
