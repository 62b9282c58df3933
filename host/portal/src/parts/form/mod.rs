//! Forms drawn from descriptions of their fields: our own, and those of a plugin's settings.

mod description;
mod errors;
mod field;
mod settings;

use askama::Template;
use askama::filters::HtmlSafe;

pub(crate) use self::description::{FieldDescription, FieldKind, SecretOrigin};
pub(crate) use self::errors::FormErrors;
pub(crate) use self::field::{Field, id_of_field};
pub(crate) use self::settings::{add_settings, describe_settings, settings_of};
use super::Icon;
use crate::form_input::FormInput;

/// The fields of a form in groups, with the summary of their errors.
#[derive(Clone, Debug, Default, PartialEq, Template)]
#[template(path = "parts/form/fields.html")]
pub(crate) struct FormFields {
    pub(crate) summary: ErrorSummary,
    /// Fields outside groups.
    pub(crate) fields: Vec<Field>,
    pub(crate) groups: Vec<FieldGroup>,
}

/// All errors of a form, with links to their fields. It is empty without errors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "parts/form/summary.html")]
pub(crate) struct ErrorSummary {
    pub(crate) lines: Vec<SummaryLine>,
}

/// An error in the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SummaryLine {
    /// The id of the field; `None` for an error of the whole form.
    pub(crate) field: Option<String>,
    pub(crate) message: String,
}

/// Fields that can be folded together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldGroup {
    pub(crate) heading: String,
    pub(crate) fields: Vec<Field>,
}

impl HtmlSafe for FormFields {}
impl HtmlSafe for ErrorSummary {}

impl FormFields {
    /// Draws fields with the values of `input`.
    pub(crate) fn new(descriptions: &[FieldDescription], input: &FormInput, errors: &FormErrors) -> Self {
        let mut drawn = Self::default();
        for description in descriptions {
            let field = Field::new(description, input, errors);
            match &description.group {
                None => drawn.fields.push(field),
                Some(heading) => match drawn.groups.iter_mut().find(|group| group.heading == *heading) {
                    Some(group) => group.fields.push(field),
                    None => drawn.groups.push(FieldGroup { heading: heading.clone(), fields: vec![field] }),
                },
            }
        }
        drawn.summary = errors.summary(&drawn.all());
        drawn
    }

    /// Takes the summaries of forms on one page together.
    pub(crate) fn take_summary(forms: &mut [&mut Self], errors: &FormErrors) -> ErrorSummary {
        let fields: Vec<&Field> = forms.iter().flat_map(|form| form.all()).collect();
        let summary = errors.summary(&fields);
        for form in forms {
            form.summary = ErrorSummary::default();
        }
        summary
    }

    fn all(&self) -> Vec<&Field> {
        self.fields.iter().chain(self.groups.iter().flat_map(|group| &group.fields)).collect()
    }
}

impl ErrorSummary {
    fn heading(&self) -> String {
        match self.lines.len() {
            1 => "One thing to correct".to_owned(),
            many => format!("{many} things to correct"),
        }
    }
}

impl FieldGroup {
    /// Returns whether the group is unfolded when the page opens.
    pub(crate) fn is_open(&self) -> bool {
        self.fields.iter().any(Field::needs_attention)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HOSTILE;

    fn descriptions() -> Vec<FieldDescription> {
        vec![
            FieldDescription::new("name", "Name", FieldKind::Text).required(),
            FieldDescription::new("limit", "Memory limit", FieldKind::WholeNumber)
                .unit("MiB")
                .default("256")
                .group("Limits"),
        ]
    }

    #[test]
    fn an_error_is_shown_at_its_field_and_linked_from_the_summary() {
        let errors = FormErrors::of([("limit", "takes 16 to 4096")]);
        let fields = FormFields::new(&descriptions(), &FormInput::from([("limit", "x")]), &errors);
        let html = fields.render().unwrap();
        assert!(html.contains("<a href=\"#f-limit\">Memory limit: takes 16 to 4096</a>"), "{html}");
        assert!(
            html.contains("aria-invalid=\"true\" aria-describedby=\"f-limit-help f-limit-error\""),
            "{html}"
        );
        assert!(html.contains("id=\"f-limit-error\"") && html.contains("Takes 16 to 4096"), "{html}");
        assert!(html.contains("<details open"), "{html}");
        assert!(html.contains("One thing to correct"), "{html}");
    }

    #[test]
    fn an_error_without_a_field_is_in_the_summary() {
        let errors = FormErrors::of([("", "somebody changed it"), ("unknown", "is odd")]);
        let html = FormFields::new(&descriptions(), &FormInput::default(), &errors).render().unwrap();
        assert!(html.contains("<li>Somebody changed it</li>") && html.contains("<li>Is odd</li>"), "{html}");
        assert!(!html.contains("<details open"), "{html}");
    }

    #[test]
    fn a_field_has_its_value_or_its_default() {
        let html =
            FormFields::new(&descriptions(), &FormInput::from([("name", HOSTILE)]), &FormErrors::default())
                .render()
                .unwrap();
        assert!(html.contains("value=\"256\"") && html.contains("Default: 256 MiB"), "{html}");
        assert!(!html.contains("<img"), "{html}");
        let emptied =
            FormFields::new(&descriptions(), &FormInput::from([("limit", "")]), &FormErrors::default());
        assert!(!emptied.render().unwrap().contains("value=\"256\""));
    }
}
