//! Settings in a file that the plugin checks, and that a file removes.

use std::fs;

use crate::host::Installation;
use crate::programs;

const SERVER: &str = "[[ews_server]]\nname = \"Building\"\nlisten = \"127.0.0.1:0\"\n";

fn connection(settings: &str) -> String {
    format!(
        "[[connection]]\nname = \"EVCE\"\nkind = \"riser.evce/evce\"\n[connection.settings]\n\
         base_url = \"https://10.0.0.5/api/v2\"\nlogin = \"bmsApi\"\npassword = {{ env = \"EWS_PASSWORD\" }}\n{settings}\n"
    )
}

fn status(settings: &str) -> String {
    format!(
        "[[processor]]\nname = \"Status\"\nclass = \"riser.evce/status\"\nconnection = \"EVCE\"\n\
         ews_server = \"Building\"\nsettings = {{ {settings} }}\n"
    )
}

fn installation() -> Installation {
    Installation::new(&[programs::library("riser-evce")])
}

#[test]
fn settings_that_the_plugin_refuses_are_refused_with_its_remedy() {
    let installation = installation();
    let empty = installation.path().join("empty.pem");
    fs::write(&empty, "").unwrap();
    let pin = "ab".repeat(32);
    let too_short = "interval = \"60 s\", validity = \"2 min\"";
    let cases = [
        (
            connection("certificate_sha256 = \"abc\""),
            ":8:22: certificate_sha256: is not a SHA-256",
            "enter 64",
        ),
        (
            connection(&format!("certificate_sha256 = \"{pin}\"\nca_file = \"/etc/ca.pem\"")),
            ":9:11: ca_file: does not go together with a fingerprint",
            "(certificate_sha256 = \"\")",
        ),
        (connection("ca_file = \"/nowhere/ca.pem\""), ":8:11: ca_file: ", "give the path of a PEM file"),
        (
            connection(&format!("ca_file = {empty:?}")),
            "it has no certificate in PEM",
            "give the path of a PEM",
        ),
        (
            connection("profile = \"/nowhere/p.toml\""),
            ":8:11: profile: cannot read the profile",
            "correct the profile file",
        ),
        (
            connection("").replace("https", "http"),
            ":5:12: base_url: would send the password without encryption",
            "use an address with https, or set allow_http",
        ),
        (
            format!("{SERVER}{}{}", connection(""), status(too_short)),
            "validity: ends reductions before they are renewed",
            "at least three times the interval",
        ),
    ];
    for (file, fault, remedy) in &cases {
        for refused in [installation.try_apply(file), installation.try_plan(file)] {
            assert!(!refused.is_success, "{file}: {}", refused.text);
            assert!(refused.text.contains(fault) && refused.text.contains(remedy), "{}", refused.text);
            assert!(!refused.text.contains(crate::host::BMS_PASSWORD), "{}", refused.text);
        }
    }
    // Together with an error that Riser finds itself.
    let both = installation.try_plan(&format!("{}[[schedule]]\nname = \"S\"\nrule = \"soon\"\n", cases[0].0));
    assert!(both.text.contains("unknown kind of schedule") && both.text.contains("SHA-256"), "{}", both.text);
}

#[test]
fn a_file_removes_a_setting_also_while_riser_runs() {
    let installation = installation();
    let pin = format!("certificate_sha256 = \"{}\"", "ab".repeat(32));
    installation.apply(&connection(&pin));
    let only =
        |settings: &str| format!("[[connection]]\nname = \"EVCE\"\n[connection.settings]\n{settings}\n");
    let kept = installation.try_apply(&connection(""));
    assert!(kept.text.starts_with("nothing changed"), "{}", kept.text);
    let removed = installation.try_apply(&only("certificate_sha256 = \"\""));
    assert_eq!(removed.text, "connection \"EVCE\" changed: settings.certificate_sha256\n");

    let host = installation.start();
    installation.apply(&only(&pin));
    installation.apply(&only("certificate_sha256 = \"\"\nca_file = \"\"\nprofile = \"\""));
    let exported = installation.run(&["export"]).text;
    assert!(!exported.contains("certificate_sha256") && exported.contains("or_stored"), "{exported}");
    let file = installation.path().join("exported.toml");
    fs::write(&file, &exported).unwrap();
    let planned = installation.run(&["plan", file.to_str().unwrap()]);
    assert!(planned.text.starts_with("nothing to change"), "{}", planned.text);
    host.stop();
}

#[test]
fn a_mistake_in_a_profile_is_shown_with_its_line_by_apply_and_by_the_doctor() {
    let installation = installation();
    let profile = installation.path().join("profile.toml");
    let named = connection(&format!("profile = {profile:?}"));
    fs::write(&profile, "[zone]\nname = \"label\"\n").unwrap();
    let fault = format!(
        "profile: invalid profile {}, line 2, zone.name: \"label\" is not a JSON pointer",
        profile.display()
    );
    let refused = installation.try_apply(&named);
    assert!(!refused.is_success && refused.text.contains(&fault), "{}", refused.text);

    fs::write(&profile, "[zone]\nname = \"/label\"\n").unwrap();
    installation.apply(&named);
    let doctor = || installation.run(&["doctor", "--portal-listen", "127.0.0.1:0"]).text;
    let healthy = doctor();
    let valid = "ok     the settings of all connections and processors are valid";
    assert!(healthy.contains(valid), "{healthy}");
    // The file changes, the configuration does not.
    fs::write(&profile, "[zone]\nname = \"label\"\n").unwrap();
    let text = doctor();
    assert!(text.contains(&format!("FAULT  connection[\"EVCE\"].settings.profile: {fault}")), "{text}");
    assert!(!text.contains(valid), "{text}");
}
