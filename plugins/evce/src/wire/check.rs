//! Checks a profile as a whole, after its keys were read.

use super::Profile;
use super::fields::{
    AckField, ConnectorField, FieldName, FieldRules, ListField, ReductionField, StationField, TokenField,
    ZoneField,
};
use super::load::Mistake;
use super::profile::{Login, LoginKind, PagesEnd, PagingKind, ReadStep};
use super::site::known_words;
use super::template::{CallTemplate, Slot, Template};

/// Placeholders for the values of a reduction.
const OF_REDUCTION: [Slot; 5] = [Slot::Zone, Slot::ZoneName, Slot::Percent, Slot::Until, Slot::Description];
const OF_AVAILABILITY: [Slot; 4] = [Slot::Station, Slot::Connector, Slot::Availability, Slot::Available];
const OF_LOGIN: [Slot; 2] = [Slot::Login, Slot::Password];

impl Profile {
    /// Returns the mistakes that no single key shows.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Mistakes::default();
        self.check_login(&mut found);
        self.check_reading(&mut found);
        self.check_paging(&mut found);
        self.check_fields(&mut found);
        self.check_writes(&mut found);
        found.0
    }

    fn check_login(&self, found: &mut Mistakes) {
        let login = &self.login;
        let Login { kind, path, body, parameter, header, key, .. } = login;
        let needs_call = matches!(kind, LoginKind::Bearer | LoginKind::Cookie | LoginKind::Oauth2Password);
        if needs_call && path.is_none() {
            found.add("login.path", "is missing; this kind of login needs a path");
        }
        if matches!(kind, LoginKind::Bearer | LoginKind::Cookie) && body.is_none() {
            found
                .add("login.body", "is missing; this kind of login needs a body with {login} and {password}");
        }
        let needs_token = matches!(kind, LoginKind::Bearer | LoginKind::Oauth2Password);
        if needs_token && self.token.pointers(TokenField::Token).is_none() {
            found.add("token.token", "is missing; this kind of login needs the place of the token");
        }
        if parameter.is_some() && header.is_some() {
            found.add("login.parameter", "does not go together with a header");
        }
        if let Some(body) = body {
            found.slots("login.body", &body.slots(), &OF_LOGIN);
        }
        if let Some(key) = key {
            found.template("login.key", Some(key), &OF_LOGIN);
        }
        found.template("login.path", path.as_ref(), &[]);
        found.call("login.logout", login.logout.as_ref(), &[]);
    }

    fn check_reading(&self, found: &mut Mistakes) {
        let read = &self.read;
        found.template("read.version", read.version.as_ref(), &[]);
        found.template("read.zones", Some(&read.zones), &[]);
        found.template("read.zone", read.zone.as_ref(), &[Slot::Zone]);
        found.template("read.reduction", read.reduction.as_ref(), &[Slot::Zone]);
        found.template("read.stations", read.stations.as_ref(), &[Slot::Zone]);
        found.template("read.station", read.station.as_ref(), &[Slot::Station]);
        found.template("read.connectors", read.connectors.as_ref(), &[Slot::Station]);
        found.template("read.connector", read.connector.as_ref(), &[Slot::Station, Slot::Connector]);
        let has_path = |step: &ReadStep| match step {
            ReadStep::Zones => true,
            ReadStep::Zone => read.zone.is_some(),
            ReadStep::Reduction => read.reduction.is_some(),
            ReadStep::Stations => read.stations.is_some(),
            ReadStep::Station => read.station.is_some(),
            ReadStep::Connectors => read.connectors.is_some(),
            ReadStep::Connector => read.connector.is_some(),
        };
        if !self.polls(ReadStep::Zones) {
            found.add("read.each_poll", "does not have zones");
        }
        if let Some(step) = read.each_poll.iter().find(|step| !has_path(step)) {
            let name = format!("{step:?}").to_lowercase();
            found.add("read.each_poll", &format!("has {name}, but [read] has no path for it"));
        }
        if !self.polls(ReadStep::Stations) && self.zone.pointers(ZoneField::Stations).is_none() {
            found.add(
                "read.each_poll",
                "reads no stations: add stations, or zone.stations, the place of the stations in their zone",
            );
        }
        if !self.polls(ReadStep::Connectors) && self.station.pointers(StationField::Connectors).is_none() {
            found.add(
                "read.each_poll",
                "reads no connectors: add connectors, or station.connectors, their place in their station",
            );
        }
        let has_owner = self.zone.pointers(ZoneField::Stations).is_some()
            || self.is_list_of_owner(ReadStep::Stations)
            || self.station.pointers(StationField::ZoneId).is_some();
        if !has_owner {
            found.add("station.zone_id", "is missing; without it a station has no zone");
        }
        let connectors_have_owner = !self.polls(ReadStep::Connectors)
            || self.is_list_of_owner(ReadStep::Connectors)
            || self.connector.pointers(ConnectorField::StationId).is_some();
        if !connectors_have_owner {
            found.add("connector.station_id", "is missing; without it a connector has no station");
        }
    }

    fn check_paging(&self, found: &mut Mistakes) {
        let paging = &self.paging;
        if paging.size_parameter.is_some() != paging.size.is_some() || paging.size == Some(0) {
            found.add("paging.size", "size and size_parameter go together, and size is at least 1");
        }
        let is_numbered = matches!(paging.kind, PagingKind::Page | PagingKind::Offset);
        if is_numbered && paging.until == PagesEnd::Short && paging.size.is_none() {
            found.add("paging.until", "short needs the size of a page");
        }
        if is_numbered && paging.until == PagesEnd::Total && self.list.pointers(ListField::Total).is_none() {
            found.add("paging.until", "total needs list.total, the place of the number of objects");
        }
        if paging.kind == PagingKind::Cursor && self.list.pointers(ListField::Next).is_none() {
            found.add("list.next", "is missing; cursors need the place of the next one");
        }
    }

    fn check_fields(&self, found: &mut Mistakes) {
        found.required(self.zone.pointers(ZoneField::Id).is_none(), "zone.id");
        found.required(self.station.pointers(StationField::Id).is_none(), "station.id");
        found.required(self.connector.pointers(ConnectorField::Number).is_none(), "connector.number");
        found.scales("zone", &self.zone);
        found.scales("reduction", &self.reduction);
        found.scales("station", &self.station);
        found.scales("connector", &self.connector);
        found.words("connector", &self.connector, known_words);
        found.words("station", &self.station, |field| match field {
            StationField::IsAcceptedByCpo | StationField::IsConnected => Some(&["true", "false"]),
            _ => None,
        });
        found.words("reduction", &self.reduction, |field| match field {
            ReductionField::Active => Some(&["true", "false"]),
            _ => None,
        });
        found.words("ack", &self.ack, |field| match field {
            AckField::State => Some(&["done", "deferred", "rejected"]),
        });
        for field in [ConnectorField::Status, ConnectorField::Availability, ConnectorField::PhaseConnection] {
            let has_words = self.connector.rule(field).is_none_or(|rule| !rule.words.is_empty());
            if !has_words {
                found.add(
                    &format!("connector.{}", field.name()),
                    "needs its words: without them none is known",
                );
            }
        }
    }

    fn check_writes(&self, found: &mut Mistakes) {
        let write = &self.write;
        found.call("write.reduction", write.reduction.as_ref(), &OF_REDUCTION);
        found.call("write.remove_reduction", write.remove_reduction.as_ref(), &OF_REDUCTION);
        found.call("write.availability", write.availability.as_ref(), &OF_AVAILABILITY);
        found.call("write.operative", write.operative.as_ref(), &OF_AVAILABILITY);
        found.call("write.inoperative", write.inoperative.as_ref(), &OF_AVAILABILITY);
        found.template(
            "write.description",
            write.description.as_ref(),
            &[Slot::Login, Slot::Zone, Slot::ZoneName],
        );
        let has_percent = self.reduction.pointers(ReductionField::Percent).is_some();
        if write.reduction.is_some() && !has_percent {
            found.add("reduction.percent", "is missing; Riser reads a reduction before it writes one");
        }
        let is_in_zone = self.zone.pointers(ZoneField::Reduction).is_some();
        if write.reduction.is_some() && self.read.reduction.is_none() && !is_in_zone {
            found.add("zone.reduction", "is missing; Riser reads a reduction there, or by read.reduction");
        }
    }
}

#[derive(Default)]
struct Mistakes(Vec<Mistake>);

impl Mistakes {
    fn add(&mut self, field: &str, cause: &str) {
        self.0
            .push(Mistake { field: field.split('.').map(str::to_owned).collect(), cause: cause.to_owned() });
    }

    fn required(&mut self, is_missing: bool, field: &str) {
        if is_missing {
            self.add(field, "is missing; each object needs one");
        }
    }

    fn call(&mut self, field: &str, call: Option<&CallTemplate>, allowed: &[Slot]) {
        let Some(call) = call else { return };
        self.template(&format!("{field}.path"), Some(&call.path), allowed);
        if let Some(body) = &call.body {
            self.slots(&format!("{field}.body"), &body.slots(), allowed);
        }
    }

    /// Checks the placeholders of a path or a text.
    fn template(&mut self, field: &str, template: Option<&Template>, allowed: &[Slot]) {
        let Some(template) = template else { return };
        self.slots(field, &template.slots().collect::<Vec<_>>(), allowed);
        let is_path = field.starts_with("read.") || field.ends_with("path");
        if is_path && !template.text(&|_, _| serde_json::Value::Null).starts_with('/') {
            self.add(field, "is not a path below the address of the API: it must begin with a slash");
        }
    }

    fn slots(&mut self, field: &str, used: &[Slot], allowed: &[Slot]) {
        if let Some(slot) = used.iter().find(|slot| **slot != Slot::Null && !allowed.contains(slot)) {
            let names: Vec<String> = allowed.iter().map(|slot| format!("{{{}}}", slot.name())).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            self.add(field, &format!("cannot have {{{}}}; its placeholders are: {known}", slot.name()));
        }
    }

    fn scales<Field: FieldName>(&mut self, section: &str, rules: &FieldRules<Field>) {
        for (field, rule) in rules.iter() {
            let name = format!("{section}.{}", field.name());
            if rule.per_unit.is_some_and(|scale| !scale.is_normal() || scale < 0.0) {
                self.add(&format!("{name}.per_unit"), "must be greater than 0");
            }
            if rule.rest_of.is_some_and(|whole| !whole.is_finite()) {
                self.add(&format!("{name}.rest_of"), "must be a number");
            }
            if rule.at.is_empty() && rule.default.is_none() {
                self.add(&name, "has neither a place (at) nor a default");
            }
        }
    }

    fn words<Field: FieldName>(
        &mut self,
        section: &str,
        rules: &FieldRules<Field>,
        known: impl Fn(Field) -> Option<&'static [&'static str]>,
    ) {
        for (field, rule) in rules.iter() {
            let Some(known) = known(field) else { continue };
            if let Some(word) = rule.words.words().find(|word| !known.contains(word)) {
                let name = format!("{section}.{}.words.{word}", field.name());
                self.add(&name, &format!("is not a word of Riser here; use {}", known.join(", ")));
            }
        }
    }
}
