//! Loads profiles: a file completes or replaces a built-in one. Errors name file, line, field and cause.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Profile;

/// The built-in profiles. The first is used without a file.
pub(crate) const BUILT_IN: [(&str, &str); 3] = [
    ("v2-a", include_str!("../../profiles/v2-a.toml")),
    ("v2-b", include_str!("../../profiles/v2-b.toml")),
    ("v2-c", include_str!("../../profiles/v2-c.toml")),
];
/// The word for no built-in profile.
const NONE: &str = "none";

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("cannot read the profile {file}")]
    Unreadable {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error("invalid profile {file}{}{}: {cause}", in_line(*.line), in_field(.field))]
    Wrong { file: String, line: Option<usize>, field: String, cause: String },
}

/// A field of a profile and its mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The keys that lead to it.
    pub(super) field: Vec<String>,
    pub(super) cause: String,
}

fn in_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", {field}") }
}

impl Profile {
    /// Returns the profile that is used without a file.
    pub(crate) fn built_in() -> Self {
        let (name, text) = BUILT_IN[0];
        Self::from_text(text, name).expect("a test reads it")
    }

    /// Reads a file that completes the built-in profile after its key `extends`; `v2-a` without one.
    ///
    /// # Errors
    /// If the file is unreadable, is not TOML, or is not a profile.
    pub(crate) fn with_file(file: &Path) -> Result<Self, ProfileError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|source| ProfileError::Unreadable { file: name.clone(), source })?;
        Self::from_text(&text, &name)
    }

    /// Reads the text of a profile; `file` is its name in messages.
    ///
    /// # Errors
    /// As with a file.
    pub(crate) fn from_text(text: &str, file: &str) -> Result<Self, ProfileError> {
        let base = base_of(text, file)?;
        // The places of both texts must differ.
        let offset = base.len() + 1;
        let shifted = format!("{}{text}", "\n".repeat(offset));
        let source = Source { text, file, offset };
        let own = DeTable::parse(&shifted).map_err(|error| source.not_toml(&error))?;
        let mut merged = DeTable::parse(base).expect("a test reads all built-in profiles").into_inner();
        merge(&mut merged, own.into_inner());
        let table = Spanned::new(0..shifted.len(), merged.clone());
        let read = Self::deserialize(toml::Deserializer::from(table));
        let mut profile = read.map_err(|error| source.not_a_profile(&error, &merged))?;
        if let Some(Mistake { field, cause }) = profile.mistakes().into_iter().next() {
            let line = span_of(&merged, &field).and_then(|span| source.line(&span));
            return Err(ProfileError::Wrong { file: file.to_owned(), line, field: field.join("."), cause });
        }
        profile.build_extractors();
        Ok(profile)
    }
}

/// Returns the text of the built-in profile that a profile extends.
fn base_of(text: &str, file: &str) -> Result<&'static str, ProfileError> {
    let source = Source { text, file, offset: 0 };
    let table = DeTable::parse(text).map_err(|error| source.not_toml(&error))?.into_inner();
    let Some(extends) = table.get("extends") else { return Ok(BUILT_IN[0].1) };
    let name = extends.get_ref().as_str();
    if name == Some(NONE) {
        return Ok("");
    }
    let found = BUILT_IN.iter().find(|(known, _)| Some(*known) == name);
    found.map(|(_, text)| *text).ok_or_else(|| ProfileError::Wrong {
        file: file.to_owned(),
        line: source.line(&extends.span()),
        field: "extends".to_owned(),
        cause: format!("use {}, or {NONE}", BUILT_IN.map(|(name, _)| name).join(", ")),
    })
}

/// The text of a profile and its offset in the parsed text.
struct Source<'t> {
    text: &'t str,
    file: &'t str,
    offset: usize,
}

impl Source<'_> {
    /// Returns the line of a place, counted from 1; `None` if it is in the built-in profile.
    fn line(&self, span: &Range<usize>) -> Option<usize> {
        let before = self.text.get(..span.start.checked_sub(self.offset)?)?;
        Some(before.matches('\n').count() + 1)
    }

    /// Describes an error without the text there: the file may be another one, with secrets.
    fn not_toml(&self, error: &toml::de::Error) -> ProfileError {
        ProfileError::Wrong {
            file: self.file.to_owned(),
            line: error.span().and_then(|span| self.line(&span)),
            field: String::new(),
            cause: "is not TOML".to_owned(),
        }
    }

    fn not_a_profile(&self, error: &toml::de::Error, table: &DeTable<'_>) -> ProfileError {
        let span = error.span();
        let field = span.as_ref().and_then(|span| path_of(table, span)).unwrap_or_default();
        ProfileError::Wrong {
            file: self.file.to_owned(),
            line: span.and_then(|span| self.line(&span)),
            field: field.join("."),
            // Keys are variants of enumerations here.
            cause: error.message().replace("unknown variant", "unknown name").replace('\n', "; "),
        }
    }
}

/// Replaces and adds keys. A field keeps its other rules when its places are replaced, and its places when rules are
/// added.
fn merge<'t>(table: &mut DeTable<'t>, replacements: DeTable<'t>) {
    for (key, mut replacement) in replacements {
        let Some(known) = table.get_mut(key.get_ref().as_ref()) else {
            table.insert(key, replacement);
            continue;
        };
        // A body is sent whole, so it is replaced whole.
        let is_body = key.get_ref() == "body";
        if !is_body
            && let (DeValue::Table(inner), DeValue::Table(replacements)) =
                (known.get_mut(), replacement.get_mut())
        {
            merge(inner, std::mem::take(replacements));
            continue;
        }
        if let DeValue::Table(inner) = known.get_mut()
            && let Some(places) = inner.get_mut("at")
        {
            *places = replacement;
            continue;
        }
        // A field with its places alone gets more rules.
        if let DeValue::Table(rules) = replacement.get_mut()
            && matches!(known.get_ref(), DeValue::Array(_) | DeValue::String(_))
            && !rules.contains_key("at")
        {
            let places = std::mem::replace(known, Spanned::new(0..0, DeValue::Boolean(false)));
            rules.insert(Spanned::new(places.span(), "at".into()), places);
        }
        *known = replacement;
    }
}

/// Returns the keys to the smallest value or key at a place.
fn path_of(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    let holds = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let mut found = None;
    for (key, value) in table {
        let inner = match value.get_ref() {
            DeValue::Table(inner) => path_of(inner, span),
            _ => None,
        };
        let here = || (holds(&key.span()) || holds(&value.span())).then(Vec::new);
        if let Some(rest) = inner.or_else(here) {
            let name = std::iter::once(key.get_ref().to_string());
            found = Some(name.chain(rest).collect());
        }
    }
    found
}

/// Returns the place of the value with these keys, or of the last that exists.
fn span_of(table: &DeTable<'_>, path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first.as_str())?;
    let inner = match value.get_ref() {
        DeValue::Table(inner) => span_of(inner, rest),
        _ => None,
    };
    Some(inner.unwrap_or_else(|| value.span()))
}
