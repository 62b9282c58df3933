//! The address of the items page. It contains everything that selects what the page shows.

use std::fmt;

use serde::Deserialize;
use url::form_urlencoded::Serializer;

/// The server, the container, the item in the drawer, and the first row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ItemsAddress {
    pub(crate) server: Option<i64>,
    pub(crate) container: Option<String>,
    pub(crate) item: Option<String>,
    pub(crate) from: usize,
}

impl ItemsAddress {
    /// Returns the query, without the question mark.
    pub(crate) fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(server) = self.server {
            query.append_pair("server", &server.to_string());
        }
        if let Some(container) = &self.container {
            query.append_pair("container", container);
        }
        if let Some(item) = &self.item {
            query.append_pair("item", item);
        }
        if self.from > 0 {
            query.append_pair("from", &self.from.to_string());
        }
        query.finish()
    }

    /// Returns the address of another container, from its first row, with the drawer closed.
    pub(crate) fn of_container(&self, id: &str) -> Self {
        Self { server: self.server, container: Some(id.to_owned()), item: None, from: 0 }
    }

    /// Returns the address with this item in the drawer.
    pub(crate) fn with_item(&self, id: &str) -> Self {
        Self { item: Some(id.to_owned()), ..self.clone() }
    }

    /// Returns the address with the drawer closed.
    pub(crate) fn without_item(&self) -> Self {
        Self { item: None, ..self.clone() }
    }

    /// Returns the address of the same container from another row.
    pub(crate) fn at_row(&self, from: usize) -> Self {
        Self { from, ..self.clone() }
    }
}

impl fmt::Display for ItemsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = self.query();
        if query.is_empty() { f.write_str("/items") } else { write!(f, "/items?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_an_address_may_contain_any_characters() {
        let address = ItemsAddress {
            server: Some(1),
            container: Some("z1/s&1".to_owned()),
            item: Some("Ä <x>".to_owned()),
            from: 200,
        };
        assert_eq!(address.to_string(), "/items?server=1&container=z1%2Fs%261&item=%C3%84+%3Cx%3E&from=200");
        assert_eq!(ItemsAddress::default().to_string(), "/items");
    }
}
