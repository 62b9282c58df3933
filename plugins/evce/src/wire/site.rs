//! Combines the documents of a poll into a site.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Profile;
use super::decode::{DecodeError, distinct, read};
use super::documents::{ConnectorKey, Document, SiteDocuments};
use super::extractor::Object;
use super::fields::{ConnectorField, FieldName, ReductionField, StationField, ZoneField};
use super::object_fields::ObjectFields;
use super::parsed::{ListedStation, Parsed};
use super::profile::REDUCTION_IN_ZONE;
use super::scalar::Scalar;
use crate::model::{
    Connector, ConnectorStatus, ObjectId, Phases, Reduction, Site, Station, Unusable, Zone, counted, field,
};

/// Riser's words for a connector with only this phase.
const ONE_PHASE: [&str; 3] = ["mono1", "mono2", "mono3"];

impl Profile {
    /// Combines zones, stations and connectors. Also returns a message for each skipped object and each field that
    /// cannot be read.
    pub(crate) fn decode_site(&self, documents: &SiteDocuments) -> Result<(Site, Vec<String>), DecodeError> {
        documents.read(|documents| self.read_site(documents))
    }

    fn read_site(&self, documents: &SiteDocuments) -> Result<(Site, Vec<String>), DecodeError> {
        let parsed = self.parse(documents)?;
        let mut reader = Reader { profile: self, parsed: &parsed, documents, messages: Vec::new() };
        let mut zones = reader.zones()?;
        let by_id: HashMap<ObjectId, usize> =
            zones.iter().enumerate().map(|(index, zone)| (zone.id.clone(), index)).collect();
        for (zone, station) in reader.stations()? {
            match zone.as_ref().and_then(|zone| by_id.get(zone)) {
                Some(index) => zones[*index].stations.push(station),
                None => reader.messages.push(format!("the station {} is in an unknown zone", station.id)),
            }
        }
        Ok((Site { zones }, reader.messages))
    }

    /// Returns the ids of the listed zones, for calls that read one zone.
    pub(crate) fn zone_ids(&self, documents: &SiteDocuments) -> Result<Vec<ObjectId>, DecodeError> {
        documents.read(|documents| {
            let zones = self.objects(&self.extractors.zones, &documents.zones)?;
            Ok(zones.iter().filter_map(|(_, zone)| zone.field(ZoneField::Id)?.id()).collect())
        })
    }

    /// Returns the ids of the listed stations.
    pub(crate) fn station_ids(&self, documents: &SiteDocuments) -> Result<Vec<ObjectId>, DecodeError> {
        documents.read(|documents| {
            let parsed = self.parse(documents)?;
            let stations = parsed.listed_stations(self);
            Ok(stations.iter().filter_map(|station| station.object.field(StationField::Id)?.id()).collect())
        })
    }

    /// Returns the listed connectors.
    pub(crate) fn connector_keys(&self, documents: &SiteDocuments) -> Result<Vec<ConnectorKey>, DecodeError> {
        documents.read(|documents| self.read_connector_keys(documents))
    }

    fn read_connector_keys(&self, documents: &SiteDocuments) -> Result<Vec<ConnectorKey>, DecodeError> {
        let parsed = self.parse(documents)?;
        let mut keys = Vec::new();
        for listed in parsed.listed_stations(self) {
            let Some(id) = listed.object.field(StationField::Id).and_then(Scalar::id) else {
                continue;
            };
            let numbers = parsed.connectors_of(&id, listed.object);
            let number = |object: &Object<'_>| object.field(ConnectorField::Number)?.whole();
            keys.extend(numbers.iter().filter_map(|(_, object)| Some((id.clone(), number(object)?))));
        }
        Ok(keys)
    }

    /// Parses the reduction of one zone; `None` if it is not active.
    pub(crate) fn decode_reduction(
        &self,
        document: &Document,
        now: std::time::SystemTime,
    ) -> Result<Option<Reduction>, DecodeError> {
        document.read(|document| {
            let object = read(&self.extractors.reduction, &document.path, &document.body)?;
            let layers = [&object];
            let mut fields = ObjectFields::new(&layers, &self.reduction, now);
            Ok(read_reduction(&mut fields))
        })
    }

    /// Parses the connector with this number, which it need not repeat; `None` if the document has none.
    pub(crate) fn decode_connector(
        &self,
        document: &Document,
        number: i32,
        now: std::time::SystemTime,
    ) -> Result<Option<Connector>, DecodeError> {
        document.read(|document| {
            let object = read(&self.extractors.connector, &document.path, &document.body)?;
            let layers = [&object];
            let mut fields = ObjectFields::new(&layers, &self.connector, now);
            Ok(fields.has_any().then(|| read_connector(number, &mut fields)))
        })
    }
}

/// Reads the objects of a site and collects messages.
struct Reader<'r, 'a> {
    profile: &'r Profile,
    parsed: &'r Parsed<'a>,
    documents: &'a SiteDocuments,
    messages: Vec<String>,
}

impl Reader<'_, '_> {
    fn zones(&mut self) -> Result<Vec<Zone>, DecodeError> {
        let parsed = self.parsed;
        let mut zones = Vec::with_capacity(parsed.zones.len());
        for (path, object) in &parsed.zones {
            if let Some(zone) = self.zone(path, object) {
                zones.push((*path, zone));
            }
        }
        let (zones, faults) = distinct(zones, |zone: &Zone| &zone.id, "zone")?;
        self.messages.extend(faults);
        Ok(zones)
    }

    fn zone(&mut self, path: &str, object: &Object<'_>) -> Option<Zone> {
        use ZoneField as Field;
        let id = object.field(Field::Id).and_then(Scalar::id);
        let detail = id.as_ref().and_then(|id| self.parsed.zone.get(id));
        let (both, count) = layers(detail, object);
        let layers = &both[..count];
        let mut fields = ObjectFields::new(layers, &self.profile.zone, self.documents.now);
        let Some(id) = id else {
            self.without(path, "zone", "id", &fields.missing_place(Field::Id));
            return None;
        };
        if !self.has_required(&fields, path, &|| format!("zone {id}")) {
            return None;
        }
        let zone = Zone {
            name: fields.text(Field::Name),
            kind: fields.text(Field::Kind),
            max_current_a: fields.number(Field::MaxCurrentA),
            transactions: fields.whole(Field::Transactions),
            set_point_a: fields.number(Field::SetPointA),
            set_point_kw: fields.number(Field::SetPointKw),
            reduction: self.reduction(&id, layers, path),
            unusable: fields.take_unusable(),
            remark: None,
            is_kept: false,
            stations: Vec::new(),
            id,
        };
        self.unreadable(fields, path, &|| format!("zone {}", zone.id));
        Some(zone)
    }

    fn reduction(&mut self, zone: &ObjectId, layers: &[&Object<'_>], path: &str) -> Option<Reduction> {
        let rules = &self.profile.reduction;
        let called = self.parsed.reductions.get(zone);
        let own: Vec<&Object<'_>> = called.into_iter().flatten().collect();
        let (reduction, fields) = if called.is_some() {
            let mut fields = ObjectFields::new(&own, rules, self.documents.now);
            (read_reduction(&mut fields), fields.unreadable())
        } else {
            let mut fields = ObjectFields::new(layers, rules, self.documents.now).within(REDUCTION_IN_ZONE);
            (read_reduction(&mut fields), fields.unreadable())
        };
        for (field, expected) in fields {
            self.messages
                .push(format!("zone {zone}: the reduction's {field} is not {expected} (GET {path})"));
        }
        reduction
    }

    /// Returns the stations and the zone of each.
    fn stations(&mut self) -> Result<Vec<(Option<ObjectId>, Station)>, DecodeError> {
        let listed = self.parsed.listed_stations(self.profile);
        let mut stations = Vec::with_capacity(listed.len());
        let mut later = Vec::new();
        for station in &listed {
            let before = self.messages.len();
            if let Some(read) = self.station(station)? {
                stations.push((station.path, (station.zone.clone(), read)));
            }
            later.extend(self.messages.drain(before..));
        }
        let (stations, faults) =
            distinct(stations, |(_, station): &(Option<ObjectId>, Station)| &station.id, "station")?;
        self.messages.extend(faults);
        self.messages.extend(later);
        self.strangers(&stations);
        Ok(stations)
    }

    /// Reports the connectors of a list that belong to no listed station.
    fn strangers(&mut self, stations: &[(Option<ObjectId>, Station)]) {
        let known: HashSet<&ObjectId> = stations.iter().map(|(_, station)| &station.id).collect();
        let owners = self.parsed.connectors.keys().filter(|station| !known.contains(station));
        // In order, so that two polls report the same faults in the same order.
        let unknown: BTreeSet<&ObjectId> = owners.collect();
        let message = |station| format!("connectors of the unknown station {station}");
        self.messages.extend(unknown.into_iter().map(message));
        if self.parsed.ownerless > 0 {
            self.messages.push(format!(
                "{} without a readable station_id",
                counted(self.parsed.ownerless, "connector")
            ));
        }
    }

    fn station(&mut self, listed: &ListedStation<'_, '_>) -> Result<Option<Station>, DecodeError> {
        use StationField as Field;
        let ListedStation { path, object, .. } = listed;
        let id = object.field(Field::Id).and_then(Scalar::id);
        let detail = id.as_ref().and_then(|id| self.parsed.station.get(id));
        let (both, count) = layers(detail, object);
        let layers = &both[..count];
        let mut fields = ObjectFields::new(layers, &self.profile.station, self.documents.now);
        let Some(id) = id else {
            self.without(path, "station", "id", &fields.missing_place(Field::Id));
            return Ok(None);
        };
        if !self.has_required(&fields, path, &|| format!("station {id}")) {
            return Ok(None);
        }
        let station = Station {
            protocol: fields.text(Field::Protocol),
            ocpp_identifier: fields.text(Field::OcppIdentifier),
            friendly_name: fields.text(Field::FriendlyName),
            serial_number: fields.text(Field::SerialNumber),
            model: fields.text(Field::Model),
            version: fields.text(Field::Version),
            ip_address: fields.text(Field::IpAddress),
            cpo_url: fields.text(Field::CpoUrl).map(|url| without_credentials(&url)),
            is_accepted_by_cpo: fields.truth(Field::IsAcceptedByCpo),
            is_connected: fields.truth(Field::IsConnected),
            status: fields.text(Field::Status),
            authentication_mode: fields.text(Field::AuthenticationMode),
            disconnected_authentication_mode: fields.text(Field::DisconnectedAuthenticationMode),
            unusable: fields.take_unusable(),
            is_kept: false,
            connectors: self.connectors(&id, object, path)?,
            id,
        };
        self.unreadable(fields, path, &|| format!("station {}", station.id));
        Ok(Some(station))
    }

    fn connectors(
        &mut self,
        station: &ObjectId,
        listed: &Object<'_>,
        station_path: &str,
    ) -> Result<Vec<Connector>, DecodeError> {
        let parsed = self.parsed;
        let mut connectors = Vec::new();
        for (path, object) in parsed.connectors_of(station, listed) {
            let path = path.unwrap_or(station_path);
            let number = object.field(ConnectorField::Number).and_then(Scalar::whole);
            let detail = number.and_then(|number| parsed.connector.get(&(station.clone(), number)));
            let (both, count) = layers(detail, object);
            let layers = &both[..count];
            let mut fields = ObjectFields::new(layers, &self.profile.connector, self.documents.now);
            let Some(number) = number else {
                let place = fields.missing_place(ConnectorField::Number);
                self.without(path, &format!("connector of station {station}"), "number", &place);
                continue;
            };
            let name = || format!("station {station}, connector {number}");
            if self.has_required(&fields, path, &name) {
                connectors.push((path, read_connector(number, &mut fields)));
                self.unreadable(fields, path, &name);
            }
        }
        let (connectors, faults) =
            distinct(connectors, |connector: &Connector| &connector.number, "connector")?;
        self.messages.extend(faults.into_iter().map(|fault| format!("station {station}: {fault}")));
        Ok(connectors)
    }

    fn without(&mut self, path: &str, what: &str, field: &str, place: &str) {
        self.messages.push(format!("a {what} has no readable {field} (GET {path}, looked at {place})"));
    }

    /// Returns whether all required fields exist; else writes a message.
    fn has_required<Field: FieldName>(
        &mut self,
        fields: &ObjectFields<'_, '_, Field>,
        path: &str,
        name: &dyn Fn() -> String,
    ) -> bool {
        let Some((field, rule)) = fields.missing() else { return true };
        let (name, field) = (name(), field.name());
        self.messages
            .push(format!("{name} has no {field}, which is required (GET {path}, looked at {})", rule.at));
        false
    }

    fn unreadable<Field: FieldName>(
        &mut self,
        fields: ObjectFields<'_, '_, Field>,
        path: &str,
        name: &dyn Fn() -> String,
    ) {
        for (field, expected) in fields.unreadable() {
            self.messages.push(format!("{}: {field} is not {expected} (GET {path})", name()));
        }
    }
}

/// Returns the document of an object before its entry in a list, and the number of both: most objects have no document
/// of their own, and none needs a list on the heap.
fn layers<'o, 'a>(detail: Option<&'o Object<'a>>, listed: &'o Object<'a>) -> ([&'o Object<'a>; 2], usize) {
    match detail {
        Some(detail) => ([detail, listed], 2),
        None => ([listed, listed], 1),
    }
}

fn read_reduction(fields: &mut ObjectFields<'_, '_, ReductionField>) -> Option<Reduction> {
    use ReductionField as Field;
    if !fields.has_any() || fields.truth(Field::Active) == Some(false) {
        return None;
    }
    Some(Reduction {
        percent: fields.number(Field::Percent),
        kind: fields.text(Field::Kind),
        description: fields.text(Field::Description),
        valid_until: fields.moment(Field::ValidUntil),
        validity_mode: fields.text(Field::ValidityMode),
    })
}

fn read_connector(number: i32, fields: &mut ObjectFields<'_, '_, ConnectorField>) -> Connector {
    use ConnectorField as Field;
    let is_dc = fields.truth(Field::IsDc);
    let energy_kwh = fields.number(Field::Energy);
    let phase_connection = fields.text(Field::PhaseConnection);
    let phases = phases(is_dc, fields);
    let mut connector = Connector {
        number,
        is_dc,
        is_fixed_set_point: fields.truth(Field::IsFixedSetPoint),
        max_current_or_power: fields.number(Field::MaxCurrentOrPower),
        phase_connection,
        phases,
        status: fields.known_word(Field::Status).and_then(|word| word.parse().ok()),
        error_code: fields.text(Field::ErrorCode).filter(|code| !code.is_empty()),
        availability: fields.known_word(Field::Availability).and_then(|word| word.parse().ok()),
        set_point_a: fields.number(Field::SetPointA),
        set_point_kw: fields.number(Field::SetPointKw),
        power_kw: [Field::PowerPhase1, Field::PowerPhase2, Field::PowerPhase3]
            .map(|field| fields.number(field)),
        power_total_kw: fields.number(Field::PowerTotal),
        current_a: [Field::CurrentPhase1, Field::CurrentPhase2, Field::CurrentPhase3]
            .map(|field| fields.number(field)),
        energy_kwh,
        counted_kwh: energy_kwh,
        register_fell: false,
        measured_at: fields.moment(Field::MeasuredAt),
        unusable: fields.take_unusable(),
        remark: None,
        status_age_min: None,
        is_kept: false,
    };
    let has_current = connector.unusable.iter().any(|fault| field::CURRENT.contains(&fault.field));
    if connector.current_a == [None; 3] && !has_current {
        read_current_per_phase(&mut connector, fields);
    }
    connector
}

/// Reads the current that stands for each connected phase.
fn read_current_per_phase(connector: &mut Connector, fields: &mut ObjectFields<'_, '_, ConnectorField>) {
    let per_phase = fields.number(ConnectorField::CurrentPerPhase);
    if let (Some(per_phase), Some(phases)) = (per_phase, connector.phases) {
        connector.current_a =
            [0, 1, 2].map(|phase| Some(if phases.contains(phase) { per_phase } else { 0.0 }));
    }
    for fault in fields.take_unusable() {
        let of_phase = field::CURRENT.map(|field| Unusable { field, ..fault.clone() });
        connector.unusable.extend(of_phase);
    }
}

/// Returns the connected phases; `None` for a word that the profile does not know. Without a word the connector is taken
/// to have three. A DC connector has none that matter.
fn phases(is_dc: Option<bool>, fields: &mut ObjectFields<'_, '_, ConnectorField>) -> Option<Phases> {
    if is_dc == Some(true)
        || fields.scalar(ConnectorField::PhaseConnection).is_none_or(|word| word.is_empty())
    {
        return Some(Phases::Three);
    }
    match fields.known_word(ConnectorField::PhaseConnection)? {
        "tri" => Some(Phases::Three),
        word => ONE_PHASE.iter().position(|known| *known == word).map(Phases::One),
    }
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

/// Riser's words for the enumerations of a connector, which a profile translates.
pub(super) fn known_words(field: ConnectorField) -> Option<&'static [&'static str]> {
    match field {
        ConnectorField::Status => Some(&ConnectorStatus::WORDS),
        ConnectorField::Availability => Some(&["operative", "inoperative"]),
        ConnectorField::PhaseConnection => Some(&["mono1", "mono2", "mono3", "tri"]),
        ConnectorField::IsDc | ConnectorField::IsFixedSetPoint => Some(&["true", "false"]),
        _ => None,
    }
}
