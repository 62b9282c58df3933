//! The overview of a site with 50 stations: requests in a second, one after another.

use std::time::{Duration, Instant};

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::portal_session::PortalSession;
use crate::processes::Riser;

/// Time for Setup and the first polls.
const IDLE_DELAY: Duration = Duration::from_secs(8);
const MEASURED: Duration = Duration::from_secs(4);

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = ChargingSite::start_quietly(programs, "F2", &[]).await?;
    let (data, plugins) = (site.directories.data(), site.directories.plugins());
    let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
    riser.set_login(&site.logins.admin).await?;
    tokio::time::sleep(IDLE_DELAY).await;
    let session = PortalSession::sign_in(site.host.portal_url(), &site.logins.admin).await?;
    // An older build has no such address and responds with an error page, which is a floor too.
    let baseline = requests_per_second(&session, "/healthz", false).await?;
    let value = requests_per_second(&session, "/", true).await?;
    site.end().await;
    let unit = Unit::RequestsPerSecond;
    Ok(Measurement { name, value, unit, baseline: Some(baseline), target: Target::None })
}

async fn requests_per_second(session: &PortalSession, path: &str, must_succeed: bool) -> anyhow::Result<f64> {
    let address = session.base().join(path)?;
    let (begin, mut count) = (Instant::now(), 0_u32);
    while begin.elapsed() < MEASURED {
        let response = session.get(address.clone()).await?;
        let response = if must_succeed { response.error_for_status()? } else { response };
        response.bytes().await?;
        count += 1;
    }
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}
