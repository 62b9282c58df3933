//! Derive macros of `riser-plugin`: a struct becomes settings or a connection.

#![deny(missing_docs)]

mod attributes;
mod settings;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct the settings of a class. Doc comments become the help, types the kind.
///
/// `#[setting(default = …, min = …, max = …, options("a", "b"), kind = "address", unit = "A", group = "…",
/// label = "…", example = "…", advanced)]` on a field. On the struct, `#[settings(check = path)]` names a function
/// `fn(&Self) -> Result<(), Problem>` that checks the fields together, and `#[settings(version = 2, migrate = path)]`
/// one, `fn(&mut Map<String, Value>)`, that converts the settings of older versions of the plugin.
#[proc_macro_derive(Settings, attributes(setting, settings))]
pub fn derive_settings(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    settings::implement(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a struct a connection: settings, and `#[connection(id = "…", name = "…")]`. It requires an inherent
/// `fn test(&self, host: &TestHost) -> Outcome`.
#[proc_macro_derive(Connection, attributes(setting, settings, connection))]
pub fn derive_connection(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let implemented = settings::implement(&input).and_then(|settings| {
        let (id, name) = attributes::connection(&input)?;
        let ident = &input.ident;
        Ok(quote! {
            #settings
            impl ::riser_plugin::Connection for #ident {
                const ID: &'static str = #id;
                const NAME: &'static str = #name;
                fn test(&self, host: &::riser_plugin::TestHost) -> ::riser_plugin::Outcome {
                    #ident::test(self, host)
                }
            }
        })
    });
    implemented.unwrap_or_else(|error| error.to_compile_error()).into()
}
