//! Examples of the pages of the wizard.

use askama::Template;
use riser_domain::Role;

use super::HOSTILE;
use super::examples::{ago, empty, signed_in, times};
use crate::form_input::FormInput;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::add_processor::{
    ClassCard, ClassPage, DraftRow, DryRunPanel, DryRunResult, Fact, LibraryCard, NextTimes, ReviewPage,
    Section, ShownContainer, Step, StepPage, WizardSteps,
};
use crate::parts::{
    ConnectionTest, ErrorSummary, FieldDescription, FieldKind, FormErrors, FormFields, SummaryLine,
};
use crate::schedule_form::RuleForm;

fn layout() -> PageLayout {
    let signed_in = signed_in(Role::Admin, HOSTILE, "/processors/add");
    PageLayout::new(MenuEntry::Processors, HOSTILE, signed_in.context, &empty(), &times())
}

fn library() -> LibraryCard {
    LibraryCard {
        href: "/processors/add?library=x".to_owned(),
        name: HOSTILE.to_owned(),
        version: HOSTILE.to_owned(),
        company: HOSTILE.to_owned(),
        licence: HOSTILE.to_owned(),
        about: HOSTILE.to_owned(),
        hash: "9f3c07d2a71b".to_owned(),
        contract: HOSTILE.to_owned(),
        classes: 3,
    }
}

fn classes() -> Vec<(String, String)> {
    let class = |value: &str, is_chosen| ClassCard {
        value: value.to_owned(),
        name: HOSTILE.to_owned(),
        mode: "Long running",
        about: HOSTILE.to_owned(),
        facts: vec![HOSTILE.to_owned()],
        is_chosen,
    };
    let draft = DraftRow {
        id: 7,
        title: HOSTILE.to_owned(),
        href: Step::Name.address(7),
        age: times().age(ago(900)),
    };
    let summary = ErrorSummary { lines: vec![SummaryLine { field: None, message: HOSTILE.to_owned() }] };
    let page = |libraries: Vec<LibraryCard>, chosen: Option<LibraryCard>, classes, drafts| ClassPage {
        layout: layout(),
        steps: WizardSteps::new(chosen.as_ref().map(|_| Step::Class), None),
        summary: if chosen.is_some() { summary.clone() } else { ErrorSummary::default() },
        libraries,
        chosen,
        classes,
        action: "/processors/add?library=x".to_owned(),
        drafts,
    };
    [
        ("none", page(Vec::new(), None, Vec::new(), Vec::new())),
        ("libraries", page(vec![library(), library()], None, Vec::new(), Vec::new())),
        (
            "classes",
            page(Vec::new(), Some(library()), vec![class("*", true), class(HOSTILE, false)], vec![draft]),
        ),
    ]
    .into_iter()
    .map(|(name, page)| (format!("wizard-{name}"), page.render().unwrap()))
    .collect()
}

fn steps() -> Vec<(String, String)> {
    let errors = FormErrors::of([("a.name", HOSTILE), ("", HOSTILE)]);
    let form = |fields: &[FieldDescription], errors: &FormErrors| {
        FormFields::new(fields, &FormInput::default(), errors)
    };
    let field = |name: &str, kind| FieldDescription::new(name, HOSTILE, kind).help(HOSTILE);
    let choice = FieldKind::Choice(vec![(HOSTILE.to_owned(), HOSTILE.to_owned())]);
    let section = |prefix: &str, reason: &str| {
        let times =
            if reason.is_empty() { vec![(HOSTILE.to_owned(), HOSTILE.to_owned())] } else { Vec::new() };
        let group = field(&format!("{prefix}.limit"), FieldKind::Text).group(HOSTILE);
        let name = field(&format!("{prefix}.name"), FieldKind::Text);
        let own = errors.only(|name| name.starts_with(prefix));
        let mut fields = form(&[name, group], &own);
        fields.summary = ErrorSummary::default();
        Section {
            heading: HOSTILE.to_owned(),
            note: HOSTILE.to_owned(),
            choice: form(&[field(&format!("{prefix}.choice"), choice.clone())], &FormErrors::default()),
            fields,
            rule: (prefix == "a").then(|| {
                let zone = "Europe/Paris".parse().unwrap();
                RuleForm::new("a.new_schedule.", &FormInput::default(), &errors, &zone)
            }),
            always: form(&[field(&format!("{prefix}.is_on"), FieldKind::YesNo)], &FormErrors::default()),
            test: (prefix == "a").then(|| ConnectionTest::not_tested("/processors/add/7/connection")),
            next_times: Some(NextTimes { id: format!("next-{prefix}"), times, reason: reason.to_owned() }),
        }
    };
    let summary = ErrorSummary {
        lines: vec![SummaryLine { field: Some("f-a-name".to_owned()), message: HOSTILE.to_owned() }],
    };
    let page = StepPage {
        layout: layout(),
        title: HOSTILE.to_owned(),
        intro: "The defaults suit most sites.",
        steps: WizardSteps::new(Some(Step::When), Some(7)),
        summary,
        sections: vec![section("a", ""), section("b", HOSTILE)],
        action: Step::When.address(7),
    };
    vec![("wizard-step".to_owned(), page.render().unwrap())]
}

fn reviews() -> Vec<(String, String)> {
    let fact = |label: &str| Fact {
        label: label.to_owned(),
        value: HOSTILE.to_owned(),
        change: Step::Name.address(7),
    };
    let container = ShownContainer { path: HOSTILE.to_owned(), content: HOSTILE.to_owned() };
    let dry_run = |result| DryRunPanel {
        processor: HOSTILE.to_owned(),
        action: Step::Review.address(7),
        csrf: "c0ffee".to_owned(),
        result,
    };
    let failed = dry_run(Some(DryRunResult {
        failure: Some((HOSTILE.to_owned(), HOSTILE.to_owned())),
        log: vec![("Error", HOSTILE.to_owned())],
        ..DryRunResult::default()
    }));
    let succeeded = dry_run(Some(DryRunResult {
        sentence: HOSTILE.to_owned(),
        containers: vec![container],
        left_out: 3,
        ..DryRunResult::default()
    }));
    let page = |errors: Vec<(String, Option<String>)>, account, dry_run: &DryRunPanel| ReviewPage {
        layout: layout(),
        steps: WizardSteps::new(Some(Step::Review), Some(7)),
        changes: if errors.is_empty() { vec![HOSTILE.to_owned()] } else { Vec::new() },
        errors,
        facts: vec![fact("Library"), fact(HOSTILE)],
        account,
        dry_run: Some(dry_run.clone()),
        count: 3,
        action: Step::Review.address(7),
    };
    let errors = vec![(HOSTILE.to_owned(), Some(Step::Name.address(7))), (HOSTILE.to_owned(), None)];
    [
        ("ready", page(Vec::new(), Some((HOSTILE.to_owned(), HOSTILE.to_owned())), &dry_run(None))),
        ("tried", page(Vec::new(), None, &succeeded)),
        ("refused", page(errors, None, &failed)),
    ]
    .into_iter()
    .map(|(name, page)| (format!("wizard-review-{name}"), page.render().unwrap()))
    .collect()
}

pub(super) fn all() -> Vec<(String, String)> {
    [classes(), steps(), reviews()].concat()
}
