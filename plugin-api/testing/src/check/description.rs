//! Checks of the description of a class.

use std::collections::HashSet;

use riser_plugin::description::{SettingDescription, SettingKind};
use riser_plugin::serde_json::{Map, Value as Json};
use riser_plugin::settings::{Settings, read};
use riser_plugin::{Class, Processor};

use super::{Finding, finding, is_id};

const CLASS: &str = "the description of a class is complete";
const SETTINGS: &str = "the description of settings is complete";
const DEFAULTS: &str = "defaults and examples can be read";

pub(super) fn findings<P: Processor>() -> Vec<Finding> {
    let mut findings = class_findings(&P::CLASS);
    let settings = P::Settings::describe();
    let mut seen = HashSet::new();
    for setting in &settings {
        if !seen.insert(setting.key.as_str()) {
            findings.push(finding(SETTINGS, format!("the setting {} exists twice", setting.key)));
        }
        findings.extend(setting_findings(setting));
        findings.extend(sample_findings::<P::Settings>(setting));
    }
    findings
}

fn class_findings(class: &Class) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_id(class.id) {
        findings.push(finding(
            CLASS,
            format!("{:?} is not a valid id: use letters, digits, dots, dashes", class.id),
        ));
    }
    if class.name.trim().is_empty() {
        findings.push(finding(CLASS, format!("the class {} has no name", class.id)));
    }
    if class.about.trim().is_empty() {
        findings.push(finding(
            CLASS,
            format!("the class {} has no sentence about its purpose: `.about(…)`", class.id),
        ));
    }
    if class.requires == Some(class.id) {
        findings.push(finding(CLASS, format!("the class {} waits for itself", class.id)));
    }
    findings
}

fn setting_findings(setting: &SettingDescription) -> Vec<Finding> {
    let mut findings = Vec::new();
    let key = &setting.key;
    if setting.help.trim().is_empty() {
        findings.push(finding(SETTINGS, format!("the setting {key} has no help: write a doc comment")));
    }
    if setting.kind == SettingKind::Secret && setting.default.is_some() {
        findings.push(finding(SETTINGS, format!("the secret {key} has a default, which everyone can read")));
    }
    let is_turned_round = match &setting.kind {
        SettingKind::Number { min: Some(min), max: Some(max) } => min > max,
        SettingKind::WholeNumber { min: Some(min), max: Some(max) } => min > max,
        SettingKind::Duration { min_ms: Some(min), max_ms: Some(max) } => min > max,
        _ => false,
    };
    if is_turned_round {
        findings.push(finding(SETTINGS, format!("the least of {key} is more than its most")));
    }
    findings
}

/// Faults of a default or an example, read as if it were given.
fn sample_findings<S: Settings>(setting: &SettingDescription) -> Vec<Finding> {
    let example = setting.example.as_deref().map(|example| as_json(example, &setting.kind));
    [("the default", setting.default.clone()), ("the example", example)]
        .into_iter()
        .filter_map(|(sample, value)| {
            let given = Map::from_iter([(setting.key.clone(), value?)]);
            let faults = read::<S>(&Json::Object(given)).err()?;
            let fault = faults.0.into_iter().find(|fault| fault.key == setting.key)?;
            Some(finding(DEFAULTS, format!("{sample} of {}: it {}", fault.key, fault.what)))
        })
        .collect()
}

fn as_json(example: &str, kind: &SettingKind) -> Json {
    let is_text = !matches!(
        kind,
        SettingKind::Number { .. }
            | SettingKind::WholeNumber { .. }
            | SettingKind::YesNo
            | SettingKind::List { .. }
            | SettingKind::Group(_)
    );
    let text = || Json::String(example.to_owned());
    if is_text { text() } else { example.parse().unwrap_or_else(|_| text()) }
}
