//! The last step: what will be created, and the creation.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::RunMode;

use super::dry_run::DryRunPanel;
use super::layout;
use super::step::{Step, WizardSteps};
use super::wizard::{Wizard, prefix_of};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{FormErrors, Icon, bms_address, capitalised, is_for_this_machine};
use crate::sessions::SignedIn;

/// The list of processors, with the next step.
const CREATED: &str = "/processors?added=true";

/// The summary of an addition.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/add_processor_review.html")]
pub(crate) struct ReviewPage {
    pub(crate) layout: PageLayout,
    pub(crate) steps: WizardSteps,
    /// Errors, each with the address of its step.
    pub(crate) errors: Vec<(String, Option<String>)>,
    /// The changes, in the order of their execution.
    pub(crate) changes: Vec<String>,
    pub(crate) facts: Vec<Fact>,
    /// Name and password of the new account for the BMS.
    pub(crate) account: Option<(String, String)>,
    /// `None` while the draft has errors, or if no class can be tried before it exists.
    pub(crate) dry_run: Option<DryRunPanel>,
    pub(crate) count: usize,
    pub(crate) action: String,
}

/// A choice of the wizard, with the address of its step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) change: String,
}

/// Creates the processors, and starts them if the button says so.
pub(super) async fn send(
    wizard: &Wizard<'_>,
    signed_in: SignedIn,
    button: &str,
) -> Result<Response, PageError> {
    if button == "back" {
        return Ok(Redirect::to(&Step::When.address(wizard.id)).into_response());
    }
    if button == "dry-run" {
        let mut page = ReviewPage::new(wizard, signed_in, &FormErrors::default()).await;
        if let Some(panel) = page.dry_run.take() {
            page.dry_run = Some(panel.run(wizard).await);
        }
        return Ok(Page(page).into_response());
    }
    if let Err(errors) = wizard.create(&signed_in).await {
        return Ok(Page(ReviewPage::new(wizard, signed_in, &errors).await).into_response());
    }
    if button == "start" {
        wizard.start(&signed_in).await;
    }
    wizard.portal.runtime().store().remove_form_draft(signed_in.user, wizard.id).await?;
    Ok(Redirect::to(CREATED).into_response())
}

impl ReviewPage {
    pub(super) async fn new(wizard: &Wizard<'_>, signed_in: SignedIn, refusals: &FormErrors) -> Self {
        let checked = wizard.check().await;
        let errors = match &checked {
            Err(errors) if refusals.is_empty() => errors,
            _ => refusals,
        };
        let shown = |(name, message): (&str, &str)| {
            let step = Step::of_field(name).map(|step| step.address(wizard.id));
            (capitalised(message), step)
        };
        let csrf = &signed_in.context.user.csrf;
        let dry_run = if checked.is_ok() { DryRunPanel::new(wizard, csrf) } else { None };
        let password = wizard.input.get("server.account.password").unwrap_or_default();
        let account = wizard
            .has_new_server()
            .then(|| (wizard.input.text("server.account.name").to_owned(), password.to_owned()));
        Self {
            steps: WizardSteps::new(Some(Step::Review), Some(wizard.id)),
            errors: errors.iter().map(shown).collect(),
            changes: checked.unwrap_or_default().iter().map(|line| capitalised(line)).collect(),
            facts: facts(wizard),
            account,
            dry_run,
            count: wizard.classes.len(),
            action: Step::Review.address(wizard.id),
            layout: layout(wizard.portal, signed_in),
        }
    }

    fn title(&self) -> String {
        match self.count {
            1 => "Ready to create one processor".to_owned(),
            many => format!("Ready to create {many} processors"),
        }
    }
}

fn facts(wizard: &Wizard<'_>) -> Vec<Fact> {
    let fact = |label: &str, value: String, step: Step| Fact {
        label: label.to_owned(),
        value,
        change: step.address(wizard.id),
    };
    let described = |name: String, is_new: bool| if is_new { format!("{name}, new") } else { name };
    let library = format!("{} {}", wizard.library.name, wizard.library.version);
    let mut facts = vec![fact("Library", library, Step::Class)];
    if wizard.connection_kind().is_some() {
        let connection = described(wizard.connection_name(), wizard.has_new_connection());
        facts.push(fact("Connection", connection, Step::Connection));
    }
    let server = described(wizard.server_name(), wizard.has_new_server());
    facts.push(fact("EWS server", server, Step::Connection));
    if wizard.has_new_server() {
        let listen =
            format!("http://{}{}", wizard.input.text("server.listen"), wizard.input.text("server.path"));
        let address = bms_address(&listen, wizard.portal.machine_name());
        let address = if is_for_this_machine(&address) {
            format!("{address}. Only a BMS on this machine reaches it.")
        } else {
            address
        };
        facts.push(fact("Address for the BMS", address, Step::Connection));
    }
    for class in &wizard.classes {
        let prefix = prefix_of(class);
        let is_on = |flag: &str| wizard.input.is_on(&format!("{prefix}{flag}"));
        let at_start = is_on("runs_at_start").then(|| "when Riser starts".to_owned());
        let next = (class.mode == RunMode::Scheduled && is_on("runs_on_schedule"))
            .then(|| wizard.next_times(class).times.into_iter().next())
            .flatten()
            .map(|(local, _)| format!("by its schedule, next {local}"));
        let runs: Vec<String> = at_start.into_iter().chain(next).collect();
        let runs = match (is_on("active"), runs.is_empty()) {
            (false, _) => "Never: it is not active".to_owned(),
            (true, true) => "When somebody starts it".to_owned(),
            (true, false) => capitalised(&runs.join(", and ")),
        };
        facts.push(fact(wizard.input.text(&format!("{prefix}name")), runs, Step::When));
    }
    facts
}
