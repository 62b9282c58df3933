//! A copy of a processor under another name.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::ProcessorConfiguration;
use riser_runtime::Identity;

use super::change::{restore_draft, store};
use super::{Frame, Shown, Tab};
use crate::form::{Form, PathOf};
use crate::form_input::FormInput;
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::connection::free_name;
use crate::pages::error::PageError;
use crate::parts::{FieldDescription, FieldKind, FormErrors, FormFields, Icon};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

const NAME: &str = "name";

/// The form with the name of the copy.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/copy.html")]
pub(crate) struct CopyPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) fields: FormFields,
    pub(crate) has_secrets: bool,
}

/// `GET /processors/{id}/duplicate`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
) -> Result<Page<CopyPage>, PageError> {
    let shown = Shown::find(&portal, id)?;
    let is_taken = |name: &str| shown.whole.processors.iter().any(|it| it.name == name);
    let mut input = FormInput::default();
    input.set(NAME, free_name(&format!("{} copy", shown.configuration.name), is_taken));
    Ok(Page(page(&shown, signed_in, &input, &FormErrors::default())))
}

/// `POST /processors/{id}/duplicate`
pub(crate) async fn add(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let shown = Shown::find(&portal, id)?;
    let name = input.text(NAME);
    let mut errors = FormErrors::default();
    if shown.whole.processors.iter().any(|it| it.name == name) {
        errors.add(NAME, format!("{name:?} is the name of another processor; choose another one"));
    } else {
        let copy = ProcessorConfiguration { name: name.to_owned(), ..shown.configuration.clone() };
        let mut draft = restore_draft(&portal, &copy, None);
        draft.identity = Identity::named(name);
        match store(&shown, &signed_in, draft).await {
            Ok(_) => {
                let added = portal.runtime().processors().into_iter().find(|it| it.name == name);
                let address = added.map_or_else(
                    || "/processors".to_owned(),
                    |added| format!("/processors/{}?saved=copied", added.configuration.0),
                );
                return Ok(Redirect::to(&address).into_response());
            }
            Err(refused) => errors = refused,
        }
    }
    Ok(Page(page(&shown, signed_in, &input, &errors)).into_response())
}

fn page(shown: &Shown<'_>, signed_in: SignedIn, input: &FormInput, errors: &FormErrors) -> CopyPage {
    let name = FieldDescription::new(NAME, "Name of the copy", FieldKind::Text)
        .required()
        .more("name-and-connection");
    CopyPage {
        frame: shown.frame(Tab::Processor, &signed_in.context.user, None),
        fields: FormFields::new(&[name], input, errors),
        has_secrets: !shown.configuration.secret_keys.is_empty(),
        layout: shown.layout(signed_in),
    }
}
