//! The wizard that adds processors. Each step is a page with an address; the input of all steps is stored as a draft
//! after each one, so it survives a reload and the end of the session.

mod dry_run;
mod review;
mod sections;
mod step;
mod wizard;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::RunMode;
use riser_runtime::{ClassDescription, LibraryDescription};
use riser_store::UserId;
use serde::Deserialize;
use url::form_urlencoded;

use crate::form::{Form, NoFields, PathOf, QueryOf};
use crate::form_input::FormInput;
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{ConnectionTest, ErrorSummary, FormErrors, Icon, SummaryLine};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;
use crate::wall_time::Age;

#[cfg(test)]
pub(crate) use self::dry_run::{DryRunPanel, DryRunResult, ShownContainer};
#[cfg(test)]
pub(crate) use self::review::Fact;
pub(crate) use self::review::ReviewPage;
#[cfg(test)]
pub(crate) use self::sections::NextTimes;
pub(crate) use self::sections::Section;
pub(crate) use self::step::{Step, WizardSteps};
use self::wizard::{ALL_CLASSES, CLASS, LIBRARY, Wizard};

/// The address of the first step.
pub(crate) const ADDRESS: &str = "/processors/add";

/// The choice of the library and the class.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/add_processor_class.html")]
pub(crate) struct ClassPage {
    pub(crate) layout: PageLayout,
    pub(crate) steps: WizardSteps,
    pub(crate) summary: ErrorSummary,
    /// Libraries to choose from, while none is chosen.
    pub(crate) libraries: Vec<LibraryCard>,
    pub(crate) chosen: Option<LibraryCard>,
    pub(crate) classes: Vec<ClassCard>,
    /// Where the form is sent.
    pub(crate) action: String,
    /// Unfinished additions.
    pub(crate) drafts: Vec<DraftRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LibraryCard {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) company: String,
    pub(crate) licence: String,
    pub(crate) about: String,
    pub(crate) hash: String,
    pub(crate) contract: String,
    pub(crate) classes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassCard {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) mode: &'static str,
    pub(crate) about: String,
    pub(crate) facts: Vec<String>,
    pub(crate) is_chosen: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DraftRow {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) href: String,
    pub(crate) age: Age,
}

/// A step with fields.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/add_processor.html")]
pub(crate) struct StepPage {
    pub(crate) layout: PageLayout,
    pub(crate) title: String,
    pub(crate) intro: &'static str,
    pub(crate) steps: WizardSteps,
    pub(crate) summary: ErrorSummary,
    pub(crate) sections: Vec<Section>,
    /// Where the form is sent.
    pub(crate) action: String,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct LibraryQuery {
    library: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StepPath {
    draft: i64,
    step: Step,
}

/// `GET /processors/add`
pub(crate) async fn begin(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    QueryOf(query): QueryOf<LibraryQuery>,
) -> Result<Page<ClassPage>, PageError> {
    let drafts = draft_rows(&portal, signed_in.user).await?;
    let library = chosen_library(&portal, query.library.as_deref())?;
    Ok(Page(ClassPage::new(&portal, signed_in, library.as_deref(), (None, ""), drafts)))
}

/// `POST /processors/add`
pub(crate) async fn choose(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    QueryOf(query): QueryOf<LibraryQuery>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let library = chosen_library(&portal, query.library.as_deref())?.ok_or(PageError::NoSuchPage)?;
    let classes = wizard::chosen_classes(&library, input.text(CLASS));
    if classes.is_empty() {
        let drafts = draft_rows(&portal, signed_in.user).await?;
        let mut page = ClassPage::new(&portal, signed_in, Some(&library), (None, ""), drafts);
        page.summary = no_class();
        return Ok(Page(page).into_response());
    }
    let draft = FormInput::from([(LIBRARY, library.id.as_str()), (CLASS, input.text(CLASS))]);
    let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    let id = wizard::store(&portal, &signed_in, None, (&names.join(", "), &draft)).await?;
    Ok(Redirect::to(&Step::Name.address(id)).into_response())
}

/// `GET /processors/add/{draft}/{step}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(path): PathOf<StepPath>,
) -> Result<Response, PageError> {
    let wizard = Wizard::load(&portal, &signed_in, path.draft).await?;
    page(&wizard, signed_in, path.step, (&FormErrors::default(), None)).await
}

/// `POST /processors/add/{draft}/{step}`
pub(crate) async fn send(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(path): PathOf<StepPath>,
    Form(sent): Form<FormInput>,
) -> Result<Response, PageError> {
    let mut wizard = Wizard::load(&portal, &signed_in, path.draft).await?;
    let step = path.step;
    let button = sent.text("do").to_owned();
    let pin = sent.text("pin").to_owned();
    if step == Step::Review {
        return review::send(&wizard, signed_in, &button).await;
    }
    if step == Step::Class {
        if wizard::chosen_classes(&wizard.library, sent.text(CLASS)).is_empty() {
            let library = wizard.library.clone();
            let mut page =
                ClassPage::new(&portal, signed_in, Some(&library), (Some(wizard.id), ""), Vec::new());
            page.summary = no_class();
            return Ok(Page(page).into_response());
        }
        wizard.input.set(CLASS, sent.text(CLASS));
    } else {
        let sections = wizard.sections(step, "");
        let is_of_step = |name: &str| Step::of_field(name) == Some(step);
        let is_secret = |name: &str| sections.iter().any(|section| section.has_secret(name));
        wizard.input.merge(&sent, is_of_step, is_secret);
    }
    if step == Step::Connection {
        wizard.generate_password()?;
        if !pin.is_empty() {
            wizard.input.set(ConnectionTest::pin_field("connection."), pin.as_str());
        }
    }
    wizard.save(&signed_in).await?;
    match (button.as_str(), step.previous()) {
        ("back", Some(previous)) => return Ok(Redirect::to(&previous.address(wizard.id)).into_response()),
        ("later", _) => return Ok(Redirect::to(ADDRESS).into_response()),
        ("preview", _) => return page(&wizard, signed_in, step, (&FormErrors::default(), None)).await,
        _ => {}
    }
    if step == Step::Connection && (button == "test" || !pin.is_empty()) {
        let running = ConnectionTest::begin(&portal, &signed_in, &sent);
        let (errors, tested) = wizard.test_connection(running).await;
        return page(&wizard, signed_in, step, (&errors, tested.as_ref())).await;
    }
    let errors = if step == Step::Class { FormErrors::default() } else { errors_of(&wizard, step).await };
    if errors.is_empty() {
        return Ok(Redirect::to(&step.next().address(wizard.id)).into_response());
    }
    page(&wizard, signed_in, step, (&errors, None)).await
}

/// `POST /processors/add/{draft}/discard`
pub(crate) async fn discard(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    Path(draft): Path<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    portal.runtime().store().remove_form_draft(signed_in.user, draft).await?;
    Ok(Redirect::to(ADDRESS))
}

/// Returns the errors in the fields of a step.
async fn errors_of(wizard: &Wizard<'_>, step: Step) -> FormErrors {
    match wizard.check().await {
        Ok(_) => FormErrors::default(),
        Err(errors) => errors.only(|name| Step::of_field(name) == Some(step)),
    }
}

async fn page(
    wizard: &Wizard<'_>,
    signed_in: SignedIn,
    step: Step,
    (errors, tested): (&FormErrors, Option<&ConnectionTest>),
) -> Result<Response, PageError> {
    Ok(match step {
        Step::Class => {
            let choice = (Some(wizard.id), wizard.input.text(CLASS));
            Page(ClassPage::new(wizard.portal, signed_in, Some(&wizard.library), choice, Vec::new()))
                .into_response()
        }
        Step::Review => Page(ReviewPage::new(wizard, signed_in, errors).await).into_response(),
        _ => Page(StepPage::new(wizard, signed_in, step, (errors, tested))).into_response(),
    })
}

/// Returns the library with this id, or the only one; `None` if there is a choice.
fn chosen_library(
    portal: &PortalState,
    id: Option<&str>,
) -> Result<Option<Arc<LibraryDescription>>, PageError> {
    match id {
        Some(id) => wizard::library(portal, id).map(Some).ok_or(PageError::NoSuchPage),
        None => Ok(match portal.runtime().libraries().as_slice() {
            [only] => Some(Arc::clone(&only.description)),
            _ => None,
        }),
    }
}

async fn draft_rows(portal: &PortalState, user: UserId) -> Result<Vec<DraftRow>, PageError> {
    let times = portal.times_of_page();
    let drafts = portal.runtime().form_drafts(user).await?;
    let row = |draft: riser_runtime::OpenFormDraft| DraftRow {
        id: draft.id,
        title: draft.title,
        href: Step::Name.address(draft.id),
        age: times.age(draft.changed_at),
    };
    Ok(drafts.into_iter().map(row).collect())
}

fn no_class() -> ErrorSummary {
    let message = "Choose what to add".to_owned();
    ErrorSummary { lines: vec![SummaryLine { field: None, message }] }
}

fn layout(portal: &PortalState, signed_in: SignedIn) -> PageLayout {
    let times = portal.times_of_page();
    let system = portal.system_status();
    PageLayout::new(MenuEntry::Processors, &portal.site_name(), signed_in.context, &system, &times)
}

impl ClassPage {
    /// Shows a library's classes with the choice of a draft, or the libraries.
    fn new(
        portal: &PortalState,
        signed_in: SignedIn,
        library: Option<&LibraryDescription>,
        (draft, choice): (Option<i64>, &str),
        drafts: Vec<DraftRow>,
    ) -> Self {
        let cards: Vec<(String, LibraryCard)> = portal
            .runtime()
            .libraries()
            .iter()
            .map(|it| (it.description.id.clone(), LibraryCard::new(it)))
            .collect();
        let chosen = library.and_then(|library| cards.iter().find(|(id, _)| *id == library.id));
        let chosen = chosen.map(|(_, card)| card.clone());
        let action = match (draft, &chosen) {
            (Some(draft), _) => Step::Class.address(draft),
            (None, Some(card)) => card.href.clone(),
            (None, None) => String::new(),
        };
        Self {
            layout: layout(portal, signed_in),
            steps: WizardSteps::new(library.map(|_| Step::Class), draft),
            summary: ErrorSummary::default(),
            libraries: if library.is_none() {
                cards.into_iter().map(|(_, card)| card).collect()
            } else {
                Vec::new()
            },
            chosen,
            classes: library.map(|library| class_cards(library, choice)).unwrap_or_default(),
            action,
            drafts,
        }
    }
}

impl LibraryCard {
    fn new(library: &riser_runtime::Library) -> Self {
        let described = &library.description;
        let id: String = form_urlencoded::byte_serialize(described.id.as_bytes()).collect();
        Self {
            href: format!("{ADDRESS}?library={id}"),
            name: described.name.clone(),
            version: described.version.clone(),
            company: described.company.clone(),
            licence: described.licence.clone(),
            about: described.about.clone(),
            hash: library.cached.sha256.chars().take(12).collect(),
            contract: described.contract.clone(),
            classes: described.classes.len(),
        }
    }
}

/// Returns the choices of a library: all classes at once, and each of them. Without a choice, the first is chosen.
fn class_cards(library: &LibraryDescription, choice: &str) -> Vec<ClassCard> {
    let names: Vec<&str> = library.classes.iter().map(|class| class.name.as_str()).collect();
    let all = wizard::can_add_all(library).then(|| ClassCard {
        value: ALL_CLASSES.to_owned(),
        name: format!("All {} processors of {}", names.len(), library.name),
        mode: "",
        about: format!("{}. They share one connection.", names.join(", ")),
        facts: Vec::new(),
        is_chosen: false,
    });
    let mut cards: Vec<ClassCard> =
        all.into_iter().chain(library.classes.iter().map(|class| ClassCard::new(class, library))).collect();
    let chosen = cards.iter().position(|card| card.value == choice).unwrap_or(0);
    if let Some(card) = cards.get_mut(chosen) {
        card.is_chosen = true;
    }
    cards
}

impl ClassCard {
    fn new(class: &ClassDescription, library: &LibraryDescription) -> Self {
        let creates = (!class.creates.is_empty()).then(|| format!("Creates {}", class.creates));
        let kind = class.connection.as_ref().and_then(|kind| library.connection(kind));
        let needs = kind.map(|kind| format!("Needs a connection to {}", kind.name));
        let requires = class.requires.as_ref().and_then(|id| library.class(id));
        let requires = requires.map(|class| format!("Runs after {}", class.name));
        Self {
            value: class.id.clone(),
            name: class.name.clone(),
            mode: match class.mode {
                RunMode::Scheduled => "Scheduled",
                RunMode::LongRunning => "Long running",
            },
            about: class.about.clone(),
            facts: [creates, needs, requires].into_iter().flatten().collect(),
            is_chosen: false,
        }
    }
}

impl StepPage {
    fn new(
        wizard: &Wizard<'_>,
        signed_in: SignedIn,
        step: Step,
        (errors, tested): (&FormErrors, Option<&ConnectionTest>),
    ) -> Self {
        let mut described = wizard.sections(step, &signed_in.context.user.name);
        for section in &mut described {
            if let Some(tested) = tested {
                section.show_test(tested);
            }
        }
        let (summary, sections) =
            sections::draw(described, &wizard.input, errors, &wizard.portal.runtime().zone());
        let source = wizard.connection_kind().map_or("the BMS", |kind| kind.name.as_str());
        let (title, intro) = match step {
            Step::Name => {
                ("How should it be called?".to_owned(), "Log lines, problems and pages use the name.")
            }
            Step::Connection => (format!("How does Riser reach {source}?"), ""),
            Step::Details => ("Details".to_owned(), "The defaults suit most sites."),
            _ => ("When should it run?".to_owned(), ""),
        };
        Self {
            layout: layout(wizard.portal, signed_in),
            title,
            intro,
            steps: WizardSteps::new(Some(step), Some(wizard.id)),
            summary,
            sections,
            action: step.address(wizard.id),
        }
    }

    /// Returns whether the page has groups to unfold together.
    fn has_groups(&self) -> bool {
        let forms = self.sections.iter().flat_map(|section| [&section.fields, &section.always]);
        forms.map(|form| form.groups.len()).sum::<usize>() > 1
    }

    /// Returns whether the page has previews to update.
    fn has_next_times(&self) -> bool {
        self.sections.iter().any(|section| section.next_times.is_some())
    }
}
