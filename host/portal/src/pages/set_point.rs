//! Writing one set point: the new value, then a confirmation that shows the old and the new one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::{EwsServerId, PointHandle, SetPointRule, Value, ValueItem, ValueKind};
use riser_runtime::{PointWrite, ServerTree, WriteError, WriteRefusal};
use serde::Deserialize;

use crate::form::{Form, QueryOf};
use crate::form_input::FormInput;
use crate::items_address::ItemsAddress;
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{
    CurrentValue, FieldDescription, FieldKind, FormErrors, FormFields, Icon, location, range_words, value_of,
    value_with_unit,
};
use crate::sessions::{Operator, SignedIn};
use crate::state::PortalState;

/// The field of the new value.
const VALUE: &str = "value";
/// Present in the confirmation.
const IS_CONFIRMED: &str = "confirmed";

/// The point in an address.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SetPointAddress {
    server: i64,
    item: String,
}

#[derive(Clone, Debug, Template)]
#[template(path = "pages/set_point.html")]
pub(crate) struct SetPointPage {
    pub(crate) layout: PageLayout,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) description: String,
    pub(crate) query: String,
    pub(crate) value_href: String,
    pub(crate) current: CurrentValue,
    pub(crate) step: Step,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Enter(FormFields),
    /// The value as it was typed, and both as people read them.
    Confirm {
        typed: String,
        old: Option<String>,
        new: String,
    },
}

/// A writable point that an address names.
struct Target<'a> {
    portal: &'a PortalState,
    address: &'a SetPointAddress,
    tree: Arc<ServerTree>,
    point: PointHandle,
    item: ValueItem,
    rule: SetPointRule,
}

impl SetPointAddress {
    pub(crate) fn new(server: EwsServerId, item: &str) -> Self {
        Self { server: server.0, item: item.to_owned() }
    }

    /// Returns the query, without the question mark.
    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("server", &self.server.to_string()).append_pair("item", &self.item).finish()
    }

    pub(crate) fn href(&self) -> String {
        format!("/items/write?{}", self.query())
    }

    fn target<'a>(&'a self, portal: &'a PortalState) -> Option<Target<'a>> {
        let tree = portal.runtime().items(EwsServerId(self.server));
        let point = tree.find(&self.item)?;
        let item = value_of(tree.node(point)?)?.clone();
        let rule = item.definition.set_point.as_ref()?.clone();
        Some(Target { portal, address: self, tree, point, item, rule })
    }
}

/// `GET /items/write`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    QueryOf(address): QueryOf<SetPointAddress>,
) -> Result<Page<SetPointPage>, PageError> {
    let target = address.target(&portal).ok_or(PageError::NoSuchPage)?;
    let step = target.form(&FormInput::default(), &FormErrors::default());
    Ok(Page(target.page(signed_in, step)))
}

/// `POST /items/write`
pub(crate) async fn write(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    QueryOf(address): QueryOf<SetPointAddress>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let target = address.target(&portal).ok_or(PageError::NoSuchPage)?;
    let refuse = |signed_in, message: String| {
        let mut errors = FormErrors::default();
        errors.add(VALUE, message);
        Page(target.page(signed_in, target.form(&input, &errors))).into_response()
    };
    let value = match target.parse(input.text(VALUE)) {
        Ok(value) => value,
        Err(message) => return Ok(refuse(signed_in, message)),
    };
    if !input.is_on(IS_CONFIRMED) {
        let step = target.confirmation(input.text(VALUE), &value);
        return Ok(Page(target.page(signed_in, step)).into_response());
    }
    let writes = vec![PointWrite { point: target.point, value }];
    let written =
        portal.runtime().write_set_points(EwsServerId(address.server), signed_in.actor(), writes).await;
    match written {
        Ok(results) => match results.into_iter().next() {
            Some(Err(refusal)) => Ok(refuse(signed_in, target.refusal_words(refusal))),
            _ => Ok(Redirect::to(&target.value_href()).into_response()),
        },
        Err(WriteError::Store(error)) => Err(error.into()),
        Err(error) => Ok(refuse(signed_in, format!("nothing was written: {error}"))),
    }
}

/// `GET /events/write`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    QueryOf(address): QueryOf<SetPointAddress>,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveSetPoint { address }))
}

struct LiveSetPoint {
    address: SetPointAddress,
}

impl LivePage for LiveSetPoint {
    fn is_reshaped_by(&self, _: &riser_runtime::Change) -> bool {
        // Loading the page again would lose the typed value.
        false
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        let Some(target) = self.address.target(update.portal) else { return Ok(()) };
        if update.has_changed(target.point) {
            let reading = update.portal.runtime().readings(&[target.point]).pop().flatten();
            parts.add("current-value", &CurrentValue::new(reading, &target.item, &update.times));
        }
        Ok(())
    }
}

impl Target<'_> {
    fn page(&self, signed_in: SignedIn, step: Step) -> SetPointPage {
        let times = self.portal.times_of_page();
        let reading = self.portal.runtime().readings(&[self.point]).pop().flatten();
        SetPointPage {
            name: self.item.definition.name.to_string(),
            location: location(&self.tree, self.point),
            description: self.item.definition.description.to_string(),
            query: self.address.query(),
            value_href: self.value_href(),
            current: CurrentValue::new(reading, &self.item, &times),
            step,
            layout: PageLayout::new(
                MenuEntry::Items,
                &self.portal.site_name(),
                signed_in.context,
                &self.portal.system_status(),
                &times,
            ),
        }
    }

    fn form(&self, input: &FormInput, errors: &FormErrors) -> Step {
        let kind = match self.item.definition.kind {
            _ if !self.rule.options.is_empty() => {
                let options = self.rule.options.iter();
                FieldKind::Choice(options.map(|option| (option.to_string(), option.to_string())).collect())
            }
            ValueKind::Boolean => FieldKind::Choice(vec![
                ("true".to_owned(), "On (true)".to_owned()),
                ("false".to_owned(), "Off (false)".to_owned()),
            ]),
            ValueKind::Double => FieldKind::Number,
            ValueKind::Long | ValueKind::Integer => FieldKind::WholeNumber,
            ValueKind::DateTime | ValueKind::String | ValueKind::Duration => FieldKind::Text,
        };
        let mut field = FieldDescription::new(VALUE, "New value", kind)
            .required()
            .help(self.help())
            .more("write-a-set-point");
        if !self.item.definition.unit.is_empty()
            && matches!(field.kind, FieldKind::Number | FieldKind::WholeNumber)
        {
            field = field.unit(self.item.definition.unit.to_string());
        }
        Step::Enter(FormFields::new(&[field], input, errors))
    }

    fn help(&self) -> String {
        let range =
            range_words(&self.rule, self.item.definition.kind).map(|range| format!("Accepted: {range}."));
        let format = match self.item.definition.kind {
            ValueKind::DateTime => Some("A time such as 2027-03-25T14:00, in the time zone of the site."),
            ValueKind::Duration => Some("A duration such as PT15M or P1DT2H."),
            _ => None,
        };
        range.into_iter().chain(format.map(ToOwned::to_owned)).collect::<Vec<_>>().join(" ")
    }

    fn confirmation(&self, typed: &str, value: &Value) -> Step {
        let times = self.portal.times_of_page();
        let old = self.portal.runtime().readings(&[self.point]).pop().flatten();
        let old = old.filter(crate::parts::is_known);
        Step::Confirm {
            typed: typed.to_owned(),
            old: old.map(|reading| value_with_unit(&reading.value, &self.item.definition.unit, &times)),
            new: value_with_unit(value, &self.item.definition.unit, &times),
        }
    }

    /// Returns the value of a text, or why the point does not take it.
    fn parse(&self, text: &str) -> Result<Value, String> {
        if text.is_empty() && self.item.definition.kind != ValueKind::String {
            return Err("a value is needed".to_owned());
        }
        let value = riser_ews::parse_value(self.item.definition.kind, text, &self.portal.runtime().zone())
            .map_err(|error| {
                let example = match self.item.definition.kind {
                    ValueKind::Double => ", such as 25.5",
                    ValueKind::Integer | ValueKind::Long => ", such as 25",
                    _ => "",
                };
                format!(
                    "{text:?} is not a value of the type {}{example}: {error}",
                    self.item.definition.kind.as_str()
                )
            })?;
        if !self.rule.lists(&value) {
            return Err(self.refusal_words(WriteRefusal::InvalidValue));
        }
        if !self.rule.admits(&value, self.portal.runtime().clock().now()) {
            return Err(self.refusal_words(WriteRefusal::OutOfRange));
        }
        Ok(value)
    }

    fn refusal_words(&self, refusal: WriteRefusal) -> String {
        match (refusal, range_words(&self.rule, self.item.definition.kind)) {
            (WriteRefusal::InvalidValue | WriteRefusal::OutOfRange, Some(range)) => {
                format!("the item takes {range}")
            }
            (refusal, _) => refusal.to_string(),
        }
    }

    /// Returns the address of the point on the items page, where the progress of the write is shown.
    fn value_href(&self) -> String {
        ItemsAddress {
            server: Some(self.address.server),
            container: Some(self.item.parent.to_string()),
            item: Some(self.item.id.to_string()),
            from: 0,
        }
        .to_string()
    }
}
