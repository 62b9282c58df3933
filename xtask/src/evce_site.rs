//! The site of the demo as a configuration file: one EWS server, one connection, the three EVCE processors.

use crate::processes::{Login, Simulator};

/// The variable with the password of the BMS while the file is applied.
const BMS_PASSWORD_VARIABLE: &str = "RISER_DEMO_BMS_PASSWORD";
/// The variable with the password of the charge controller while the file is applied.
const CONTROLLER_PASSWORD_VARIABLE: &str = "RISER_DEMO_EVCE_PASSWORD";
/// The realm of the EWS server.
pub(crate) const REALM: &str = "Riser";

/// Who may log in where.
pub(crate) struct Logins {
    pub(crate) admin: Login,
    pub(crate) bms: Login,
    pub(crate) controller: Login,
}

impl Logins {
    /// With passwords of this start.
    pub(crate) fn random() -> anyhow::Result<Self> {
        Ok(Self {
            admin: Login::random("admin")?,
            bms: Login::random("bms")?,
            controller: Login::random("bmsApi")?,
        })
    }
}

/// The parts that differ between starts.
pub(crate) struct EvceSite<'a> {
    pub(crate) ews_port: u16,
    pub(crate) simulator: &'a Simulator,
    pub(crate) logins: &'a Logins,
}

impl EvceSite<'_> {
    /// The passwords, each in the variable that the file names.
    pub(crate) fn passwords(&self) -> [(&str, &str); 2] {
        let Logins { bms, controller, .. } = self.logins;
        [(BMS_PASSWORD_VARIABLE, &bms.password), (CONTROLLER_PASSWORD_VARIABLE, &controller.password)]
    }

    /// The file, as `riser apply` reads it. No password is in it.
    pub(crate) fn configuration(&self) -> String {
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
name = "Every 15 Minutes"
rule = "every 15 min"

[[processor]]
name = "EVCE Setup"
class = "riser.evce/setup"
connection = "EVCE"
ews_server = "EVCE Ews Server"
schedule = "Every 15 Minutes"
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
