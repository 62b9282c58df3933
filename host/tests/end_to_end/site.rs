//! A site: one charge controller, one Riser with the EVCE processors, one BMS.

use std::path::PathBuf;

use riser_ews::client::EwsClient;

use crate::configuration::ConfigurationFile;
use crate::controller::{Controller, PASSWORD};
use crate::host::{Host, Installation};
use crate::programs;

pub(crate) const EWS_SERVER: &str = "EVCE Ews Server";

/// The processors of a site.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processors {
    SetupAlone,
    /// Status polls every 5 s.
    SetupAndStatus,
}

pub(crate) struct Site {
    pub(crate) controller: Controller,
    pub(crate) installation: Installation,
    _passwords: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new(fixture: &str, processors: Processors) -> Self {
        let controller = Controller::start(fixture);
        let passwords = tempfile::tempdir().unwrap();
        let installation = Installation::new(&[programs::library("riser-evce")]);
        let file = ConfigurationFile::new().ews_server(EWS_SERVER).connection(
            "EVCE",
            &controller,
            &password_file(&passwords).display().to_string(),
        );
        installation.apply(evce_processors(file, "EVCE", EWS_SERVER, processors).text());
        Self { controller, installation, _passwords: passwords }
    }

    pub(crate) fn start(&self) -> (Host, EwsClient) {
        let host = self.installation.start();
        let bms = host.bms(EWS_SERVER);
        (host, bms)
    }
}

/// Writes a file with the password of the controllers.
pub(crate) fn password_file(directory: &tempfile::TempDir) -> PathBuf {
    let file = directory.path().join("evce-password");
    std::fs::write(&file, PASSWORD).unwrap();
    file
}

/// Adds the EVCE processors for one connection and one EWS server.
pub(crate) fn evce_processors(
    file: ConfigurationFile,
    connection: &str,
    ews_server: &str,
    processors: Processors,
) -> ConfigurationFile {
    let more = format!("connection = \"{connection}\"");
    let file = file.processor(&format!("{connection} Setup"), "riser.evce/setup", ews_server, &more);
    if processors == Processors::SetupAlone {
        return file;
    }
    let more = format!("{more}\nsettings = {{ interval = \"5 s\", offline_after = \"10 s\" }}");
    file.processor(&format!("{connection} Status"), "riser.evce/status", ews_server, &more)
}
