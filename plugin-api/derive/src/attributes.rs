//! Parses `#[setting(…)]`, `#[settings(…)]` and `#[connection(…)]`.

use syn::punctuated::Punctuated;
use syn::{
    Attribute, DeriveInput, Error, Expr, ExprLit, Field, Lit, LitInt, LitStr, Path, Result, Token,
    parenthesized,
};

/// Attributes of a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) default: Option<Expr>,
    pub(crate) min: Option<Expr>,
    pub(crate) max: Option<Expr>,
    pub(crate) options: Vec<LitStr>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) unit: Option<LitStr>,
    pub(crate) group: Option<LitStr>,
    pub(crate) label: Option<LitStr>,
    pub(crate) example: Option<LitStr>,
    pub(crate) is_advanced: bool,
}

pub(crate) fn of_field(field: &Field) -> Result<FieldAttributes> {
    let mut found = FieldAttributes::default();
    for attribute in named(&field.attrs, "setting") {
        attribute.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match name.as_str() {
                "default" => found.default = Some(meta.value()?.parse()?),
                "min" => found.min = Some(meta.value()?.parse()?),
                "max" => found.max = Some(meta.value()?.parse()?),
                "kind" => found.kind = Some(meta.value()?.parse()?),
                "unit" => found.unit = Some(meta.value()?.parse()?),
                "group" => found.group = Some(meta.value()?.parse()?),
                "label" => found.label = Some(meta.value()?.parse()?),
                "example" => found.example = Some(meta.value()?.parse()?),
                "advanced" => found.is_advanced = true,
                "options" => {
                    let texts;
                    parenthesized!(texts in meta.input);
                    found.options =
                        Punctuated::<LitStr, Token![,]>::parse_terminated(&texts)?.into_iter().collect();
                }
                _ => return Err(meta.error("not an attribute of a setting")),
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// Attributes of a struct.
#[derive(Default)]
pub(crate) struct StructAttributes {
    /// The function that checks the fields together.
    pub(crate) check: Option<Path>,
    /// The version of the stored settings.
    pub(crate) version: Option<LitInt>,
    /// The function that converts the settings of older versions.
    pub(crate) migrate: Option<Path>,
}

pub(crate) fn of_struct(input: &DeriveInput) -> Result<StructAttributes> {
    let mut found = StructAttributes::default();
    for attribute in named(&input.attrs, "settings") {
        attribute.parse_nested_meta(|meta| {
            match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("check") => found.check = Some(meta.value()?.parse()?),
                Some("version") => found.version = Some(meta.value()?.parse()?),
                Some("migrate") => found.migrate = Some(meta.value()?.parse()?),
                _ => return Err(meta.error("not an attribute of settings")),
            }
            Ok(())
        })?;
    }
    match (&found.version, &found.migrate) {
        (Some(version), None) if version.base10_parse::<u32>()? > 1 => Err(Error::new_spanned(
            version,
            "settings of a later version need `migrate = …`, which converts the settings of older versions",
        )),
        (None, Some(migrate)) => Err(Error::new_spanned(migrate, "`migrate` needs `version = …` beside it")),
        _ => Ok(found),
    }
}

/// Id and name of a connection.
pub(crate) fn connection(input: &DeriveInput) -> Result<(LitStr, LitStr)> {
    let (mut id, mut name) = (None, None);
    for attribute in named(&input.attrs, "connection") {
        attribute.parse_nested_meta(|meta| {
            match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("id") => id = Some(meta.value()?.parse()?),
                Some("name") => name = Some(meta.value()?.parse()?),
                _ => return Err(meta.error("not an attribute of a connection")),
            }
            Ok(())
        })?;
    }
    match (id, name) {
        (Some(id), Some(name)) => Ok((id, name)),
        _ => Err(Error::new_spanned(
            &input.ident,
            "a connection needs #[connection(id = \"…\", name = \"…\")]",
        )),
    }
}

/// Returns the doc comment as one paragraph.
pub(crate) fn help_of(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = named(attributes, "doc")
        .filter_map(|attribute| match &attribute.meta.require_name_value().ok()?.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        })
        .collect();
    lines.join(" ").trim().to_owned()
}

fn named<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a Attribute> {
    attributes.iter().filter(move |attribute| attribute.path().is_ident(name))
}
