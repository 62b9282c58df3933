//! Reads what a controller answers. Lenient with what it does not need, strict with what it does: a partial
//! list is no list.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Profile;
use super::pointer::Place;
use crate::model::{Availability, Connector, ConnectorStatus, ObjectId, Reduction, Site, Station, Zone};

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("the answer to {what} is no JSON document (it begins with {beginning:?})")]
    NotJson { what: &'static str, beginning: String },
    #[error("the answer to {what} ends in the middle of the document")]
    Truncated { what: &'static str },
    #[error("the answer to {what} holds no list")]
    NoList { what: &'static str },
    #[error("the answer to {what} holds {found} of {total}: a part of a list is never used")]
    Partial { what: &'static str, found: usize, total: usize },
    #[error("the answer to the login holds no token")]
    NoToken,
}

/// A list of objects, and those that had to be left out, in words.
type Objects<T> = (Vec<T>, Vec<String>);

/// What a controller says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) api_version: Option<String>,
    pub(crate) software_version: Option<String>,
}

/// Times above this are milliseconds since 1970, below it seconds.
const LARGEST_SECONDS: f64 = 1e11;
/// Characters of a wrong answer that are shown.
const SHOWN_BEGINNING: usize = 40;

impl Profile {
    /// Reads the token and its life from the answer to a login.
    pub(crate) fn decode_token(&self, body: &[u8]) -> Result<(String, Option<Duration>), DecodeError> {
        let document = parse(body, "the login")?;
        let token = self.login.token.find(&document).and_then(text).ok_or(DecodeError::NoToken)?;
        let life = self.login.life_s.find(&document).and_then(number);
        Ok((token, life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())))
    }

    /// Reads what a controller says of itself.
    pub(crate) fn decode_version(&self, body: &[u8]) -> Result<Version, DecodeError> {
        let document = parse(body, "the version")?;
        let find = |place: &Place| place.find(&document).and_then(text);
        let api_version = find(&self.version.api_version);
        Ok(Version { api_version, software_version: find(&self.version.software_version) })
    }

    /// Reads code and message of an error answer; nothing when it is of another kind.
    pub(crate) fn decode_error(&self, body: &[u8]) -> (Option<String>, Option<String>) {
        let Ok(document) = serde_json::from_slice(body) else { return (None, None) };
        let find = |place: &Place| place.find(&document).and_then(text);
        (find(&self.error.code), find(&self.error.message))
    }

    /// Whether an error means that the token has ended.
    pub(crate) fn is_token_ended(&self, code: &str) -> bool {
        self.login.token_ended.iter().any(|word| word == code)
    }

    /// Whether an error means that a zone has no reduction.
    pub(crate) fn is_no_reduction(&self, code: &str) -> bool {
        self.error.no_reduction.iter().any(|word| word == code)
    }

    /// Puts zones and stations together. Also answers in words what had to be left out.
    pub(crate) fn decode_site(
        &self,
        zones: &[u8],
        stations: &[u8],
    ) -> Result<(Site, Vec<String>), DecodeError> {
        let (mut zones, mut left_out) = self.decode_zones(zones)?;
        let (stations, more_left_out) = self.decode_stations(stations)?;
        left_out.extend(more_left_out);
        let by_id: HashMap<ObjectId, usize> =
            zones.iter().enumerate().map(|(index, zone)| (zone.id.clone(), index)).collect();
        for (zone, station) in stations {
            match zone.as_ref().and_then(|zone| by_id.get(zone)) {
                Some(index) => zones[*index].stations.push(station),
                None => left_out.push(format!("the station {} is in no known zone", station.id)),
            }
        }
        Ok((Site { zones }, left_out))
    }

    fn decode_zones(&self, body: &[u8]) -> Result<Objects<Zone>, DecodeError> {
        let document = parse(body, "the zones")?;
        let list = self.list(&document, "the zones")?;
        Ok(distinct(list.iter().map(|zone| self.read_zone(zone)), |zone| &zone.id, "zone"))
    }

    fn read_zone(&self, value: &Value) -> Option<Zone> {
        let places = &self.zone;
        Some(Zone {
            id: object_id(places.id.find(value)?)?,
            name: places.name.find(value).and_then(text),
            kind: places.kind.find(value).and_then(text),
            max_current_a: places.max_current_a.find(value).and_then(number),
            transactions: places.transactions.find(value).and_then(whole),
            set_point_a: places.set_point_a.find(value).and_then(number),
            set_point_kw: places.set_point_kw.find(value).and_then(number),
            reduction: places.reduction.find(value).map(|reduction| self.read_reduction(reduction)),
            stations: Vec::new(),
        })
    }

    /// Reads the reduction of one zone.
    pub(crate) fn decode_reduction(&self, body: &[u8]) -> Result<Reduction, DecodeError> {
        Ok(self.read_reduction(&parse(body, "the reduction")?))
    }

    fn read_reduction(&self, value: &Value) -> Reduction {
        let places = &self.reduction;
        Reduction {
            percent: places.percent.find(value).and_then(number),
            kind: places.kind.find(value).and_then(text),
            description: places.description.find(value).and_then(text),
            valid_until: places.valid_until.find(value).and_then(moment),
            validity_mode: places.validity_mode.find(value).and_then(text),
        }
    }

    fn decode_stations(&self, body: &[u8]) -> Result<Objects<(Option<ObjectId>, Station)>, DecodeError> {
        let document = parse(body, "the stations")?;
        let list = self.list(&document, "the stations")?;
        let mut left_out = Vec::new();
        let stations = list.iter().map(|station| {
            let zone = self.station.zone_id.find(station).and_then(object_id);
            Some((zone, self.read_station(station, &mut left_out)?))
        });
        let (stations, mut faults) = distinct(stations, |(_, station)| &station.id, "station");
        faults.append(&mut left_out);
        Ok((stations, faults))
    }

    fn read_station(&self, value: &Value, left_out: &mut Vec<String>) -> Option<Station> {
        let places = &self.station;
        let id = object_id(places.id.find(value)?)?;
        let listed = places.connectors.find_list(value).unwrap_or_default();
        let numbered = listed.iter().map(|connector| self.read_connector(connector));
        let (connectors, faults) = distinct(numbered, |connector| &connector.number, "connector");
        left_out.extend(faults.into_iter().map(|fault| format!("station {id}: {fault}")));
        let find = |place: &Place| place.find(value).and_then(text);
        Some(Station {
            id,
            protocol: find(&places.protocol),
            ocpp_identifier: find(&places.ocpp_identifier),
            friendly_name: find(&places.friendly_name),
            serial_number: find(&places.serial_number),
            model: find(&places.model),
            version: find(&places.version),
            ip_address: find(&places.ip_address),
            // Nothing to hide when there is no address: an empty one is told apart from a missing field.
            cpo_url: Some(find(&places.cpo_url).map_or_else(String::new, |url| without_credentials(&url))),
            is_accepted_by_cpo: places.is_accepted_by_cpo.find(value).and_then(truth),
            is_connected: places.is_connected.find(value).and_then(truth),
            status: find(&places.status),
            authentication_mode: find(&places.authentication_mode),
            disconnected_authentication_mode: find(&places.disconnected_authentication_mode),
            connectors,
        })
    }

    /// Reads one connector.
    pub(crate) fn decode_connector(&self, body: &[u8]) -> Result<Option<Connector>, DecodeError> {
        Ok(self.read_connector(&parse(body, "the connector")?))
    }

    fn read_connector(&self, value: &Value) -> Option<Connector> {
        let places = &self.connector;
        let measured = |place: &Place, scale: f64| Some(place.find(value).and_then(number)? / scale);
        let power = |place| measured(place, self.scale.power_per_kw);
        let current = |place| measured(place, 1.0);
        Some(Connector {
            number: places.number.find(value).and_then(whole)?,
            is_dc: places.is_dc.find(value).and_then(truth),
            is_fixed_set_point: places.is_fixed_set_point.find(value).and_then(truth),
            max_current_or_power: places.max_current_or_power.find(value).and_then(number),
            phase_connection: places.phase_connection.find(value).and_then(text),
            status: places.status.find(value).and_then(Value::as_str).map(|word| self.status(word)),
            availability: places
                .availability
                .find(value)
                .and_then(Value::as_str)
                .and_then(|word| self.availability(word)),
            set_point_a: current(&places.set_point_a),
            set_point_kw: places.set_point_kw.find(value).and_then(number),
            power_kw: [power(&places.power_1), power(&places.power_2), power(&places.power_3)],
            current_a: [current(&places.current_1), current(&places.current_2), current(&places.current_3)],
            energy_kwh: measured(&places.energy, self.scale.energy_per_kwh),
            measured_at: places.measured_at.find(value).and_then(moment),
        })
    }

    fn status(&self, word: &str) -> ConnectorStatus {
        use ConnectorStatus as Status;
        let words = &self.words.status;
        let known = [
            (&words.available, Status::Available),
            (&words.charging, Status::Charging),
            (&words.faulted, Status::Faulted),
            (&words.finishing, Status::Finishing),
            (&words.preparing, Status::Preparing),
            (&words.reserved, Status::Reserved),
            (&words.suspended_ev, Status::SuspendedEv),
            (&words.suspended_evse, Status::SuspendedEvse),
            (&words.unavailable, Status::Unavailable),
        ];
        known
            .into_iter()
            .find(|(words, _)| words.iter().any(|known| is_same_word(known, word)))
            .map_or(Status::Other, |(_, status)| status)
    }

    fn availability(&self, word: &str) -> Option<Availability> {
        let words = &self.words.availability;
        if is_same_word(&words.operative, word) {
            return Some(Availability::Operative);
        }
        is_same_word(&words.inoperative, word).then_some(Availability::Inoperative)
    }

    fn list<'a>(&self, document: &'a Value, what: &'static str) -> Result<&'a [Value], DecodeError> {
        let list = self.list.items.find_list(document).ok_or(DecodeError::NoList { what })?;
        let total = self
            .list
            .total
            .find(document)
            .and_then(Value::as_u64)
            .and_then(|total| usize::try_from(total).ok());
        match total {
            Some(total) if total != list.len() => {
                Err(DecodeError::Partial { what, found: list.len(), total })
            }
            _ => Ok(list),
        }
    }
}

fn parse(body: &[u8], what: &'static str) -> Result<Value, DecodeError> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() && !body.is_empty() {
            return DecodeError::Truncated { what };
        }
        let beginning = String::from_utf8_lossy(body).trim_start().chars().take(SHOWN_BEGINNING).collect();
        DecodeError::NotJson { what, beginning }
    })
}

/// Keeps objects that have an id which no other has; says in words what was left out.
fn distinct<T, Id: Eq + std::hash::Hash + Clone + std::fmt::Display>(
    objects: impl Iterator<Item = Option<T>>,
    id: impl Fn(&T) -> &Id,
    what: &str,
) -> Objects<T> {
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    let (mut seen, mut doubled) = (HashSet::new(), HashSet::new());
    for object in objects {
        match object {
            None => left_out.push(format!("a {what} has no id that can be read")),
            Some(object) => {
                if !seen.insert(id(&object).clone()) {
                    doubled.insert(id(&object).clone());
                }
                kept.push(object);
            }
        }
    }
    kept.retain(|object| !doubled.contains(id(object)));
    left_out.extend(doubled.iter().map(|id| format!("the {what} {id} is there twice")));
    (kept, left_out)
}

fn object_id(value: &Value) -> Option<ObjectId> {
    match value {
        Value::String(id) => Some(ObjectId(id.clone())),
        Value::Number(id) => Some(ObjectId(id.to_string())),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

fn whole(value: &Value) -> Option<i32> {
    match value {
        Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

fn moment(value: &Value) -> Option<SystemTime> {
    let from_ms = |ms: i64| {
        let distance = Duration::from_millis(ms.unsigned_abs());
        if ms < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    };
    if let Value::String(text) = value
        && let Ok(moment) = chrono::DateTime::parse_from_rfc3339(text.trim())
    {
        return from_ms(moment.timestamp_millis());
    }
    let number = number(value)?;
    let seconds = if number.abs() > LARGEST_SECONDS { number / 1000.0 } else { number };
    let distance = Duration::try_from_secs_f64(seconds).ok()?;
    UNIX_EPOCH.checked_add(distance)
}

/// Compares words of the API as people do: `suspendedEV`, `SuspendedEV` and `suspended_ev` are one.
fn is_same_word(one: &str, other: &str) -> bool {
    one == other || letters(one).eq(letters(other))
}

fn letters(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).map(|letter| letter.to_ascii_lowercase())
}

/// An address may hold a user and a password, which nobody but the station needs.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}
