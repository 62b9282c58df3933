//! The tab Control: the flags that decide what starts and stops the processor.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use riser_domain::RunMode;
use riser_runtime::{Identity, ProcessorDraft};

use super::change::{Edit, submit};
use super::{Done, Frame, Shown, Tab};
use crate::form::{Form, PathOf, QueryOf};
use crate::form_input::FormInput;
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{FieldDescription, FieldKind, FormErrors, FormFields, Icon};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

const RUNS_AT_START: &str = "runs_at_start";
const RUNS_ON_SCHEDULE: &str = "runs_on_schedule";
const MANUALLY_STARTABLE: &str = "manually_startable";
const MANUALLY_STOPPABLE: &str = "manually_stoppable";

/// The form of a processor's flags.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/control.html")]
pub(crate) struct ControlTab {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) action: String,
    pub(crate) state: String,
    pub(crate) fields: FormFields,
    /// The class runs until it is stopped, so no schedule starts it.
    pub(crate) is_long_running: bool,
}

/// `GET /processors/{id}/control`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<ControlTab>, PageError> {
    let shown = Shown::find(&portal, id)?;
    Ok(Page(tab(&shown, signed_in, &stored(&shown), &FormErrors::default(), done.notice())))
}

/// `POST /processors/{id}/control`
pub(crate) async fn save(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let shown = Shown::find(&portal, id)?;
    let stored = stored(&shown);
    let flag = |name: &str| stored.get(name).map(|_| input.is_on(name));
    let draft = ProcessorDraft {
        identity: Identity::named(shown.configuration.name.clone()),
        runs_at_start: flag(RUNS_AT_START),
        runs_on_schedule: flag(RUNS_ON_SCHEDULE),
        manually_startable: flag(MANUALLY_STARTABLE),
        manually_stoppable: flag(MANUALLY_STOPPABLE),
        ..ProcessorDraft::default()
    };
    let edit = Edit { fields: &fields(&shown), stored: &stored, input: &input };
    Ok(match submit(&shown, &signed_in, (Tab::Control, edit), draft).await? {
        Ok(redirect) => redirect.into_response(),
        Err(errors) => Page(tab(&shown, signed_in, &input, &errors, None)).into_response(),
    })
}

fn is_long_running(shown: &Shown<'_>) -> bool {
    shown.status.mode == Some(RunMode::LongRunning)
}

/// Returns the stored values of the fields.
fn stored(shown: &Shown<'_>) -> FormInput {
    let flags = shown.configuration.flags;
    let mut input = FormInput::default();
    for (name, is_on) in [
        (RUNS_AT_START, flags.runs_at_start),
        (MANUALLY_STARTABLE, flags.manually_startable),
        (RUNS_ON_SCHEDULE, flags.runs_on_schedule),
        (MANUALLY_STOPPABLE, flags.manually_stoppable),
    ] {
        if name != RUNS_ON_SCHEDULE || !is_long_running(shown) {
            input.set(name, is_on.to_string());
        }
    }
    input
}

fn fields(shown: &Shown<'_>) -> Vec<FieldDescription> {
    let flag = |name, label, help| {
        FieldDescription::new(name, label, FieldKind::YesNo).help(help).more("how-it-runs")
    };
    let mut fields = vec![
        flag(RUNS_AT_START, "Runs On Start", "It starts when Riser starts, and when it is enabled."),
        flag(MANUALLY_STARTABLE, "Manually Startable", "Operators may start it by hand."),
    ];
    if !is_long_running(shown) {
        let help = "Its schedule starts it. Without this flag the schedule starts nothing.";
        fields.push(flag(RUNS_ON_SCHEDULE, "Runs On Schedule", help));
    }
    fields.push(flag(MANUALLY_STOPPABLE, "Manually Stoppable", "Operators may stop it by hand."));
    fields
}

fn tab(
    shown: &Shown<'_>,
    signed_in: SignedIn,
    input: &FormInput,
    errors: &FormErrors,
    notice: Option<&'static str>,
) -> ControlTab {
    ControlTab {
        frame: shown.frame(Tab::Control, &signed_in.context.user, notice),
        action: shown.address(Tab::Control),
        state: stored(shown).state(""),
        fields: FormFields::new(&fields(shown), input, errors),
        is_long_running: is_long_running(shown),
        layout: shown.layout(signed_in),
    }
}
