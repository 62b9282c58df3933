//! What stands in `#[setting(…)]`, `#[settings(…)]` and `#[connection(…)]`.

use syn::punctuated::Punctuated;
use syn::{
    Attribute, DeriveInput, Error, Expr, ExprLit, Field, Lit, LitStr, Path, Result, Token, parenthesized,
};

/// What a field says of itself.
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

/// The function that judges the fields together.
pub(crate) fn check_of(input: &DeriveInput) -> Result<Option<Path>> {
    let mut check = None;
    for attribute in named(&input.attrs, "settings") {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("check") {
                check = Some(meta.value()?.parse()?);
                return Ok(());
            }
            Err(meta.error("not an attribute of settings"))
        })?;
    }
    Ok(check)
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

/// The doc comment as one paragraph.
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
