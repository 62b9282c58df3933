//! Files of profiles: what they replace, and their mistakes.

use super::load::BUILT_IN;
use super::*;
use crate::model::ConnectorStatus;

/// Returns the message about a profile.
#[track_caller]
fn refusal(text: &str) -> String {
    Profile::from_text(text, "own.toml").unwrap_err().to_string()
}

fn status_of(profile: &Profile, text: &str) -> Option<ConnectorStatus> {
    let stations = format!(r#"[{{"id":1,"zoneId":1,"connectors":[{{"id":1,"status":"{text}"}}]}}]"#);
    let documents = SiteDocuments::of_lists(br#"[{"id":1}]"#, stations.as_bytes());
    let (site, _) = profile.decode_site(&documents).unwrap();
    site.zones[0].stations[0].connectors[0].status
}

#[test]
fn all_built_in_profiles_are_valid_alone_and_as_a_base() {
    for (name, text) in BUILT_IN {
        Profile::from_text(text, name).unwrap();
        Profile::from_text(&format!("extends = \"{name}\""), "own.toml").unwrap();
    }
}

#[test]
fn words_are_added_and_places_replaced_without_the_rest_of_a_field() {
    let text = "[connector.status]\nwords.charging = [\"charging\", \"occupied\"]\n";
    let profile = Profile::from_text(text, "own.toml").unwrap();
    assert_eq!(status_of(&profile, "Occupied"), Some(ConnectorStatus::Charging));
    assert_eq!(status_of(&profile, "faulted"), Some(ConnectorStatus::Faulted));
    // Its point shows an error with the text.
    assert_eq!(status_of(&profile, "melted"), None);
    // The words of the field stay, and a field with places alone gets a rule.
    let text = "[connector]\nstatus = \"/status\"\n[connector.number]\nrequired = true\n";
    let profile = Profile::from_text(text, "own.toml").unwrap();
    assert_eq!(status_of(&profile, "charging"), Some(ConnectorStatus::Charging));
}

#[test]
fn the_profile_in_the_readme_is_valid() {
    let readme = include_str!("../../README.md");
    let section = readme.split("## A profile of your own").nth(1).unwrap();
    let shown = section.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let profile = Profile::from_text(shown, "README.md").unwrap();
    assert_eq!(status_of(&profile, "Occupied"), Some(ConnectorStatus::Charging));
}

#[test]
fn a_mistake_is_shown_with_file_line_field_and_cause() {
    let cases = [
        ("\n[zone]\nmax_curent = [\"/limit\"]\n", "line 3, zone.max_curent: unknown name `max_curent`"),
        ("[zone]\nname = \"label\"\n", "line 2, zone.name: \"label\" is not a JSON pointer"),
        ("[zone]\nname = 5\n", "line 2, zone.name: invalid type: integer `5`, expected a JSON pointer"),
        ("[connector]\nenergy.per_unit = 0\n", "line 2, connector.energy.per_unit: must be greater than 0"),
        ("[connector.energy]\nunit = 1\n", "line 2, connector.energy.unit: unknown field `unit`"),
        (
            "[connector.status.words]\navailable = \"free\"\nidle = \"idle\"\n",
            "line 3, connector.status.words.idle: is not a word of Riser here; use available, charging",
        ),
        (
            "[write.reduction]\nbody = { limit = \"{percnt}\" }\n",
            "line 2, write.reduction.body: {percnt} is not a placeholder",
        ),
        (
            "[write.availability]\nbody.x = \"{percent}\"\n",
            "line 2, write.availability.body: cannot have {percent}; its placeholders are: {station}",
        ),
        ("[read]\nzone = \"zones/{zone}\"\n", "line 2, read.zone: is not a path below the address"),
        (
            "[read]\neach_poll = [\"zones\", \"connectors\"]\n",
            "line 2, read.each_poll: has connectors, but [read] has no",
        ),
        ("[paging]\nkind = \"pages\"\n", "line 2, paging.kind: unknown name `pages`"),
        (
            "[paging]\nkind = \"page\"\nuntil = \"short\"\n",
            "line 3, paging.until: short needs the size of a page",
        ),
        ("[login]\nkind = \"saml\"\n", "line 2, login.kind: unknown name `saml`"),
        (
            "[reduction.valid_until]\ntime = \"ms\"\n",
            "line 2, reduction.valid_until.time: \"ms\" is not a form of times",
        ),
        ("extends = \"v3\"\n", "line 1, extends: use v2-a, v2-b, v2-c, or none"),
        ("extends = \"none\"\n", ": missing field `login`"),
        ("\n\nx = = 1\npassword = \"hidden\"\n", "line 3: is not TOML"),
    ];
    for (text, expected) in cases {
        let shown = refusal(text);
        let is_right = shown.starts_with("invalid profile own.toml") && shown.contains(expected);
        assert!(is_right && !shown.contains("hidden"), "{text}\n{shown}\n{expected}");
    }
}
