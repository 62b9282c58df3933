//! The configuration file of the demo: one EWS server, one connection, the three EVCE processors.

use super::Logins;
use super::simulator::Simulator;

/// Holds the password of the BMS while the file is applied.
pub(super) const BMS_PASSWORD_VARIABLE: &str = "RISER_DEMO_BMS_PASSWORD";
/// Holds the password at the charge controller while the file is applied.
pub(super) const CONTROLLER_PASSWORD_VARIABLE: &str = "RISER_DEMO_EVCE_PASSWORD";
/// What the EWS server calls itself in a login.
pub(super) const REALM: &str = "Riser";

/// What differs from start to start.
pub(super) struct Configuration<'a> {
    pub(super) ews_port: u16,
    pub(super) simulator: &'a Simulator,
    pub(super) logins: &'a Logins,
}

impl Configuration<'_> {
    /// The file, as `riser apply` reads it. No password is in it.
    pub(super) fn text(&self) -> String {
        let Self { ews_port, simulator, logins } = self;
        let controller = &simulator.announced;
        let (base_url, pin) = (&controller.api_url, &controller.certificate_sha256);
        let (bms, login) = (logins.bms.user, logins.controller.user);
        format!(
            r#"[[ews_server]]
name = "EVCE Ews Server"
listen = "127.0.0.1:{ews_port}"
path = "/EcoStruxure/DataExchange"
realm = "{REALM}"
  [[ews_server.account]]
  name = "{bms}"
  rights = "read-write"
  password = {{ env = "{BMS_PASSWORD_VARIABLE}" }}

[[connection]]
name = "EVCE"
kind = "riser.evce/evce"
  [connection.settings]
  base_url = "{base_url}"
  login = "{login}"
  password = {{ env = "{CONTROLLER_PASSWORD_VARIABLE}" }}
  certificate_sha256 = "{pin}"

[[schedule]]
name = "Every 15 minutes"
every = "15 min"

[[processor]]
name = "EVCE Setup"
class = "riser.evce/setup"
connection = "EVCE"
ews_server = "EVCE Ews Server"
schedule = "Every 15 minutes"
runs_at_start = true

[[processor]]
name = "EVCE Status"
class = "riser.evce/status"
connection = "EVCE"
ews_server = "EVCE Ews Server"
runs_at_start = true
settings = {{ interval = "5 s" }}

[[processor]]
name = "EVCE Logs"
class = "riser.evce/logs"
connection = "EVCE"
ews_server = "EVCE Ews Server"
runs_at_start = true
"#
        )
    }
}
