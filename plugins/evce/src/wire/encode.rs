//! Builds the requests to a controller.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use riser_plugin::Secret;
use riser_plugin::http::{Method, Request};
use serde_json::json;

use super::Profile;
use crate::model::{Availability, ObjectId};

impl Profile {
    /// Logs in for a token.
    pub(crate) fn login(&self, login: &str, password: &Secret<String>) -> Request {
        let body = json!({ &self.login.name_key: login, &self.login.password_key: password.expose() });
        Request::with_json(Method::POST, &self.login.path, body.to_string())
    }

    /// Returns a token to the controller.
    pub(crate) fn logout(&self) -> Request {
        Request { method: Method::POST, ..Request::get(&self.paths.logout) }
    }

    /// Requests the version.
    pub(crate) fn version(&self) -> Request {
        Request::get(&self.paths.version)
    }

    /// Requests all zones.
    pub(crate) fn zones(&self) -> Request {
        Request::get(&self.paths.zones)
    }

    /// Requests all stations with their connectors.
    pub(crate) fn stations(&self) -> Request {
        Request::get(&self.paths.stations)
    }

    /// Requests one zone, unless the controller has no such path.
    pub(crate) fn zone(&self, zone: &ObjectId) -> Option<Request> {
        let path = &self.paths.zone;
        (!path.is_empty()).then(|| Request::get(path.replace("{zone}", &path_segment(zone))))
    }

    /// Requests one station, unless the controller has no such path.
    pub(crate) fn station(&self, station: &ObjectId) -> Option<Request> {
        let path = &self.paths.station;
        (!path.is_empty()).then(|| Request::get(path.replace("{station}", &path_segment(station))))
    }

    /// Requests one connector.
    pub(crate) fn connector(&self, station: &ObjectId, number: i32) -> Request {
        Request::get(connector_path(&self.paths.connector, station, number))
    }

    /// Requests the reduction of a zone.
    pub(crate) fn reduction(&self, zone: &ObjectId) -> Request {
        Request::get(self.reduction_path(zone))
    }

    /// Sets the reduction of a zone, always as a whole object.
    pub(crate) fn put_reduction(
        &self,
        zone: &ObjectId,
        percent: f64,
        valid_until: SystemTime,
        description: &str,
    ) -> Request {
        let write = &self.write.reduction;
        let until = DateTime::<Utc>::from(valid_until).to_rfc3339_opts(SecondsFormat::Secs, true);
        let body = json!({
            &write.type_key: write.r#type,
            &write.percent_key: percent,
            &write.mode_key: write.mode,
            &write.validity_key: until,
            &write.description_key: description,
        });
        Request::with_json(Method::PUT, self.reduction_path(zone), body.to_string())
    }

    /// Returns the description of this user's reduction of a zone.
    pub(crate) fn reduction_description(&self, login: &str, zone: &ObjectId, zone_name: &str) -> String {
        self.name_of_reduction(login, zone).replace("{name}", zone_name)
    }

    /// Returns whether this description belongs to this user. Ignores the name of the zone, which may change.
    pub(crate) fn is_own_reduction(&self, login: &str, zone: &ObjectId, description: &str) -> bool {
        let name = self.name_of_reduction(login, zone);
        match name.split_once("{name}") {
            Some((before, behind)) => description.starts_with(before) && description.ends_with(behind),
            None => description == name,
        }
    }

    fn name_of_reduction(&self, login: &str, zone: &ObjectId) -> String {
        self.write.reduction.description.replace("{login}", login).replace("{zone}", &zone.0)
    }

    /// Removes the reduction of a zone.
    pub(crate) fn delete_reduction(&self, zone: &ObjectId) -> Request {
        Request { method: Method::DELETE, ..Request::get(self.reduction_path(zone)) }
    }

    /// Makes a connector operative or inoperative.
    pub(crate) fn put_availability(
        &self,
        station: &ObjectId,
        number: i32,
        availability: Availability,
    ) -> Request {
        let values = &self.enum_values.availability;
        let value = match availability {
            Availability::Operative => &values.operative,
            Availability::Inoperative => &values.inoperative,
        };
        let body = json!({ &self.write.availability.availability_key: value });
        let path = connector_path(&self.paths.availability, station, number);
        Request::with_json(Method::PUT, path, body.to_string())
    }

    fn reduction_path(&self, zone: &ObjectId) -> String {
        self.paths.reduction.replace("{zone}", &path_segment(zone))
    }
}

fn connector_path(template: &str, station: &ObjectId, number: i32) -> String {
    template.replace("{station}", &path_segment(station)).replace("{connector}", &number.to_string())
}

/// Escapes an id: it comes from outside and must not change the path.
fn path_segment(id: &ObjectId) -> String {
    use std::fmt::Write as _;
    let mut segment = String::with_capacity(id.0.len());
    for byte in id.0.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            segment.push(char::from(byte));
        } else {
            write!(segment, "%{byte:02X}").expect("a string takes any text");
        }
    }
    segment
}
