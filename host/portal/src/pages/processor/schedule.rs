//! The tab Schedule: chooses the schedule that starts the processor, with the next times of each.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use riser_calendar::Schedule;
use riser_domain::RunMode;
use riser_runtime::{Identity, ProcessorDraft};

use super::change::{Edit, submit};
use super::{Done, Frame, Shown, Tab};
use crate::form::{Form, PathOf, QueryOf};
use crate::form_input::FormInput;
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{FieldDescription, FieldKind, FormErrors, FormFields, Icon, ScheduleWords};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

const SCHEDULE: &str = "schedule";

/// The choice of a schedule.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/schedule.html")]
pub(crate) struct ScheduleTab {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) action: String,
    pub(crate) state: String,
    /// The errors of the form.
    pub(crate) errors: FormFields,
    pub(crate) is_long_running: bool,
    /// Whether its schedule is switched off by a flag.
    pub(crate) is_switched_off: bool,
    pub(crate) is_none_chosen: bool,
    pub(crate) choices: Vec<ScheduleChoice>,
}

/// A schedule to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScheduleChoice {
    pub(crate) name: String,
    pub(crate) is_chosen: bool,
    pub(crate) words: ScheduleWords,
}

/// `GET /processors/{id}/schedule`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<ScheduleTab>, PageError> {
    let shown = Shown::find(&portal, id)?;
    Ok(Page(tab(&shown, signed_in, &stored(&shown), &FormErrors::default(), done.notice())))
}

/// `POST /processors/{id}/schedule`
pub(crate) async fn save(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let shown = Shown::find(&portal, id)?;
    let name = input.text(SCHEDULE);
    let draft = ProcessorDraft {
        identity: Identity::named(shown.configuration.name.clone()),
        schedule: Some(name.to_owned()),
        // Whoever chooses a schedule wants it to start the processor.
        runs_on_schedule: (!name.is_empty()).then_some(true),
        ..ProcessorDraft::default()
    };
    let edit = Edit { fields: &[field()], stored: &stored(&shown), input: &input };
    Ok(match submit(&shown, &signed_in, (Tab::Schedule, edit), draft).await? {
        Ok(redirect) => redirect.into_response(),
        Err(errors) => Page(tab(&shown, signed_in, &input, &errors, None)).into_response(),
    })
}

fn field() -> FieldDescription {
    FieldDescription::new(SCHEDULE, "Schedule", FieldKind::Text)
}

fn stored(shown: &Shown<'_>) -> FormInput {
    let chosen = shown.whole.schedules.iter().find(|it| Some(it.id) == shown.configuration.schedule);
    let mut input = FormInput::default();
    input.set(SCHEDULE, chosen.map(|it| it.name.clone()).unwrap_or_default());
    input
}

fn tab(
    shown: &Shown<'_>,
    signed_in: SignedIn,
    input: &FormInput,
    errors: &FormErrors,
    notice: Option<&'static str>,
) -> ScheduleTab {
    let chosen = input.text(SCHEDULE);
    let choice = |schedule: &Schedule| ScheduleChoice {
        name: schedule.name.clone(),
        is_chosen: schedule.name == chosen,
        words: ScheduleWords::new(&schedule.rule, &shown.times),
    };
    // Only the errors are taken from the drawn fields: the choice is drawn with the next times.
    let errors = FormFields { fields: Vec::new(), ..FormFields::new(&[field()], input, errors) };
    let flags = shown.configuration.flags;
    ScheduleTab {
        frame: shown.frame(Tab::Schedule, &signed_in.context.user, notice),
        action: shown.address(Tab::Schedule),
        state: stored(shown).state(""),
        errors,
        is_long_running: shown.status.mode == Some(RunMode::LongRunning),
        is_switched_off: shown.configuration.schedule.is_some() && !flags.runs_on_schedule,
        is_none_chosen: chosen.is_empty(),
        choices: shown.whole.schedules.iter().map(choice).collect(),
        layout: shown.layout(signed_in),
    }
}
