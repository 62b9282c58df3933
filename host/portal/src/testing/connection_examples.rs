//! Examples of the pages of connections.

use askama::Template;
use riser_domain::Role;
use riser_runtime::LinkState;

use super::HOSTILE;
use super::examples::{ago, empty, flowing, signed_in, times};
use crate::form_input::FormInput;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::connection::{ConnectionPage, StoredConnection};
use crate::pages::connections::{ConnectionNotice, ConnectionRow, ConnectionsPage, certificate_mark};
use crate::parts::{CertificatePin, ConnectionTest, ShownStage};
use crate::parts::{FieldDescription, FieldKind, FormErrors, FormFields, Icon, SecretOrigin, StateMark};

fn row(id: i64, name: &str, state: StateMark, used_by: &[&str]) -> ConnectionRow {
    ConnectionRow {
        id,
        name: name.to_owned(),
        kind: "EcoStruxure EV Charging Expert".to_owned(),
        address: "https://10.141.208.28/api/v2".to_owned(),
        state,
        sentence: name.to_owned(),
        response_time: Some("24 ms".to_owned()),
        certificate: Some(certificate_mark(12)),
        used_by: (1..).zip(used_by).map(|(id, name)| (id, (*name).to_owned())).collect(),
    }
}

fn lists() -> Vec<(String, String)> {
    let rows = vec![
        row(
            1,
            "EVCE North",
            StateMark::of_link(LinkState::Good),
            &["EVCE Setup", "EVCE Status", "EVCE Logs"],
        ),
        row(2, HOSTILE, StateMark::new("warn", Icon::Alarm, "Library not loaded"), &[HOSTILE]),
    ];
    [
        ("empty", Vec::new(), None, Role::Admin),
        ("some", rows.clone(), Some(ConnectionNotice::SavedUntested(HOSTILE.to_owned())), Role::Admin),
        ("viewer", rows, None, Role::Viewer),
    ]
    .into_iter()
    .map(|(name, rows, notice, role)| {
        let signed_in = signed_in(role, "Anna Keller", "/connections");
        let page = ConnectionsPage::new("Office Park North", signed_in, (rows, notice), &flowing(), &times());
        (format!("connections-{name}"), page.render().unwrap())
    })
    .collect()
}

/// Returns a field of every kind.
fn fields() -> Vec<FieldDescription> {
    let field = |name: &str, kind| FieldDescription::new(name, name, kind).help(HOSTILE);
    let origin = SecretOrigin { set_by: HOSTILE.to_owned(), age: times().age(ago(1_000_000)) };
    let inner = || {
        vec![
            FieldDescription::new("host", "Host", FieldKind::Text).required(),
            FieldDescription::new("code", "Code", FieldKind::Secret(None)),
        ]
    };
    let group = |prefix: &str| {
        inner()
            .into_iter()
            .map(|it| FieldDescription { name: format!("{prefix}.{}", it.name), ..it })
            .collect()
    };
    vec![
        field("name", FieldKind::Text).required(),
        field("url", FieldKind::Address),
        field("password", FieldKind::Secret(None)).required(),
        field("stored", FieldKind::Secret(Some(origin))),
        field("ratio", FieldKind::Number).unit("%").default("50").group("Numbers"),
        field("count", FieldKind::WholeNumber).group("Numbers"),
        field("is_on", FieldKind::YesNo).default("true"),
        field("mode", FieldKind::Choice(vec![("a".to_owned(), HOSTILE.to_owned())])).default("a"),
        field("codes", FieldKind::Lines).group(HOSTILE),
        field("proxy", FieldKind::Group(group("proxy"))),
        field("proxies", FieldKind::Entries(inner())).group(HOSTILE),
    ]
}

fn forms() -> Vec<(String, String)> {
    let typed = FormInput::from([("name", HOSTILE), ("ratio", "1"), ("proxies[0].host", HOSTILE)]);
    let errors = FormErrors::of([
        ("", HOSTILE),
        ("name", HOSTILE),
        ("stored", "is missing: give a value"),
        ("is_on", HOSTILE),
        ("mode", HOSTILE),
        ("codes", HOSTILE),
        ("proxy.host", HOSTILE),
        ("proxies[0].host", HOSTILE),
    ]);
    let stage = |name: &str, passed| ShownStage {
        name: name.to_owned(),
        technical: "TLS".to_owned(),
        passed,
        finding: HOSTILE.to_owned(),
        advice: if passed { String::new() } else { HOSTILE.to_owned() },
        took_ms: 24,
    };
    let test = ConnectionTest {
        number: 7,
        action: "/connections/add?kind=x".to_owned(),
        stages: vec![stage("Name", true), stage(HOSTILE, false)],
        passed: Some(false),
        refusal: HOSTILE.to_owned(),
        pin: Some(CertificatePin { field: "f-name".to_owned(), fingerprint: HOSTILE.to_owned() }),
    };
    let page = |fields, kinds: Vec<(String, String)>, is_library_missing| ConnectionPage {
        layout: PageLayout::new(
            MenuEntry::Connections,
            "Office Park North",
            signed_in(Role::Admin, "Anna Keller", "/connections/add").context,
            &empty(),
            &times(),
        ),
        title: HOSTILE.to_owned(),
        kind: HOSTILE.to_owned(),
        action: if kinds.is_empty() { "/connections/add?kind=x".to_owned() } else { String::new() },
        state: HOSTILE.to_owned(),
        fields,
        test: test.clone(),
        has_untested_secret: is_library_missing,
        stored: is_library_missing
            .then(|| StoredConnection { id: 1, used_by: vec![(1, HOSTILE.to_owned())] }),
        kinds,
        is_library_missing,
    };
    let new = FormFields::new(&fields(), &FormInput::default(), &FormErrors::default());
    let refused = FormFields::new(&fields(), &typed, &errors);
    let kinds = vec![("/connections/add?kind=x".to_owned(), HOSTILE.to_owned())];
    [
        ("new", page(new, Vec::new(), false)),
        ("refused", page(refused, Vec::new(), true)),
        ("kinds", page(FormFields::default(), kinds, false)),
    ]
    .into_iter()
    .map(|(name, page)| (format!("connection-{name}"), page.render().unwrap()))
    .collect()
}

pub(super) fn all() -> Vec<(String, String)> {
    [lists(), forms()].concat()
}
