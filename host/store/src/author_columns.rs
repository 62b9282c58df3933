//! How an author lies in a row: what kind, the name, and the EWS server of an account.

use riser_domain::Author;

use crate::StoreError;

/// The columns `author_kind`, `author_name` and `author_server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorColumns {
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    pub(crate) server: Option<String>,
}

impl From<&Author> for AuthorColumns {
    fn from(author: &Author) -> Self {
        let columns = |kind: &str, name: Option<&String>, server: Option<&String>| Self {
            kind: kind.to_owned(),
            name: name.cloned(),
            server: server.cloned(),
        };
        match author {
            Author::Person(name) => columns("person", Some(name), None),
            Author::EwsAccount { server, account } => columns("ews account", Some(account), Some(server)),
            Author::Processor(name) => columns("processor", Some(name), None),
            Author::CommandLine => columns("command line", None, None),
            Author::System => columns("system", None, None),
        }
    }
}

impl AuthorColumns {
    /// The author; `table` and `row` name it when it is damaged.
    pub(crate) fn into_author(self, table: &'static str, row: i64) -> Result<Author, StoreError> {
        match (self.kind.as_str(), self.name, self.server) {
            ("person", Some(name), _) => Ok(Author::Person(name)),
            ("ews account", Some(account), Some(server)) => Ok(Author::EwsAccount { server, account }),
            ("processor", Some(name), _) => Ok(Author::Processor(name)),
            ("command line", ..) => Ok(Author::CommandLine),
            ("system", ..) => Ok(Author::System),
            _ => Err(StoreError::damaged(table, "author_kind", &row)),
        }
    }
}
