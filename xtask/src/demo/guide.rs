//! Prints addresses and logins: as text with three things to try, or as one line of JSON.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::live_value::LiveValue;
use crate::evce_site::{Logins, REALM};
use crate::processes::{Host, Simulator};

/// The reduction in the third thing to try.
const TRIED_REDUCTION: &str = "25";
/// The namespace of SOAP 1.2.
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";

/// The guide for a newcomer.
pub(super) struct Guide<'a> {
    addresses: Addresses<'a>,
    simulator: &'a Simulator,
    logins: &'a Logins,
    /// The first live value, and how long it took from the first child process.
    pub(super) live: Option<(LiveValue, Duration)>,
}

/// The line of JSON; missing parts of an empty host are null.
#[derive(Serialize)]
struct Addresses<'a> {
    portal_url: String,
    admin_user: &'a str,
    admin_password: &'a str,
    ews_url: Option<String>,
    ews_realm: Option<&'a str>,
    ews_user: Option<&'a str>,
    ews_password: Option<&'a str>,
    simulator_url: &'a str,
    simulator_control_url: &'a str,
    data_dir: &'a Path,
}

impl<'a> Guide<'a> {
    pub(super) fn new(host: &Host, simulator: &'a Simulator, logins: &'a Logins, data: &'a Path) -> Self {
        let ews_url = host.ews_url().map(str::to_owned);
        let if_served = |fact: &'a str| ews_url.as_ref().map(|_| fact);
        let addresses = Addresses {
            portal_url: host.portal_url().to_owned(),
            admin_user: logins.admin.user,
            admin_password: &logins.admin.password,
            ews_realm: if_served(REALM),
            ews_user: if_served(logins.bms.user),
            ews_password: if_served(&logins.bms.password),
            ews_url,
            simulator_url: &simulator.announced.api_url,
            simulator_control_url: &simulator.announced.control_url,
            data_dir: data,
        };
        Self { addresses, simulator, logins, live: None }
    }

    pub(super) fn print(&self, as_json: bool) -> anyhow::Result<()> {
        let text = if as_json { serde_json::to_string(&self.addresses)? } else { self.text()? };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}")?;
        Ok(out.flush()?)
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let Addresses { portal_url, admin_user, admin_password, data_dir, simulator_control_url, .. } =
            &self.addresses;
        let mut text = String::from("\n");
        match &self.live {
            Some((live, after)) => writeln!(
                text,
                "Riser runs. First live value over EWS after {:.1} s: {} = {} {}",
                after.as_secs_f64(),
                live.point.name,
                live.text,
                live.point.unit
            )?,
            None => writeln!(text, "Riser runs, without any configuration.")?,
        }
        writeln!(text, "\n  Portal       {portal_url}")?;
        writeln!(text, "               log in as {admin_user} with the password {admin_password}")?;
        if let Some(ews_url) = &self.addresses.ews_url {
            let bms = &self.logins.bms;
            writeln!(text, "  EWS server   {ews_url}")?;
            writeln!(text, "               realm {REALM}, user {}, password {}", bms.user, bms.password)?;
        }
        writeln!(text, "  Simulator    {simulator_control_url}/ plays the charge controller")?;
        writeln!(text, "  Data         {}", data_dir.display())?;
        match (&self.live, &self.addresses.ews_url) {
            (Some((live, _)), Some(ews_url)) => self.write_things_to_try(&mut text, live, ews_url)?,
            _ => self.write_controller(&mut text)?,
        }
        writeln!(text, "\nCtrl-C ends everything. The log of Riser follows.")?;
        Ok(text)
    }

    fn write_things_to_try(&self, text: &mut String, live: &LiveValue, ews_url: &str) -> std::fmt::Result {
        writeln!(text, "\nThree things to try:")?;
        writeln!(
            text,
            "\n  1. Open the portal, log in, and look at Items: every value with its state and age."
        )?;
        writeln!(text, "\n  2. Read a live value, as a building management system does:\n")?;
        let read = format!("<GetValuesIds><Id>{}</Id></GetValuesIds>", live.point.id);
        writeln!(text, "{}", self.curl(ews_url, "GetValues", &read))?;
        let Some((set_point, zone)) = &live.set_point else { return Ok(()) };
        writeln!(text, "\n  3. Change a set point: {} of zone {zone}, in per cent:\n", set_point.name)?;
        let write = format!(
            "<SetValuesItems><ValueItem><Id>{}</Id><Value>{TRIED_REDUCTION}</Value></ValueItem></SetValuesItems>",
            set_point.id
        );
        writeln!(text, "{}", self.curl(ews_url, "SetValues", &write))?;
        let control_url = self.addresses.simulator_control_url;
        writeln!(text, "\n     The request at the charge controller:\n")?;
        writeln!(text, "curl --silent '{control_url}/_sim/requests?method=PUT'")
    }

    /// Builds a shell command; ids, addresses and passwords contain no quotes.
    fn curl(&self, ews_url: &str, operation: &str, parameters: &str) -> String {
        let bms = &self.logins.bms;
        let namespace = riser_ews::NAMESPACE;
        format!(
            "curl --silent --digest --user {}:{} --header 'Content-Type: application/soap+xml; charset=utf-8' \
             --data '<s:Envelope xmlns:s=\"{SOAP}\"><s:Body><{operation}Request version=\"1.2\" \
             xmlns=\"{namespace}\">{parameters}</{operation}Request></s:Body></s:Envelope>' {ews_url}",
            bms.user, bms.password
        )
    }

    /// Prints the settings of a connection to the charge controller.
    fn write_controller(&self, text: &mut String) -> std::fmt::Result {
        let (controller, login) = (&self.simulator.announced, &self.logins.controller);
        writeln!(text, "\nThe charge controller, to connect it yourself:")?;
        writeln!(text, "  address      {}", controller.api_url)?;
        writeln!(text, "  login        {}", login.user)?;
        writeln!(text, "  password     {}", login.password)?;
        writeln!(text, "  certificate  SHA-256 {}", controller.certificate_sha256)
    }
}
