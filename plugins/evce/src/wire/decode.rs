//! Parses responses of a controller. Lenient about optional data, strict about required data: a partial list
//! is an error.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::Profile;
use super::extractor::{Extractor, Object};
use super::fields::{
    ConnectorField, ErrorField, ListField, ReductionField, StationField, TokenField, VersionField, ZoneField,
};
use super::scalar::Scalar;
use super::unusable;
use crate::model::{
    Availability, Connector, ConnectorStatus, ObjectId, Phases, Reduction, Site, Station, Zone, field,
};

/// Why a response is unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error(
        "the response to {what} is a web page (it begins with {beginning:?}): a login page, or another service"
    )]
    WebPage { what: &'static str, beginning: String },
    #[error("the response to {what} is not JSON (it begins with {beginning:?})")]
    NotJson { what: &'static str, beginning: String },
    #[error("the response to {what} ends in the middle of the document")]
    Truncated { what: &'static str },
    #[error("the response to {what} has no list")]
    NoList { what: &'static str },
    #[error("the response to {what} has {found} of {total} objects; partial lists are not used")]
    Partial { what: &'static str, found: usize, total: usize },
    #[error("the response to {what} is one page of several; partial lists are not used")]
    Paged { what: &'static str },
    #[error("the response to the login has no token")]
    NoToken,
}

/// A list of objects, and a message for each skipped one.
type Objects<T> = (Vec<T>, Vec<String>);

/// The versions of a controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) api_version: Option<String>,
    pub(crate) software_version: Option<String>,
}

/// Characters of an unusable response in the error text.
const SHOWN_BEGINNING: usize = 40;

impl Profile {
    /// Parses the token and its lifetime from the response to a login.
    pub(crate) fn decode_token(&self, body: &[u8]) -> Result<(String, Option<Duration>), DecodeError> {
        let response = read(&self.extractors.token, body, "the login")?;
        let token = response.field(TokenField::Token).and_then(Scalar::filled_text);
        let token = token.ok_or(DecodeError::NoToken)?;
        let life = response.field(TokenField::LifeS).and_then(Scalar::number);
        Ok((token, life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())))
    }

    /// Parses the versions of a controller.
    pub(crate) fn decode_version(&self, body: &[u8]) -> Result<Version, DecodeError> {
        let response = read(&self.extractors.version, body, "the version")?;
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

    /// Returns whether an error means that the token has expired.
    pub(crate) fn is_token_ended(&self, code: &str) -> bool {
        self.enum_values.error.token_ended.iter().any(|value| value == code)
    }

    /// Returns whether an error means that a zone has no reduction.
    pub(crate) fn is_no_reduction(&self, code: &str) -> bool {
        self.enum_values.error.no_reduction.iter().any(|value| value == code)
    }

    /// Returns whether an error means that this user has too many sessions.
    pub(crate) fn is_too_many_sessions(&self, code: &str) -> bool {
        self.enum_values.error.too_many_sessions.iter().any(|value| is_same_value(value, code))
    }

    /// Combines zones and stations. Also returns a message for each skipped object.
    pub(crate) fn decode_site(
        &self,
        zones: &[u8],
        stations: &[u8],
    ) -> Result<(Site, Vec<String>), DecodeError> {
        let decoded = self.decode_lists(zones, stations);
        if !matches!(decoded, Err(DecodeError::NotJson { .. })) {
            return decoded;
        }
        let read = |body| unusable::with_numbers_as_texts(body).map_or(Cow::Borrowed(body), Cow::Owned);
        self.decode_lists(&read(zones), &read(stations))
    }

    fn decode_lists(&self, zones: &[u8], stations: &[u8]) -> Result<(Site, Vec<String>), DecodeError> {
        let (mut zones, mut skipped) = self.decode_zones(zones)?;
        let (stations, more_skipped) = self.decode_stations(stations)?;
        skipped.extend(more_skipped);
        let by_id: HashMap<ObjectId, usize> =
            zones.iter().enumerate().map(|(index, zone)| (zone.id.clone(), index)).collect();
        for (zone, station) in stations {
            match zone.as_ref().and_then(|zone| by_id.get(zone)) {
                Some(index) => zones[*index].stations.push(station),
                None => skipped.push(format!("the station {} is in an unknown zone", station.id)),
            }
        }
        Ok((Site { zones }, skipped))
    }

    fn decode_zones(&self, body: &[u8]) -> Result<Objects<Zone>, DecodeError> {
        let document = read(&self.extractors.zones, body, "the zones")?;
        let list = list_of(&document, "the zones")?;
        Ok(distinct(list.iter().map(read_zone), |zone| &zone.id, "zone"))
    }

    /// Parses the reduction of one zone.
    pub(crate) fn decode_reduction(&self, body: &[u8]) -> Result<Reduction, DecodeError> {
        Ok(read_reduction(&read(&self.extractors.reduction, body, "the reduction")?))
    }

    fn decode_stations(&self, body: &[u8]) -> Result<Objects<(Option<ObjectId>, Station)>, DecodeError> {
        let document = read(&self.extractors.stations, body, "the stations")?;
        let list = list_of(&document, "the stations")?;
        let mut skipped = Vec::new();
        let stations = list.iter().map(|station| {
            let zone = station.field(StationField::ZoneId).and_then(Scalar::id);
            Some((zone, self.read_station(station, &mut skipped)?))
        });
        let (stations, mut faults) = distinct(stations, |(_, station)| &station.id, "station");
        faults.append(&mut skipped);
        Ok((stations, faults))
    }

    fn read_station(&self, station: &Object<'_>, skipped: &mut Vec<String>) -> Option<Station> {
        use StationField as Field;
        let id = station.field(Field::Id).and_then(Scalar::id)?;
        let listed = station.nested().unwrap_or_default();
        let numbered = listed.iter().map(|connector| self.read_connector(connector));
        let (connectors, faults) = distinct(numbered, |connector| &connector.number, "connector");
        skipped.extend(faults.into_iter().map(|fault| format!("station {id}: {fault}")));
        let text = |field: Field| station.field(field).map(Scalar::text);
        let truth = |field: Field| station.field(field).and_then(Scalar::truth);
        Some(Station {
            id,
            protocol: text(Field::Protocol),
            ocpp_identifier: text(Field::OcppIdentifier),
            friendly_name: text(Field::FriendlyName),
            serial_number: text(Field::SerialNumber),
            model: text(Field::Model),
            version: text(Field::Version),
            ip_address: text(Field::IpAddress),
            cpo_url: text(Field::CpoUrl).map(|url| without_credentials(&url)),
            is_accepted_by_cpo: truth(Field::IsAcceptedByCpo),
            is_connected: truth(Field::IsConnected),
            status: text(Field::Status),
            authentication_mode: text(Field::AuthenticationMode),
            disconnected_authentication_mode: text(Field::DisconnectedAuthenticationMode),
            is_kept: false,
            connectors,
        })
    }

    /// Parses one connector.
    pub(crate) fn decode_connector(&self, body: &[u8]) -> Result<Option<Connector>, DecodeError> {
        let readable = unusable::with_numbers_as_texts(body);
        let body = readable.as_deref().unwrap_or(body);
        Ok(self.read_connector(&read(&self.extractors.connector, body, "the connector")?))
    }

    fn read_connector(&self, connector: &Object<'_>) -> Option<Connector> {
        use ConnectorField as Field;
        let number = |field: Field| connector.field(field).and_then(Scalar::number);
        let truth = |field: Field| connector.field(field).and_then(Scalar::truth);
        let enum_value = |field: Field| connector.field(field).and_then(Scalar::enum_value);
        let power_kw = |field: Field| Some(number(field)? / self.scale.power_per_kw);
        let energy_kwh = number(Field::Energy).map(|energy| energy / self.scale.energy_per_kwh);
        let mut unusable = unusable::of_connector(connector);
        let mut known = |name, word: Option<&str>, is_known: bool| {
            if let Some(word) = word.filter(|_| !is_known) {
                unusable.push(unusable::unknown_word(name, word));
            }
        };
        let is_dc = truth(Field::IsDc);
        let status = enum_value(Field::Status).and_then(|value| self.status(value));
        known(field::STATUS, enum_value(Field::Status), status.is_some());
        let availability = enum_value(Field::Availability).and_then(|value| self.availability(value));
        known(field::AVAILABILITY, enum_value(Field::Availability), availability.is_some());
        // Without a word the connector is taken to have three phases. A DC connector has none that matter.
        let phases = enum_value(Field::PhaseConnection).filter(|_| is_dc != Some(true));
        let known_phases = phases.map_or(Some(Phases::Three), |value| self.phases(value));
        known(field::PHASE_CONNECTION, phases, known_phases.is_some());
        Some(Connector {
            number: connector.field(Field::Number).and_then(Scalar::whole)?,
            is_dc,
            is_fixed_set_point: truth(Field::IsFixedSetPoint),
            max_current_or_power: number(Field::MaxCurrentOrPower),
            phase_connection: connector.field(Field::PhaseConnection).map(Scalar::text),
            phases: known_phases,
            status,
            error_code: connector.field(Field::ErrorCode).and_then(Scalar::filled_text),
            availability,
            set_point_a: number(Field::SetPointA),
            set_point_kw: number(Field::SetPointKw),
            power_kw: [Field::PowerPhase1, Field::PowerPhase2, Field::PowerPhase3].map(power_kw),
            current_a: [Field::CurrentPhase1, Field::CurrentPhase2, Field::CurrentPhase3].map(number),
            power_total_kw: power_kw(Field::PowerTotal),
            energy_kwh,
            counted_kwh: energy_kwh,
            register_fell: false,
            measured_at: connector.field(Field::MeasuredAt).and_then(Scalar::moment),
            unusable,
            is_kept: false,
        })
    }

    fn status(&self, value: &str) -> Option<ConnectorStatus> {
        use ConnectorStatus as Status;
        let values = &self.enum_values.status;
        let known = [
            (&values.available, Status::Available),
            (&values.charging, Status::Charging),
            (&values.faulted, Status::Faulted),
            (&values.finishing, Status::Finishing),
            (&values.preparing, Status::Preparing),
            (&values.reserved, Status::Reserved),
            (&values.suspended_ev, Status::SuspendedEv),
            (&values.suspended_evse, Status::SuspendedEvse),
            (&values.unavailable, Status::Unavailable),
        ];
        known
            .into_iter()
            .find(|(values, _)| values.iter().any(|known| is_same_value(known, value)))
            .map(|(_, status)| status)
    }

    fn phases(&self, value: &str) -> Option<Phases> {
        let values = &self.enum_values.phases;
        let phases = [&values.first, &values.second, &values.third];
        let has = |values: &Vec<String>| values.iter().any(|known| is_same_value(known, value));
        let only = phases.into_iter().position(has).map(Phases::One);
        only.or_else(|| has(&values.all).then_some(Phases::Three))
    }

    fn availability(&self, value: &str) -> Option<Availability> {
        let values = &self.enum_values.availability;
        if is_same_value(&values.operative, value) {
            return Some(Availability::Operative);
        }
        is_same_value(&values.inoperative, value).then_some(Availability::Inoperative)
    }
}

fn read<'a>(extractor: &Extractor, body: &'a [u8], what: &'static str) -> Result<Object<'a>, DecodeError> {
    extractor.read(body).map_err(|error| {
        if error.is_eof() && !body.is_empty() {
            return DecodeError::Truncated { what };
        }
        let beginning: String =
            String::from_utf8_lossy(body).trim_start().chars().take(SHOWN_BEGINNING).collect();
        let is_web_page = body.trim_ascii_start().starts_with(b"<");
        if is_web_page {
            return DecodeError::WebPage { what, beginning };
        }
        DecodeError::NotJson { what, beginning }
    })
}

fn list_of<'d, 'a>(document: &'d Object<'a>, what: &'static str) -> Result<&'d [Object<'a>], DecodeError> {
    let list = document.nested().ok_or(DecodeError::NoList { what })?;
    let total = document.field(ListField::Total).and_then(Scalar::whole);
    match total.and_then(|total| usize::try_from(total).ok()) {
        Some(total) if total != list.len() => Err(DecodeError::Partial { what, found: list.len(), total }),
        _ => Ok(list),
    }
}

fn read_zone(zone: &Object<'_>) -> Option<Zone> {
    use ZoneField as Field;
    let number = |field: Field| zone.field(field).and_then(Scalar::number);
    Some(Zone {
        id: zone.field(Field::Id).and_then(Scalar::id)?,
        name: zone.field(Field::Name).map(Scalar::text),
        kind: zone.field(Field::Kind).map(Scalar::text),
        max_current_a: number(Field::MaxCurrentA),
        transactions: zone.field(Field::Transactions).and_then(Scalar::whole),
        set_point_a: number(Field::SetPointA),
        set_point_kw: number(Field::SetPointKw),
        reduction: zone.nested().and_then(|nested| nested.first()).map(read_reduction),
        unusable: unusable::of_zone(zone),
        is_kept: false,
        stations: Vec::new(),
    })
}

fn read_reduction(reduction: &Object<'_>) -> Reduction {
    use ReductionField as Field;
    let text = |field: Field| reduction.field(field).map(Scalar::text);
    Reduction {
        percent: reduction.field(Field::Percent).and_then(Scalar::number),
        kind: text(Field::Kind),
        description: text(Field::Description),
        valid_until: reduction.field(Field::ValidUntil).and_then(Scalar::moment),
        validity_mode: text(Field::ValidityMode),
    }
}

/// Keeps objects with a unique id. Returns a message for each skipped one.
fn distinct<T, Id: Ord + std::hash::Hash + Clone + std::fmt::Display>(
    objects: impl Iterator<Item = Option<T>>,
    id: impl Fn(&T) -> &Id,
    what: &str,
) -> Objects<T> {
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    for object in objects {
        match object {
            None => skipped.push(format!("a {what} has no readable id")),
            Some(object) => kept.push(object),
        }
    }
    let mut seen = HashSet::with_capacity(kept.len());
    // In order, so that two polls report the same faults in the same order.
    let doubled: BTreeSet<Id> = kept.iter().map(&id).filter(|id| !seen.insert(*id)).cloned().collect();
    kept.retain(|object| !doubled.contains(id(object)));
    skipped.extend(doubled.iter().map(|id| format!("duplicate {what} {id}")));
    (kept, skipped)
}

/// Compares enum values of the API loosely: `suspendedEV`, `SuspendedEV` and `suspended_ev` are equal.
fn is_same_value(one: &str, other: &str) -> bool {
    one == other || letters(one).eq(letters(other))
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).map(|letter| letter.to_ascii_lowercase())
}

/// Removes user and password, which only the station needs, from an address.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}
