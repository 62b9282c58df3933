use evce_simulator::Options;
use riser_plugin_testing::{RunEnd, Stage};
use serde_json::{Value, json};

use super::Site;

/// Returns the stages of a test with some settings changed.
fn stages(site: &Site, changes: &[(&str, Value)]) -> Vec<Stage> {
    let mut settings = site.controller.connection();
    for (key, value) in changes {
        settings[*key] = value.clone();
    }
    let (stages, end) = site.host.test_connection(settings);
    assert_eq!(end == RunEnd::Succeeded, stages.iter().all(|stage| stage.passed), "{end:?}");
    stages
}

fn failed(stages: &[Stage]) -> (&str, &str, &str) {
    let Stage { name, passed, finding, advice } = stages.last().unwrap();
    assert!(!passed, "{stages:?}");
    (name, finding, advice)
}

#[test]
fn a_connection_that_works_passes_all_stages() {
    let site = Site::new(Options::default());
    let stages = stages(&site, &[]);
    let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["DNS", "TCP", "TLS", "Version", "Login", "Read"]);
    assert_eq!(stages[3].finding, "API version 6.0");
    assert_eq!(stages[5].finding, "3 zones, 1 station, 1 connector");
}

#[test]
fn the_test_reports_an_unsupported_version_and_an_address_without_the_api() {
    let site = Site::new(Options { api_version: Some("7.1".to_owned()), ..Options::default() });
    let elsewhere = site.controller.connection()["base_url"].as_str().unwrap().replace("/v2", "/v1");
    assert!(stages(&site, &[])[3].finding.contains("7.1 is not supported"));
    let stages = stages(&site, &[("base_url", json!(elsewhere))]);
    let (stage, _, advice) = failed(&stages);
    assert_eq!(stage, "Login");
    assert!(advice.contains("/api/v2"), "{advice}");
}

#[test]
fn an_unknown_certificate_is_shown_so_that_it_can_be_compared_and_entered() {
    let site = Site::new(Options::default());
    for pin in [Value::Null, json!("00".repeat(32))] {
        let stages = stages(&site, &[("certificate_sha256", pin)]);
        let (stage, _, advice) = failed(&stages);
        assert_eq!(stage, "TLS");
        assert!(advice.contains(site.controller.certificate_sha256()), "{advice}");
    }
    assert!(site.controller.requests("POST", "/login").is_empty());
}

#[test]
fn a_wrong_password_a_closed_port_and_an_unknown_name_have_remedies() {
    let site = Site::new(Options::default());
    let wrong = stages(&site, &[("password", json!("wrong"))]);
    let (stage, finding, advice) = failed(&wrong);
    assert_eq!(stage, "Login");
    assert!(finding.contains("refused login and password") && advice.contains("again"), "{wrong:?}");

    let closed = stages(&site, &[("base_url", json!("https://127.0.0.1:1/api/v2"))]);
    let (stage, _, advice) = failed(&closed);
    assert_eq!(stage, "TCP");
    assert!(advice.contains("firewall"), "{advice}");

    let unknown = stages(&site, &[("base_url", json!("https://evce.invalid/api/v2"))]);
    let (stage, finding, _) = failed(&unknown);
    assert_eq!(stage, "DNS");
    assert!(finding.contains("evce.invalid"), "{finding}");
}

#[test]
fn too_many_sessions_and_an_odd_session_code_are_named_in_the_test() {
    for (status, code, path, words) in [
        (403, "TOO_MANY_SESSIONS", "/login", "too many sessions"),
        (401, "INVALID_SESSION", "/zones", "ends each session"),
    ] {
        let site = Site::new(Options::default());
        let fault = json!({ "kind": "error", "status": status, "code": code, "path": path });
        site.controller.fault(&fault);
        let stages = stages(&site, &[]);
        let (_, finding, advice) = failed(&stages);
        assert!(finding.contains(words) && !advice.is_empty(), "{stages:?}");
    }
}
