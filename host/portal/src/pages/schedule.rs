//! The editor of one schedule: a stored one, or a new one.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use riser_calendar::{Schedule, ScheduleRule};
use riser_domain::ScheduleId;
use riser_runtime::{ConfigurationDraft, FieldPath, Identity, ScheduleDraft};

use crate::form::{Form, NoFields, PathOf};
use crate::form_input::{FormInput, STATE};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::pages::processor::reasons;
use crate::pages::schedules::{Use, uses};
use crate::parts::{FieldDescription, FieldKind, FormErrors, FormFields, Icon, ScheduleWords};
use crate::schedule_form::{self, NAME, RuleForm};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// The name and value of the button that only shows the next times.
const PREVIEW: (&str, &str) = ("do", "preview");

/// The form of a schedule.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/schedule.html")]
pub(crate) struct SchedulePage {
    pub(crate) layout: PageLayout,
    pub(crate) title: String,
    pub(crate) action: String,
    pub(crate) state: String,
    pub(crate) name: FormFields,
    pub(crate) rule: RuleForm,
    pub(crate) preview: RulePreview,
    /// `None` for a new schedule.
    pub(crate) stored: Option<StoredFacts>,
}

/// Facts about a stored schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredFacts {
    pub(crate) id: i64,
    pub(crate) used_by: Vec<Use>,
}

/// The next times of the rule in the form.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/rule_preview.html")]
pub(crate) struct RulePreview {
    pub(crate) shown: Result<PreviewedRule, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PreviewedRule {
    pub(crate) words: ScheduleWords,
    pub(crate) misfire: String,
    pub(crate) overlap: &'static str,
    pub(crate) text: String,
}

impl HtmlSafe for RulePreview {}

/// `GET /schedules/add`
pub(crate) async fn show_new(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
) -> Page<SchedulePage> {
    let mut input = schedule_form::input_of_new();
    if portal.runtime().configuration().schedules.is_empty() {
        input.set(NAME, "Every 15 Minutes");
    }
    Page(Editor { portal: &portal, stored: None }.page(signed_in, &input, &FormErrors::default()))
}

/// `POST /schedules/add`
pub(crate) async fn add(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    Editor { portal: &portal, stored: None }.save(signed_in, input).await
}

/// `GET /schedules/{id}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
) -> Result<Page<SchedulePage>, PageError> {
    let editor = Editor::find(&portal, id)?;
    let input = editor.stored_input();
    Ok(Page(editor.page(signed_in, &input, &FormErrors::default())))
}

/// `POST /schedules/{id}`
pub(crate) async fn save(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    Editor::find(&portal, id)?.save(signed_in, input).await
}

/// `POST /schedules/preview`
pub(crate) async fn preview(
    State(portal): State<PortalState>,
    _: Admin,
    Form(input): Form<FormInput>,
) -> Page<RulePreview> {
    let rule = schedule_form::rule_of(&input, &portal.runtime().zone());
    Page(RulePreview::new(rule.as_ref(), &portal.times_of_page()))
}

/// `POST /schedules/{id}/delete`
pub(crate) async fn delete(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    let name = Editor::find(&portal, id)?.stored.map(|stored| stored.name).unwrap_or_default();
    let identity = Identity { remove: true, ..Identity::named(name.clone()) };
    let draft = ConfigurationDraft {
        schedules: vec![ScheduleDraft { identity, rule: None }],
        ..ConfigurationDraft::default()
    };
    match portal.runtime().configure(draft, signed_in.actor()).await {
        Ok(_) => Ok(Redirect::to("/schedules?deleted=true")),
        Err(error) => Err(PageError::Refused(reasons(&error))),
    }
}

struct Editor<'a> {
    portal: &'a PortalState,
    stored: Option<Schedule>,
}

impl<'a> Editor<'a> {
    fn find(portal: &'a PortalState, id: i64) -> Result<Self, PageError> {
        let whole = portal.runtime().configuration();
        let stored = whole.schedules.iter().find(|it| it.id == ScheduleId(id));
        Ok(Self { portal, stored: Some(stored.ok_or(PageError::NoSuchPage)?.clone()) })
    }

    fn stored_input(&self) -> FormInput {
        let Some(stored) = &self.stored else { return FormInput::default() };
        let mut input = schedule_form::input_of_rule(&stored.rule.to_string());
        input.set(NAME, &stored.name);
        input
    }

    /// Stores the input, or returns the form with its errors or its next times.
    async fn save(self, signed_in: SignedIn, input: FormInput) -> Result<Response, PageError> {
        let errors = if input.get(PREVIEW.0) == Some(PREVIEW.1) {
            schedule_form::rule_of(&input, &self.portal.runtime().zone()).err().unwrap_or_default()
        } else {
            match self.store(&signed_in, &input).await {
                Ok(id) => return Ok(Redirect::to(&format!("/schedules?saved={id}")).into_response()),
                Err(errors) => errors,
            }
        };
        Ok(Page(self.page(signed_in, &input, &errors)).into_response())
    }

    async fn store(&self, signed_in: &SignedIn, input: &FormInput) -> Result<i64, FormErrors> {
        let whole = self.portal.runtime().configuration();
        let name = input.text(NAME).to_owned();
        let old_name = self.stored.as_ref().map(|stored| stored.name.clone());
        let mut errors = FormErrors::default();
        if self.stored.is_some() && input.text(STATE) != self.stored_input().state("") {
            let stored = self.stored.as_ref().map(|it| it.rule.to_string()).unwrap_or_default();
            errors.add("", format!(
                "somebody else changed this schedule to {stored:?} meanwhile. Your input is below; save again to \
                 replace theirs"
            ));
            return Err(errors);
        }
        if old_name.as_ref() != Some(&name) && whole.schedules.iter().any(|it| it.name == name) {
            errors.add(NAME, format!("{name:?} is the name of another schedule; choose another one"));
            return Err(errors);
        }
        let rule = schedule_form::rule_of(input, &self.portal.runtime().zone())?;
        let path = FieldPath::default().object("schedule", &name);
        let identity = Identity {
            renamed_from: old_name.filter(|old_name| *old_name != name),
            ..Identity::named(name.clone())
        };
        let draft = ConfigurationDraft {
            base_version: Some(whole.version),
            schedules: vec![ScheduleDraft { identity, rule: Some(rule.to_string()) }],
            ..ConfigurationDraft::default()
        };
        match self.portal.runtime().configure(draft, signed_in.actor()).await {
            Ok(_) => {
                let whole = self.portal.runtime().configuration();
                Ok(whole.schedules.iter().find(|it| it.name == name).map_or(0, |it| it.id.0))
            }
            Err(error) => Err(FormErrors::of_draft(&error, &[(path, String::new())])),
        }
    }

    fn page(&self, signed_in: SignedIn, input: &FormInput, errors: &FormErrors) -> SchedulePage {
        let times = self.portal.times_of_page();
        let zone = &self.portal.runtime().zone();
        let rule = schedule_form::rule_of(input, zone);
        let name = FieldDescription::new(NAME, "Name", FieldKind::Text)
            .required()
            .help("Processors use the schedule by this name.")
            .more("name-of-a-schedule");
        let whole = self.portal.runtime().configuration();
        let form = RuleForm::new("", input, errors, zone);
        let mut described = form.descriptions.clone();
        described.insert(0, name.clone());
        // The summary names the errors of all fields; the rule draws its own fields.
        let mut fields = FormFields::new(&described, input, errors);
        fields.fields.truncate(1);
        fields.groups.clear();
        SchedulePage {
            title: self.stored.as_ref().map_or_else(|| "Add schedule".to_owned(), |it| it.name.clone()),
            action: self
                .stored
                .as_ref()
                .map_or_else(|| "/schedules/add".to_owned(), |stored| format!("/schedules/{}", stored.id.0)),
            state: if self.stored.is_some() { self.stored_input().state("") } else { String::new() },
            name: fields,
            rule: form,
            preview: RulePreview::new(rule.as_ref(), &times),
            stored: self.stored.as_ref().map(|it| StoredFacts { id: it.id.0, used_by: uses(&whole, it.id) }),
            layout: PageLayout::new(
                MenuEntry::Schedules,
                &self.portal.site_name(),
                signed_in.context,
                &self.portal.system_status(),
                &times,
            ),
        }
    }
}

impl RulePreview {
    fn new(rule: Result<&ScheduleRule, &FormErrors>, times: &WallTime) -> Self {
        let shown = match rule {
            Ok(rule) => Ok(PreviewedRule {
                words: ScheduleWords::of_rule(rule, times),
                misfire: rule.misfire_sentence(),
                overlap: rule.overlap_sentence(),
                text: rule.to_string(),
            }),
            Err(errors) => Err(errors.to_text()),
        };
        Self { shown }
    }
}
