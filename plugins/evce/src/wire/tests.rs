//! Valid and invalid documents of controllers.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::model::{Availability, ConnectorStatus, ObjectId, Site};

const ZONES: &str = r#"[{"id":1,"name":"Z1","type":"static","maxCurrent":100,"numberOfTransactions":0,
    "setPoint":{"current":100,"power":39},
    "externalReduction":{"type":"percentage","value":10.0,"validityMode":"absolute",
      "validity":"2149-12-16T08:27:56Z","description":"external-reduction@bmsApi-1-Z1"}},
    {"id":"north/2","name":"","type":"dynamic","maxCurrent":"63.5","externalReduction":null}]"#;
const STATIONS: &str = r#"[{"id":1,"zoneId":1,"type":"ocpp1.6","ocppIdentifier":"EVSimu1","cpoUrl":"wss://u:p@cpo.example/x",
    "isConnected":"True","connectors":[{"logicalConnector":1,"isDC":false,"status":"SuspendedEV","availability":"operative",
      "setPoint":{"current":32,"power":7},
      "measures":{"timestamp":1739352610,"activeEnergy":12345,"activePower":{"phase1":133,"phase2":0},
                  "rmsCurrent":{"phase1":0.58,"phase2":"NaN","phase3":null}}}]}]"#;

fn page(path: &str, body: &str) -> Document {
    Document { path: path.to_owned(), body: body.as_bytes().to_vec() }
}

fn documents(zones: &str, stations: &str) -> SiteDocuments {
    SiteDocuments::of_lists(zones.as_bytes(), stations.as_bytes())
}

fn site(zones: &str, stations: &str) -> (Site, Vec<String>) {
    Profile::built_in().decode_site(&documents(zones, stations)).unwrap()
}

#[test]
fn zones_stations_and_connectors_are_read_in_the_units_of_the_bms() {
    let (site, skipped) = site(ZONES, STATIONS);
    assert_eq!(skipped, ["station 1, connector 1: current_phase2 is not a number (GET /stations)"]);
    let reduction = site.zones[0].reduction.as_ref().unwrap();
    assert_eq!((reduction.percent, reduction.kind.as_deref()), (Some(10.0), Some("percentage")));
    let until = reduction.valid_until.unwrap().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(until, Duration::from_secs(5_678_929_676));
    let connector = &site.zones[0].stations[0].connectors[0];
    assert_eq!(connector.power_kw, [Some(0.133), Some(0.0), None]);
    assert_eq!(connector.energy_kwh, Some(12.345));
    assert_eq!(connector.status, Some(ConnectorStatus::SuspendedEv));
    assert_eq!(connector.measured_at, Some(UNIX_EPOCH + Duration::from_secs(1_739_352_610)));
}

#[test]
fn numbers_and_booleans_may_be_texts_and_unreadable_fields_are_missing() {
    let (site, _) = site(ZONES, STATIONS);
    assert_eq!(site.zones[1].max_current_a, Some(63.5));
    assert_eq!((site.zones[1].name.as_deref(), &site.zones[1].reduction), (Some(""), &None));
    assert_eq!(site.zones[0].stations[0].friendly_name, None);
    let station = &site.zones[0].stations[0];
    assert_eq!(station.is_connected, Some(true));
    assert_eq!(station.connectors[0].current_a, [Some(0.58), None, None]);
    assert_eq!(station.cpo_url.as_deref(), Some("wss://cpo.example/x"));
}

#[test]
fn objects_without_id_duplicates_and_strangers_are_skipped_with_a_message() {
    let (site, skipped) = site(
        r#"{"data":[{"id":1},{"name":"nameless"},{"id":2},{"id":2}],"total":4}"#,
        r#"[{"id":7,"zoneId":9},{"id":8,"zoneId":1,"connectors":[{"logicalConnector":1},{"logicalConnector":1}]}]"#,
    );
    assert_eq!(site.zones.len(), 1);
    assert!(site.zones[0].stations[0].connectors.is_empty());
    assert_eq!(
        skipped,
        [
            "a zone has no readable id (GET /zones, looked at /id, /zoneId)",
            "duplicate zone 2",
            "station 8: duplicate connector 1",
            "the station 7 is in an unknown zone"
        ]
    );
}

#[test]
fn half_a_document_a_page_of_html_and_a_part_of_a_list_are_refused() {
    let refused = |zones: &str| Profile::built_in().decode_site(&documents(zones, "[]")).unwrap_err();
    let path = || "/zones".to_owned();
    assert_eq!(refused(&ZONES[..200]), DecodeError::Truncated { path: path() });
    let html = DecodeError::WebPage { path: path(), beginning: "<html><body>Sign in</body></html>".into() };
    assert_eq!(refused("<html><body>Sign in</body></html>"), html);
    let places = "\"\", /data, /items".to_owned();
    assert_eq!(refused("{}"), DecodeError::NoList { path: path(), places });
    let partial = DecodeError::Partial { path: path(), found: 1, total: 3 };
    assert_eq!(refused(r#"{"data":[{"id":1}],"total":3}"#), partial);
}

#[test]
fn an_object_on_two_pages_makes_the_list_unusable() {
    let mut documents = documents(r#"[{"id":1},{"id":2}]"#, "[]");
    documents.zones.push(page("/zones?page=2", r#"[{"id":2},{"id":4}]"#));
    let error = Profile::built_in().decode_site(&documents).unwrap_err();
    let changed = DecodeError::Changed { path: "/zones".to_owned(), what: "zone", id: "2".to_owned() };
    assert_eq!(error, changed);
}

#[test]
fn a_reduction_is_written_whole_and_an_id_is_escaped_in_the_path() {
    let profile = Profile::built_in();
    let until = UNIX_EPOCH + Duration::from_millis(1_739_352_610_500);
    let write = ReductionWrite {
        zone: &ObjectId("north/2".into()),
        zone_name: "",
        percent: 25.0,
        valid_until: until,
        description: "ours",
        now: UNIX_EPOCH,
    };
    let request = profile.put_reduction(&write).unwrap();
    assert_eq!(request.path, "/zones/north%2F2/external-reduction");
    let body: serde_json::Value = serde_json::from_str(&request.body.unwrap().content).unwrap();
    let whole = serde_json::json!({ "type": "percentage", "value": 25.0, "validityMode": "absolute",
                                    "validity": "2025-02-12T09:30:10Z", "description": "ours" });
    assert_eq!(body, whole);
    let request = profile.put_availability(&ObjectId("1".into()), 2, Availability::Inoperative).unwrap();
    assert_eq!(request.path, "/stations/1/connectors/2/availability");
    assert_eq!(request.body.unwrap().content, r#"{"availability":"inoperative"}"#);
}

#[test]
fn repeated_faults_are_reported_in_the_same_order() {
    // Duplicates are collected in hash sets, whose order differs from one to the next.
    let ids = (0..20).chain(0..20).map(|id| format!(r#"{{"id":{id}}}"#)).collect::<Vec<_>>().join(",");
    let zones = format!("[{ids}]");
    assert_eq!(site(&zones, "[]").1.len(), 20);
    assert_eq!(site(&zones, "[]").1, site(&zones, "[]").1);
}

#[test]
fn phase_totals_and_one_current_for_all_phases_are_read() {
    let stations = r#"[{"id":1,"zoneId":1,"connectors":[
        {"id":1,"phaseConnection":"mono2","amps":"6,5","activePowerTotal":1500},
        {"id":2,"phaseConnection":"tri","amps":"1.016,0"}]}]"#;
    let text = "[connector]\ncurrent_per_phase = { at = \"/amps\", decimal_comma = true }\n";
    let profile = Profile::from_text(text, "own.toml").unwrap();
    let (site, skipped) = profile.decode_site(&documents(r#"[{"id":1}]"#, stations)).unwrap();
    assert_eq!(skipped, [""; 0]);
    let [mono, tri] = site.zones[0].stations[0].connectors.as_slice() else { panic!("{site:?}") };
    assert_eq!(mono.current_a, [Some(0.0), Some(6.5), Some(0.0)]);
    assert_eq!(tri.current_a, [Some(1016.0); 3]);
    assert_eq!(mono.power_total_kw, Some(1.5));
}
