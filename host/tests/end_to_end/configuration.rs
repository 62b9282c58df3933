//! Configuration files of the tests.

use std::fmt::Write as _;

use crate::controller::{Controller, LOGIN};

/// Builds a file for `riser apply`.
pub(crate) struct ConfigurationFile {
    text: String,
}

impl ConfigurationFile {
    pub(crate) fn new() -> Self {
        Self { text: String::new() }
    }

    /// Adds an EWS server on a free port, with the account of the BMS.
    pub(crate) fn ews_server(mut self, name: &str) -> Self {
        let path = name.replace(' ', "-");
        write!(
            self.text,
            "[[ews_server]]\nname = \"{name}\"\nlisten = \"127.0.0.1:0\"\n\
             path = \"/{path}/DataExchange\"\nrealm = \"Riser\"\n\
             [[ews_server.account]]\nname = \"bms\"\nrights = \"read-write\"\n\
             password = {{ env = \"EWS_PASSWORD\" }}\n\n"
        )
        .unwrap();
        self
    }

    /// Adds a connection to a charge controller, with its password in a file.
    pub(crate) fn connection(mut self, name: &str, controller: &Controller, password_file: &str) -> Self {
        let (url, pin) = (&controller.api_url, &controller.certificate_sha256);
        write!(
            self.text,
            "[[connection]]\nname = \"{name}\"\nkind = \"riser.evce/evce\"\n\
             settings = {{ base_url = \"{url}\", login = \"{LOGIN}\", certificate_sha256 = \"{pin}\", \
             password = {{ file = \"{password_file}\" }} }}\n\n"
        )
        .unwrap();
        self
    }

    /// Adds a processor. It runs at start unless `more`, the other lines of its table, changes that.
    pub(crate) fn processor(mut self, name: &str, class: &str, ews_server: &str, more: &str) -> Self {
        let more = if more.contains("runs_at_start") {
            more.to_owned()
        } else {
            format!("runs_at_start = true\n{more}")
        };
        write!(
            self.text,
            "[[processor]]\nname = \"{name}\"\nclass = \"{class}\"\news_server = \"{ews_server}\"\n\
             {more}\n\n"
        )
        .unwrap();
        self
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}
