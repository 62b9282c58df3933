//! `riser connection test`, on stored settings and on those of a file that is not applied.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::controller::PASSWORD;
use crate::host::Installation;
use crate::programs;
use crate::site::{Processors, Site};

/// Returns the results of the stages: name, whether it passed, finding, remedy.
fn stages(report: &str) -> (bool, Vec<(String, bool, String, String)>) {
    let report: Value = serde_json::from_str(report).unwrap_or_else(|error| panic!("{error}: {report}"));
    let text = |stage: &Value, key: &str| stage[key].as_str().unwrap().to_owned();
    let stages = report["stages"].as_array().unwrap().iter();
    let stages = stages.map(|stage| {
        let passed = stage["passed"].as_bool().unwrap();
        (text(stage, "stage"), passed, text(stage, "finding"), text(stage, "advice"))
    });
    (report["passed"].as_bool().unwrap(), stages.collect())
}

#[tokio::test]
async fn a_connection_is_tested_as_it_is_stored_and_as_a_file_wants_it() {
    let site = Site::new("F1", Processors::SetupAlone);
    let installation = &site.installation;
    let stored = ["connection", "test", "EVCE", "--json"];
    let file = installation.path().join("unsaved.toml");
    let unsaved = |settings: &str| {
        let text = format!("[[connection]]\nname = \"EVCE\"\n[connection.settings]\n{settings}\n");
        std::fs::write(&file, text).unwrap();
        installation.run(&[&stored[..], &["--file", file.to_str().unwrap()]].concat())
    };
    let wrong_password = installation.path().join("wrong-password");
    std::fs::write(&wrong_password, "wrong").unwrap();
    let wrong_password = format!("password = {{ file = {wrong_password:?} }}");
    let test_all = || {
        let tested = installation.run(&stored);
        let (passed, found) = stages(&tested.text);
        assert!(passed && tested.is_success, "{}", tested.text);
        let names: Vec<&str> = found.iter().map(|stage| &*stage.0).collect();
        assert_eq!(names, ["DNS", "TCP", "TLS", "Version", "Login", "Read"]);

        // The stored password goes with a changed fingerprint, not with a changed address.
        let other_pin = unsaved("certificate_sha256 = \"\"");
        let (passed, found) = stages(&other_pin.text);
        assert!(!passed && !other_pin.is_success);
        let (stage, _, _, advice) = found.last().unwrap();
        assert!(stage == "TLS" && advice.contains(&site.controller.certificate_sha256), "{found:?}");
        let (_, found) = stages(&unsaved(&wrong_password).text);
        assert!(found.last().unwrap().0 == "Login" && !found.last().unwrap().1, "{found:?}");
        let moved = unsaved("base_url = \"https://127.0.0.1:1/api/v2\"");
        assert!(
            !moved.is_success && moved.text.contains("the address changed, so give it again"),
            "{}",
            moved.text
        );
        let refused = unsaved("certificate_sha256 = \"abc\"");
        assert!(refused.text.contains(":4:22: certificate_sha256: is not a SHA-256"), "{}", refused.text);
        assert!(refused.text.ends_with("1 error; nothing was tested\n"), "{}", refused.text);
        let unknown = installation.run(&["connection", "test", "EVSE"]);
        assert!(unknown.text.contains("there is no connection \"EVSE\""), "{}", unknown.text);
        for text in [&tested.text, &other_pin.text, &moved.text] {
            assert!(!text.contains(PASSWORD), "{text}");
        }
    };
    test_all();
    let host = installation.start();
    test_all();
    let exported = installation.run(&["export"]).text;
    assert!(exported.contains(&site.controller.certificate_sha256), "{exported}");
    let table = installation.run(&["connection", "test", "EVCE"]);
    assert!(table.text.starts_with("DNS       ok") && table.text.ends_with("EVCE works\n"), "{}", table.text);
    host.stop();
}

#[test]
fn a_controller_that_never_replies_fails_the_stage_at_the_limit() {
    let installation = Installation::new(&[programs::library("riser-evce")]);
    // Connections are accepted by the operating system.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let file = installation.path().join("silent.toml");
    let text = format!(
        "[[connection]]\nname = \"New\"\nkind = \"riser.evce/evce\"\nsettings = {{ base_url = \"https://{address}/api/v2\", \
         login = \"bms\", password = {{ env = \"EWS_PASSWORD\" }} }}\n"
    );
    std::fs::write(&file, text).unwrap();
    installation.apply("");
    let tested = installation.run(&["connection", "test", "New", "--json", "--file", file.to_str().unwrap()]);
    let (passed, found) = stages(&tested.text);
    assert!(!passed && !tested.is_success);
    let (stage, _, finding, advice) = found.last().unwrap();
    assert_eq!((&**stage, &**finding), ("TLS", "no result within 10 s"));
    assert!(advice.contains("overloaded"), "{advice}");
    assert_eq!(json!(found.iter().map(|stage| &stage.0).collect::<Vec<_>>()), json!(["DNS", "TCP", "TLS"]));
    assert!(!installation.run(&["export"]).text.contains("New"));
}
