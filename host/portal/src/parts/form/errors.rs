use riser_runtime::{ConfigureError, FieldError, FieldPath};

use super::{ErrorSummary, Field, FieldDescription, SummaryLine};
use crate::form_input::FormInput;
use crate::parts::capitalised;

/// The errors of a form, by the name of the field; an empty name is the whole form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FormErrors(Vec<(String, String)>);

impl FormErrors {
    /// Returns errors that a page has found itself.
    pub(crate) fn of<const N: usize>(errors: [(&str, &str); N]) -> Self {
        Self(errors.into_iter().map(|(name, message)| (name.to_owned(), message.to_owned())).collect())
    }

    /// Returns the reasons why a draft was refused. Each object of the draft comes with the prefix of its fields in
    /// the form: `connection["EVCE"].settings.login` with the prefix `connection.` is `connection.settings.login`.
    pub(crate) fn of_draft(error: &ConfigureError, objects: &[(FieldPath, String)]) -> Self {
        match error {
            ConfigureError::Fields(errors) => {
                Self(errors.iter().map(|error| error_of_field(error, objects)).collect())
            }
            ConfigureError::Stale => Self::of([(
                "",
                "somebody else changed the configuration meanwhile. Your input is below; check it and send it again",
            )]),
            other => {
                tracing::error!(error = other as &dyn std::error::Error, "a change was not stored");
                Self(vec![(String::new(), format!("nothing was stored: {other}"))])
            }
        }
    }

    pub(crate) fn add(&mut self, name: impl Into<String>, message: impl Into<String>) {
        self.0.push((name.into(), message.into()));
    }

    /// Adds the stored value at each field that somebody else changed after the form was drawn.
    pub(crate) fn add_changed(&mut self, fields: &[FieldDescription], stored: &FormInput, input: &FormInput) {
        for field in fields {
            if let Some(now) = stored.get(&field.name)
                && input.get(&field.name) != Some(now)
            {
                self.add(field.name.clone(), format!("the stored value is now {now:?}"));
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the errors that a function chooses by the name of the field.
    pub(crate) fn only(&self, is_chosen: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| is_chosen(name)).cloned().collect())
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns the errors: the name of the field, and the message.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, message)| (name.as_str(), message.as_str()))
    }

    /// Returns all errors as one text.
    pub(crate) fn to_text(&self) -> String {
        let messages: Vec<String> = self.0.iter().map(|(_, message)| capitalised(message)).collect();
        messages.join(". ")
    }

    #[cfg(test)]
    pub(crate) fn has(&self, name: &str) -> bool {
        self.at(name).is_some()
    }

    /// Returns the errors of a field, as one text.
    pub(crate) fn at(&self, name: &str) -> Option<String> {
        let found: Vec<String> =
            self.0.iter().filter(|(at, _)| at == name).map(|(_, message)| capitalised(message)).collect();
        (!found.is_empty()).then(|| found.join(". "))
    }

    pub(super) fn summary(&self, fields: &[&Field]) -> ErrorSummary {
        let lines = self
            .0
            .iter()
            .map(|(name, message)| match fields.iter().find_map(|field| field.find(name)) {
                Some(field) => SummaryLine {
                    field: Some(field.id.clone()),
                    message: format!("{}: {message}", field.label),
                },
                None => SummaryLine { field: None, message: capitalised(message) },
            })
            .collect();
        ErrorSummary { lines }
    }
}

fn error_of_field(error: &FieldError, objects: &[(FieldPath, String)]) -> (String, String) {
    let path = error.path.to_string();
    for (object, prefix) in objects {
        let Some(rest) = path.strip_prefix(&object.to_string()) else { continue };
        let Some(name) = rest.strip_prefix('.').or(rest.is_empty().then_some("")) else { continue };
        // Many messages begin with the key in files, which the form calls by its label.
        let key = name.strip_prefix("settings.").unwrap_or(name);
        let message = error.message.strip_prefix(key);
        let message = message.and_then(|rest| rest.strip_prefix(": ").or(rest.strip_prefix(' ')));
        return (format!("{prefix}{name}"), message.unwrap_or(&error.message).to_owned());
    }
    (String::new(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_draft_are_found_by_the_names_of_the_fields() {
        let connection = FieldPath::default().object("connection", "EV.CE");
        let other = FieldPath::default().object("connection", "EV.CE 2");
        let error = |path: FieldPath, message: &str| FieldError { path, message: message.to_owned() };
        let errors = ConfigureError::Fields(vec![
            error(connection.setting("proxies[0].host"), "proxies[0].host: is missing: give a value"),
            error(connection.key("name"), "the name is taken"),
            error(connection.key("public_url"), "public_url takes the address that clients use"),
            error(connection.clone(), "is used"),
            error(other.key("kind"), "is unknown"),
        ]);
        let errors = FormErrors::of_draft(&errors, &[(connection, "connection.".to_owned())]);
        let expected = [
            ("connection.settings.proxies[0].host", "is missing: give a value"),
            ("connection.name", "the name is taken"),
            ("connection.public_url", "takes the address that clients use"),
            ("connection.", "is used"),
            ("", "connection[\"EV.CE 2\"].kind: is unknown"),
        ];
        assert_eq!(errors, FormErrors::of(expected));
    }
}
