//! Problems that a poll shows: words that the profile does not know, numbers that cannot be used, faulted connectors, and
//! stations without a link.

use std::collections::BTreeMap;

use riser_plugin::{Host, Problem};

use crate::model::{ConnectorStatus, FieldFault, Site, Station, counted, listed};
use crate::notices::Notices;

const UNKNOWN_WORDS: &str = "unknown-words";
const BAD_NUMBERS: &str = "bad-numbers";
const FAULTED: &str = "connector-faulted";
const NO_LINK: &str = "station-offline";

/// The codes of all problems of this module.
pub(crate) const CODES: [&str; 4] = [UNKNOWN_WORDS, BAD_NUMBERS, FAULTED, NO_LINK];

/// Raises and clears the problems of a poll.
pub(crate) fn update(host: &Host, notices: &mut Notices, site: &Site) {
    notices.set(host, UNKNOWN_WORDS, unknown_words(site));
    notices.set(host, BAD_NUMBERS, bad_numbers(site));
    notices.set(host, FAULTED, faulted(site));
    notices.set(host, NO_LINK, no_link(site));
}

fn unknown_words(site: &Site) -> Option<Problem> {
    let mut words: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for station in site.stations() {
        let connectors = station.connectors.iter().flat_map(|connector| &connector.unusable);
        let faults = station.unusable.iter().chain(connectors);
        for fault in faults.filter(|fault| fault.fault == FieldFault::UnknownWord) {
            *words.entry((fault.field, &fault.text)).or_default() += 1;
        }
    }
    let words: Vec<String> = words
        .into_iter()
        .map(|((field, word), count)| {
            format!("{} {word:?} ({})", field.replace('_', " "), counted(count, "time"))
        })
        .collect();
    let what =
        || format!("the charge controller uses words that the profile does not know: {}", listed(&words));
    (!words.is_empty()).then(|| {
        Problem::new(UNKNOWN_WORDS, what()).effect("points that need them are Error").remedy(
            "add them to the words of these fields under [connector] in the profile of the connection",
        )
    })
}

fn bad_numbers(site: &Site) -> Option<Problem> {
    let of_zones = site
        .zones
        .iter()
        .flat_map(|zone| zone.unusable.iter().map(move |fault| (format!("zone {}", zone.id), fault)));
    let of_connectors = site.stations().flat_map(|station| {
        station.connectors.iter().flat_map(move |connector| {
            let name = move || format!("{}, connector {}", station.shown_name(), connector.number);
            connector.unusable.iter().map(move |fault| (name(), fault))
        })
    });
    let numbers: Vec<String> = of_zones
        .chain(of_connectors)
        .filter(|(_, fault)| fault.fault != FieldFault::UnknownWord)
        .map(|(object, fault)| format!("{object}: {} {}", fault.field.replace('_', " "), fault.text))
        .collect();
    let what = || format!("the charge controller sends numbers that cannot be used: {}", listed(&numbers));
    (!numbers.is_empty()).then(|| {
        Problem::new(BAD_NUMBERS, what())
            .effect("these points are Error, and sums over them Uncertain")
            .remedy("check the station or its meter; if the unit is wrong, correct per_unit of the field in the profile")
    })
}

fn faulted(site: &Site) -> Option<Problem> {
    let mut connectors = Vec::new();
    for station in site.stations().filter(|station| station.is_connected != Some(false)) {
        let faulted = station.connectors.iter().filter(|it| it.status == Some(ConnectorStatus::Faulted));
        for connector in faulted {
            let error = connector.error_code.as_deref().filter(|code| *code != "NoError");
            let error = error.map_or_else(String::new, |code| format!(" ({code})"));
            connectors.push(format!("{}, connector {}{error}", station.shown_name(), connector.number));
        }
    }
    (!connectors.is_empty()).then(|| {
        let what = match connectors.as_slice() {
            [only] => format!("{only} is faulted"),
            all => format!("{} connectors are faulted: {}", all.len(), listed(all)),
        };
        Problem::new(FAULTED, what).effect("nobody can charge there").remedy("check the station on site")
    })
}

fn no_link(site: &Site) -> Option<Problem> {
    let stations: Vec<String> = site
        .stations()
        .filter(|station| station.is_connected == Some(false))
        .map(Station::shown_name)
        .collect();
    (!stations.is_empty()).then(|| {
        let what = match stations.as_slice() {
            [only] => format!("{only} is not connected to the charge controller"),
            all => {
                format!("{} stations are not connected to the charge controller: {}", all.len(), listed(all))
            }
        };
        Problem::new(NO_LINK, what)
            .effect("their live values are Offline, and set points to them wait")
            .remedy("check power and network of the station")
    })
}
