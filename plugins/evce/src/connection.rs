//! The connection to a charge controller: address, login and trust.

use std::path::PathBuf;

use riser_plugin::http::{CertificatePin, Trust};
use riser_plugin::prelude::*;

use crate::wire::{Profile, ProfileError};

/// Address and login of a charge controller.
#[derive(Connection)]
#[connection(id = "evce", name = "EcoStruxure EV Charging Expert")]
#[settings(check = Self::check_trust)]
pub(crate) struct EvceConnection {
    /// Address of the API. Port 443 is optional.
    #[setting(kind = "address", label = "API URL", example = "https://10.141.208.28/api/v2")]
    pub(crate) base_url: String,
    /// A user of the controller with the right to write reductions.
    #[setting(example = "bmsApi")]
    pub(crate) login: String,
    /// Password of this user.
    pub(crate) password: Secret<String>,
    /// SHA-256 fingerprint of the controller's certificate, 64 hexadecimal digits. The connection test shows
    /// it.
    #[setting(label = "Certificate fingerprint", group = "Trust")]
    pub(crate) certificate_sha256: Option<String>,
    /// PEM file with the controller's certificate, or with that of the authority that signed it; instead of the
    /// fingerprint.
    #[setting(label = "Certificate authority", group = "Trust")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Send the password over plain HTTP. Everybody on the network can read it.
    #[setting(default = false, group = "Trust", advanced, label = "Allow plain HTTP")]
    pub(crate) allow_http: bool,
    /// File that replaces parts of the built-in profile of the API.
    #[setting(advanced)]
    pub(crate) profile: Option<PathBuf>,
}

impl EvceConnection {
    fn check_trust(&self) -> Result<(), Problem> {
        if self.base_url.starts_with("http://") && !self.allow_http {
            let problem = Problem::new("plain-http", "would send the password without encryption");
            return Err(problem.remedy("use an address with https, or set allow_http").setting("base_url"));
        }
        match &self.certificate_sha256 {
            Some(_) if self.ca_file.is_some() => {
                let problem = Problem::new("two-trusts", "does not go together with a fingerprint");
                return Err(problem
                    .remedy("remove the fingerprint (certificate_sha256 = \"\"), or this file")
                    .setting("ca_file"));
            }
            Some(pin) if CertificatePin::parse(pin).is_none() => {
                let problem = Problem::new("fingerprint", "is not a SHA-256 fingerprint");
                return Err(problem
                    .remedy("enter 64 hexadecimal digits; the connection test shows them")
                    .setting("certificate_sha256"));
            }
            _ => {}
        }
        if let Err(error) = self.trust().check() {
            let problem = Problem::new("ca-file", error.to_string());
            return Err(problem
                .remedy("give the path of a PEM file with a certificate, which Riser can read")
                .setting("ca_file"));
        }
        self.read_profile().map(drop).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})"));
            let problem = Problem::new("profile", format!("{error}{}", cause.unwrap_or_default()));
            problem
                .remedy("correct the profile file or its path; an empty text removes the setting")
                .setting("profile")
        })
    }

    /// Returns the trusted certificate.
    pub(crate) fn trust(&self) -> Trust {
        match (self.certificate_sha256.as_deref().and_then(CertificatePin::parse), &self.ca_file) {
            (_, Some(file)) => Trust::CaFile(file.clone()),
            (Some(pin), None) => Trust::Pin(pin),
            (None, None) => Trust::Nothing,
        }
    }

    /// Reads the profile of this controller.
    pub(crate) fn read_profile(&self) -> Result<Profile, ProfileError> {
        self.profile.as_deref().map_or_else(|| Ok(Profile::built_in()), Profile::with_file)
    }
}
