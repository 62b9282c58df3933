//! Builds the requests to a controller.

use std::time::SystemTime;

use riser_plugin::Secret;
use riser_plugin::http::{Method, Request};
use serde_json::{Number, Value};

use super::Profile;
use super::fields::{ConnectorField, ReductionField};
use super::profile::{LoginKind, PagingKind, ReadStep};
use super::template::{BodyFormat, Fill, Slot, Template, with_body};
use super::time_format::TimeFormat;
use crate::model::{Availability, ObjectId};

/// A reduction to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReductionWrite<'w> {
    pub(crate) zone: &'w ObjectId,
    pub(crate) zone_name: &'w str,
    pub(crate) percent: f64,
    pub(crate) valid_until: SystemTime,
    pub(crate) description: &'w str,
    /// The controller's clock.
    pub(crate) now: SystemTime,
}

/// Where a list continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PagePlace {
    /// The first page.
    First,
    /// A page after this number of pages and objects.
    After {
        pages: u32,
        objects: usize,
    },
    Cursor(String),
}

/// The scheme of a token unless a profile names another (RFC 6750).
const USUAL_SCHEME: &str = "Bearer";

impl Profile {
    /// Returns the call that begins a session; `None` if each request has the credentials.
    pub(crate) fn login(&self, login: &str, password: &Secret<String>) -> Option<Request> {
        let kind = self.login.kind;
        if !matches!(kind, LoginKind::Bearer | LoginKind::Cookie | LoginKind::Oauth2Password) {
            return None;
        }
        let fill = credentials(login, password);
        let method = self.login.method.as_ref().map_or(Method::POST, |method| method.0.clone());
        let request = Request::new(method, self.login.path.as_ref()?.path(&fill));
        if self.login.body.is_none() && kind == LoginKind::Oauth2Password {
            let fields =
                [("grant_type", "password"), ("username", login), ("password", password.expose().as_str())];
            return Some(request.form(fields));
        }
        let usual = if kind == LoginKind::Oauth2Password { BodyFormat::Form } else { BodyFormat::Json };
        Some(with_body(request, self.login.body.as_ref(), self.login.format.unwrap_or(usual), &fill))
    }

    /// Adds the token of a session to a request.
    pub(crate) fn with_token(&self, request: Request, token: &str) -> Request {
        if let Some(parameter) = &self.login.parameter {
            return request.query(parameter, token);
        }
        let scheme = self.login.scheme.as_deref().unwrap_or(USUAL_SCHEME);
        let value = if scheme.is_empty() { token.to_owned() } else { format!("{scheme} {token}") };
        request.header(self.login.header.as_deref().unwrap_or("Authorization"), value)
    }

    /// Adds the credentials of a login without a session to a request.
    pub(crate) fn with_credentials(
        &self,
        request: Request,
        login: &str,
        password: &Secret<String>,
    ) -> Request {
        let key = || match &self.login.key {
            Some(key) => key.text(&credentials(login, password)),
            None => password.expose().clone(),
        };
        match self.login.kind {
            LoginKind::Basic => request.basic(login, password.expose()),
            LoginKind::ApiKey => match (&self.login.parameter, &self.login.header) {
                (Some(parameter), _) => request.query(parameter, &key()),
                (None, header) => {
                    let scheme = self.login.scheme.as_deref().map(|scheme| format!("{scheme} "));
                    let value = format!("{}{}", scheme.unwrap_or_default(), key());
                    request.header(header.as_deref().unwrap_or("X-Api-Key"), value)
                }
            },
            _ => request,
        }
    }

    /// Ends a session, if the controller has a call for it.
    pub(crate) fn logout(&self) -> Option<Request> {
        self.login.logout.as_ref().map(|call| call.request(&|_, _| Value::Null))
    }

    /// Requests the version, if the controller has a call for it, and whether that needs a login.
    pub(crate) fn version(&self) -> Option<(Request, bool)> {
        let path = self.read.version.as_ref()?;
        Some((Request::get(path.path(&|_, _| Value::Null)), self.read.version_needs_login))
    }

    /// Requests all zones, all stations or all connectors; the last two of one owner if the path names it.
    pub(crate) fn list(&self, step: ReadStep, owner: Option<&ObjectId>) -> Option<Request> {
        let template = match step {
            ReadStep::Zones => Some(&self.read.zones),
            ReadStep::Stations => self.read.stations.as_ref(),
            ReadStep::Connectors => self.read.connectors.as_ref(),
            _ => None,
        }?;
        Some(Request::get(template.path(&|_, _| owner.map_or(Value::Null, |id| id.0.clone().into()))))
    }

    /// Removes a key from the query of a link: a controller may repeat it there, and each request gets it anyway.
    pub(crate) fn without_key(&self, path: &str) -> String {
        let (Some(parameter), Some((path, query))) = (&self.login.parameter, path.split_once('?')) else {
            return path.to_owned();
        };
        let is_key = |pair: &&str| pair.split('=').next() == Some(parameter.as_str());
        let rest: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
        if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }
    }

    /// Returns a request that each profile has: the first page of the zones.
    pub(crate) fn first_request(&self) -> Option<Request> {
        let list = self.list(ReadStep::Zones, None)?;
        Some(self.page(list, ReadStep::Zones, &PagePlace::First))
    }

    /// Returns whether a list is read in parts, one for each zone or station.
    pub(crate) fn is_list_of_owner(&self, step: ReadStep) -> bool {
        match step {
            ReadStep::Stations => self.read.stations.as_ref().is_some_and(|path| path.has(Slot::Zone)),
            ReadStep::Connectors => self.read.connectors.as_ref().is_some_and(|path| path.has(Slot::Station)),
            _ => false,
        }
    }

    /// Returns the request for a page of a list.
    pub(crate) fn page(&self, request: Request, step: ReadStep, place: &PagePlace) -> Request {
        let paging = &self.paging;
        if self.paging(step) == PagingKind::None {
            return request;
        }
        let request = match (&paging.size_parameter, paging.size) {
            (Some(parameter), Some(size)) => request.query(parameter, &size.to_string()),
            _ => request,
        };
        match (paging.kind, place) {
            (PagingKind::Page, PagePlace::First) => {
                request.query(&paging.page_parameter, &paging.first_page.to_string())
            }
            (PagingKind::Page, PagePlace::After { pages, .. }) => {
                request.query(&paging.page_parameter, &(paging.first_page + pages).to_string())
            }
            (PagingKind::Offset, PagePlace::First) => request.query(&paging.offset_parameter, "0"),
            (PagingKind::Offset, PagePlace::After { objects, .. }) => {
                request.query(&paging.offset_parameter, &objects.to_string())
            }
            (PagingKind::Cursor, PagePlace::Cursor(cursor)) => {
                request.query(&paging.cursor_parameter, cursor)
            }
            _ => request,
        }
    }

    /// Returns how a list is divided into pages.
    pub(crate) fn paging(&self, step: ReadStep) -> PagingKind {
        let is_paged = self.paging.lists.as_ref().is_none_or(|lists| lists.contains(&step));
        if is_paged { self.paging.kind } else { PagingKind::None }
    }

    /// Requests one zone.
    pub(crate) fn zone(&self, zone: &ObjectId) -> Option<Request> {
        one(self.read.zone.as_ref(), &|_, _| zone.0.clone().into())
    }

    /// Requests the reduction of a zone.
    pub(crate) fn reduction(&self, zone: &ObjectId) -> Option<Request> {
        one(self.read.reduction.as_ref(), &|_, _| zone.0.clone().into())
    }

    /// Requests one station.
    pub(crate) fn station(&self, station: &ObjectId) -> Option<Request> {
        one(self.read.station.as_ref(), &|_, _| station.0.clone().into())
    }

    /// Requests one connector.
    pub(crate) fn connector(&self, station: &ObjectId, number: i32) -> Option<Request> {
        one(self.read.connector.as_ref(), &of_connector(station, number))
    }

    /// Sets the reduction of a zone, always as a whole object; `None` if the controller has no call for it.
    pub(crate) fn put_reduction(&self, write: &ReductionWrite<'_>) -> Option<Request> {
        Some(self.write.reduction.as_ref()?.request(&self.of_reduction(write)))
    }

    /// Removes the reduction of a zone: by its own call, or by a reduction of 0.
    pub(crate) fn remove_reduction(&self, write: &ReductionWrite<'_>) -> Option<Request> {
        match &self.write.remove_reduction {
            Some(call) => Some(call.request(&self.of_reduction(write))),
            None => self.put_reduction(write),
        }
    }

    fn of_reduction<'f>(
        &'f self,
        write: &'f ReductionWrite<'_>,
    ) -> impl Fn(Slot, Option<&TimeFormat>) -> Value + 'f {
        move |slot, format| match slot {
            Slot::Zone => write.zone.0.clone().into(),
            Slot::ZoneName => write.zone_name.into(),
            Slot::Percent => {
                let rule = self.reduction.rule(ReductionField::Percent);
                number(rule.map_or(write.percent, |rule| rule.to_api(write.percent)))
            }
            Slot::Until => {
                let rule = self.reduction.rule(ReductionField::ValidUntil);
                let usual = TimeFormat::default();
                let format = format.or(rule.map(|rule| &rule.time)).unwrap_or(&usual);
                format.write(write.valid_until, write.now)
            }
            Slot::Description => write.description.into(),
            _ => Value::Null,
        }
    }

    /// Returns the largest difference between a validity that is written and the same one read back.
    pub(crate) fn validity_tolerance(&self) -> std::time::Duration {
        let body = self.write.reduction.as_ref().and_then(|call| call.body.as_ref());
        let forms = body.map(super::template::BodyTemplate::times).unwrap_or_default();
        let read = self.reduction.rule(ReductionField::ValidUntil).map(|rule| &rule.time);
        forms.into_iter().chain(read).map(TimeFormat::tolerance).max().unwrap_or_default()
    }

    /// Returns the description of this user's reduction of a zone.
    pub(crate) fn reduction_description(&self, login: &str, zone: &ObjectId, zone_name: &str) -> String {
        let fill = of_description(login, zone, zone_name);
        self.write.description.as_ref().map_or_else(String::new, |template| template.text(&fill))
    }

    /// Returns whether this description belongs to this user. Ignores the name of the zone, which may change.
    pub(crate) fn is_own_reduction(&self, login: &str, zone: &ObjectId, description: &str) -> bool {
        let Some(template) = &self.write.description else { return true };
        let fill = of_description(login, zone, "");
        match template.around(Slot::ZoneName, &fill) {
            Some((before, behind)) => description.starts_with(&before) && description.ends_with(&behind),
            None => description == template.text(&fill),
        }
    }

    /// Makes a connector operative or inoperative; `None` if the controller has no call for it.
    pub(crate) fn put_availability(
        &self,
        station: &ObjectId,
        number: i32,
        availability: Availability,
    ) -> Option<Request> {
        let own = match availability {
            Availability::Operative => &self.write.operative,
            Availability::Inoperative => &self.write.inoperative,
        };
        let call = own.as_ref().or(self.write.availability.as_ref())?;
        let of_connector = of_connector(station, number);
        Some(call.request(&|slot, format| match slot {
            Slot::Availability => {
                let rule = self.connector.rule(ConnectorField::Availability);
                let text = rule.and_then(|rule| rule.words.text(availability.as_str()));
                text.unwrap_or(availability.as_str()).into()
            }
            Slot::Available => (availability == Availability::Operative).into(),
            other => of_connector(other, format),
        }))
    }
}

fn one(template: Option<&Template>, fill: &Fill<'_>) -> Option<Request> {
    template.map(|path| Request::get(path.path(fill)))
}

fn of_connector(station: &ObjectId, number: i32) -> impl Fn(Slot, Option<&TimeFormat>) -> Value + '_ {
    move |slot, _| match slot {
        Slot::Station => station.0.clone().into(),
        Slot::Connector => number.into(),
        _ => Value::Null,
    }
}

fn of_description<'f>(
    login: &'f str,
    zone: &'f ObjectId,
    zone_name: &'f str,
) -> impl Fn(Slot, Option<&TimeFormat>) -> Value + 'f {
    move |slot, _| match slot {
        Slot::Login => login.into(),
        Slot::Zone => zone.0.clone().into(),
        Slot::ZoneName => zone_name.into(),
        _ => Value::Null,
    }
}

fn credentials<'f>(
    login: &'f str,
    password: &'f Secret<String>,
) -> impl Fn(Slot, Option<&TimeFormat>) -> Value + 'f {
    move |slot, _| match slot {
        Slot::Login => login.into(),
        Slot::Password => password.expose().clone().into(),
        _ => Value::Null,
    }
}

fn number(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
