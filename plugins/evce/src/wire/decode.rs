//! Reads what a controller answers. Lenient with what it does not need, strict with what it does: a partial
//! list is no list.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::Profile;
use super::fields::{
    ConnectorField, ErrorField, ListField, ReductionField, StationField, TokenField, VersionField, ZoneField,
};
use super::scalar::Scalar;
use super::shape::{Object, Shape};
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
    #[error("the answer to {what} is one page of several: a part of a list is never used")]
    Paged { what: &'static str },
    #[error("the answer to the login holds no token")]
    NoToken,
}

/// A list of objects, and those that had to be left out, in words.
type Objects<T> = (Vec<T>, Vec<String>);

/// What a controller says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) api_version: Option<String>,
    pub(crate) software_version: Option<String>,
}

/// Characters of a wrong answer that are shown.
const SHOWN_BEGINNING: usize = 40;

impl Profile {
    /// Reads the token and its life from the answer to a login.
    pub(crate) fn decode_token(&self, body: &[u8]) -> Result<(String, Option<Duration>), DecodeError> {
        let answer = read(&self.shapes.token, body, "the login")?;
        let token = answer.field(TokenField::Token).and_then(Scalar::filled_text);
        let token = token.ok_or(DecodeError::NoToken)?;
        let life = answer.field(TokenField::LifeS).and_then(Scalar::number);
        Ok((token, life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())))
    }

    /// Reads what a controller says of itself.
    pub(crate) fn decode_version(&self, body: &[u8]) -> Result<Version, DecodeError> {
        let answer = read(&self.shapes.version, body, "the version")?;
        let text = |field: VersionField| answer.field(field).and_then(Scalar::filled_text);
        let api_version = text(VersionField::ApiVersion);
        Ok(Version { api_version, software_version: text(VersionField::SoftwareVersion) })
    }

    /// Reads code and message of an error answer; nothing when it is of another kind.
    pub(crate) fn decode_error(&self, body: &[u8]) -> (Option<String>, Option<String>) {
        let Ok(error) = self.shapes.error.read(body) else { return (None, None) };
        let text = |field: ErrorField| error.field(field).and_then(Scalar::filled_text);
        (text(ErrorField::Code), text(ErrorField::Message))
    }

    /// Whether an error means that the token has ended.
    pub(crate) fn is_token_ended(&self, code: &str) -> bool {
        self.words.error.token_ended.iter().any(|word| word == code)
    }

    /// Whether an error means that a zone has no reduction.
    pub(crate) fn is_no_reduction(&self, code: &str) -> bool {
        self.words.error.no_reduction.iter().any(|word| word == code)
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
        let document = read(&self.shapes.zones, body, "the zones")?;
        let list = list_of(&document, "the zones")?;
        Ok(distinct(list.iter().map(read_zone), |zone| &zone.id, "zone"))
    }

    /// Reads the reduction of one zone.
    pub(crate) fn decode_reduction(&self, body: &[u8]) -> Result<Reduction, DecodeError> {
        Ok(read_reduction(&read(&self.shapes.reduction, body, "the reduction")?))
    }

    fn decode_stations(&self, body: &[u8]) -> Result<Objects<(Option<ObjectId>, Station)>, DecodeError> {
        let document = read(&self.shapes.stations, body, "the stations")?;
        let list = list_of(&document, "the stations")?;
        let mut left_out = Vec::new();
        let stations = list.iter().map(|station| {
            let zone = station.field(StationField::ZoneId).and_then(Scalar::id);
            Some((zone, self.read_station(station, &mut left_out)?))
        });
        let (stations, mut faults) = distinct(stations, |(_, station)| &station.id, "station");
        faults.append(&mut left_out);
        Ok((stations, faults))
    }

    fn read_station(&self, station: &Object<'_>, left_out: &mut Vec<String>) -> Option<Station> {
        use StationField as Field;
        let id = station.field(Field::Id).and_then(Scalar::id)?;
        let listed = station.held().unwrap_or_default();
        let numbered = listed.iter().map(|connector| self.read_connector(connector));
        let (connectors, faults) = distinct(numbered, |connector| &connector.number, "connector");
        left_out.extend(faults.into_iter().map(|fault| format!("station {id}: {fault}")));
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
            connectors,
        })
    }

    /// Reads one connector.
    pub(crate) fn decode_connector(&self, body: &[u8]) -> Result<Option<Connector>, DecodeError> {
        Ok(self.read_connector(&read(&self.shapes.connector, body, "the connector")?))
    }

    fn read_connector(&self, connector: &Object<'_>) -> Option<Connector> {
        use ConnectorField as Field;
        let number = |field: Field| connector.field(field).and_then(Scalar::number);
        let truth = |field: Field| connector.field(field).and_then(Scalar::truth);
        let word = |field: Field| connector.field(field).and_then(Scalar::word);
        let power_kw = |field: Field| Some(number(field)? / self.scale.power_per_kw);
        let energy_kwh = number(Field::Energy).map(|energy| energy / self.scale.energy_per_kwh);
        Some(Connector {
            number: connector.field(Field::Number).and_then(Scalar::whole)?,
            is_dc: truth(Field::IsDc),
            is_fixed_set_point: truth(Field::IsFixedSetPoint),
            max_current_or_power: number(Field::MaxCurrentOrPower),
            phase_connection: connector.field(Field::PhaseConnection).map(Scalar::text),
            only_phase: word(Field::PhaseConnection).and_then(|word| self.only_phase(word)),
            status: word(Field::Status).map(|word| self.status(word)),
            availability: word(Field::Availability).and_then(|word| self.availability(word)),
            set_point_a: number(Field::SetPointA),
            set_point_kw: number(Field::SetPointKw),
            power_kw: [Field::PowerPhase1, Field::PowerPhase2, Field::PowerPhase3].map(power_kw),
            current_a: [Field::CurrentPhase1, Field::CurrentPhase2, Field::CurrentPhase3].map(number),
            energy_kwh,
            last_energy_kwh: energy_kwh,
            measured_at: connector.field(Field::MeasuredAt).and_then(Scalar::moment),
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

    /// The index of the only phase that is connected; `None` for all three.
    fn only_phase(&self, word: &str) -> Option<usize> {
        let words = &self.words.phases;
        let phases = [&words.first, &words.second, &words.third];
        phases.iter().position(|words| words.iter().any(|known| is_same_word(known, word)))
    }

    fn availability(&self, word: &str) -> Option<Availability> {
        let words = &self.words.availability;
        if is_same_word(&words.operative, word) {
            return Some(Availability::Operative);
        }
        is_same_word(&words.inoperative, word).then_some(Availability::Inoperative)
    }
}

fn read<'a>(shape: &Shape, body: &'a [u8], what: &'static str) -> Result<Object<'a>, DecodeError> {
    shape.read(body).map_err(|error| {
        if error.is_eof() && !body.is_empty() {
            return DecodeError::Truncated { what };
        }
        let beginning = String::from_utf8_lossy(body).trim_start().chars().take(SHOWN_BEGINNING).collect();
        DecodeError::NotJson { what, beginning }
    })
}

fn list_of<'d, 'a>(document: &'d Object<'a>, what: &'static str) -> Result<&'d [Object<'a>], DecodeError> {
    let list = document.held().ok_or(DecodeError::NoList { what })?;
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
        reduction: zone.held().and_then(|held| held.first()).map(read_reduction),
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

/// Keeps objects that have an id which no other has; says in words what was left out.
fn distinct<T, Id: Ord + std::hash::Hash + Clone + std::fmt::Display>(
    objects: impl Iterator<Item = Option<T>>,
    id: impl Fn(&T) -> &Id,
    what: &str,
) -> Objects<T> {
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for object in objects {
        match object {
            None => left_out.push(format!("a {what} has no id that can be read")),
            Some(object) => kept.push(object),
        }
    }
    let mut seen = HashSet::with_capacity(kept.len());
    // In order, so that two looks at the same fault say the same.
    let doubled: BTreeSet<Id> = kept.iter().map(&id).filter(|id| !seen.insert(*id)).cloned().collect();
    kept.retain(|object| !doubled.contains(id(object)));
    left_out.extend(doubled.iter().map(|id| format!("the {what} {id} is there twice")));
    (kept, left_out)
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
