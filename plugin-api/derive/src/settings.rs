//! `impl Settings`: the description, the reading, the check.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Expr, Field, Fields, Result};

use crate::attributes::{self, FieldAttributes};

pub(crate) fn implement(input: &DeriveInput) -> Result<TokenStream> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            _ => return Err(Error::new_spanned(input, "settings are a struct with named fields")),
        },
        _ => return Err(Error::new_spanned(input, "settings are a struct")),
    };
    let mut descriptions = Vec::new();
    let mut readings = Vec::new();
    let mut names = Vec::new();
    let mut migrations = Vec::new();
    for field in fields {
        let Some(name) = &field.ident else { continue };
        let attributes = attributes::of_field(field)?;
        descriptions.push(description(field, &attributes));
        readings.push(reading(field, &attributes));
        names.push(name);
        migrations.push(migration(field));
    }
    let ident = &input.ident;
    let of_struct = attributes::of_struct(input)?;
    let check = match of_struct.check {
        Some(check) => quote!(#check(self)),
        None => quote!(::core::result::Result::Ok(())),
    };
    let version = of_struct.version.map(|version| quote!(const VERSION: u32 = #version;));
    let migrate = of_struct.migrate.map(|migrate| {
        quote! {
            fn migrate(values: &mut ::riser_plugin::serde_json::Map<::std::string::String, ::riser_plugin::serde_json::Value>) {
                #migrate(values)
            }
        }
    });
    Ok(quote! {
        impl ::riser_plugin::Settings for #ident {
            #version
            #migrate

            fn migrate_groups(values: &mut ::riser_plugin::serde_json::Map<::std::string::String, ::riser_plugin::serde_json::Value>) {
                let _ = &values;
                #(#migrations)*
            }

            fn describe() -> ::std::vec::Vec<::riser_plugin::description::SettingDescription> {
                ::std::vec![#(#descriptions),*]
            }

            fn read(reader: &mut ::riser_plugin::settings::Reader<'_>) -> ::core::option::Option<Self> {
                #(#readings)*
                ::core::option::Option::Some(Self { #(#names: #names?),* })
            }

            fn check(&self) -> ::core::result::Result<(), ::riser_plugin::Problem> {
                #check
            }
        }
    })
}

fn description(field: &Field, attributes: &FieldAttributes) -> TokenStream {
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let ty = &field.ty;
    let label = attributes.label.as_ref().map_or_else(|| label_of(&name), syn::LitStr::value);
    let help = attributes::help_of(&field.attrs);
    let default = optional_json(attributes.default.as_ref());
    let has_default = attributes.default.is_some();
    let passed = passed(attributes);
    let text = |text: &Option<syn::LitStr>| match text {
        Some(text) => quote!(::core::option::Option::Some(#text.to_owned())),
        None => quote!(::core::option::Option::None),
    };
    let (unit, group, example) = (text(&attributes.unit), text(&attributes.group), text(&attributes.example));
    let is_advanced = attributes.is_advanced;
    quote! {
        ::riser_plugin::description::SettingDescription {
            key: #name.to_owned(),
            label: #label.to_owned(),
            help: #help.to_owned(),
            kind: <#ty as ::riser_plugin::settings::SettingValue>::kind(&#passed),
            required: !#has_default && <#ty as ::riser_plugin::settings::SettingValue>::missing().is_none(),
            default: #default,
            unit: #unit,
            group: #group,
            advanced: #is_advanced,
            example: #example,
        }
    }
}

fn reading(field: &Field, attributes: &FieldAttributes) -> TokenStream {
    let (name, ty) = (&field.ident, &field.ty);
    let key = name.as_ref().map(ToString::to_string).unwrap_or_default();
    let default = optional_json(attributes.default.as_ref());
    let passed = passed(attributes);
    quote!(let #name = reader.field::<#ty>(#key, #default, &#passed);)
}

fn migration(field: &Field) -> TokenStream {
    let ty = &field.ty;
    let key = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    quote! {
        if let ::core::option::Option::Some(value) = values.get_mut(#key) {
            <#ty as ::riser_plugin::settings::SettingValue>::migrate(value);
        }
    }
}

fn passed(attributes: &FieldAttributes) -> TokenStream {
    let (min, max) = (optional_json(attributes.min.as_ref()), optional_json(attributes.max.as_ref()));
    let options = &attributes.options;
    let kind = match &attributes.kind {
        Some(kind) => quote!(::core::option::Option::Some(#kind)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::riser_plugin::settings::Attributes { min: #min, max: #max, options: ::std::vec![#(#options),*], kind: #kind }
    }
}

fn optional_json(value: Option<&Expr>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(::riser_plugin::serde_json::json!(#value))),
        None => quote!(::core::option::Option::None),
    }
}

/// `poll_every` becomes `Poll every`.
fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
