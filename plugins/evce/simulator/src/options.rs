//! How a simulator is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::clock::WallClock;
use crate::dialect::Dialect;
use crate::fixtures::Fixture;
use crate::script::Script;
use crate::site_plan::SitePlan;
use crate::speed::Speed;

/// Settings of one simulator.
#[derive(Clone)]
pub struct Options {
    /// Address of the API (TLS). Port 0 takes a free port.
    pub listen: SocketAddr,
    /// Address of the control interface (plain HTTP); loopback only. Port 0 takes a free port.
    pub control: SocketAddr,
    /// The dialect of the API.
    pub dialect: Dialect,
    /// The simulated site.
    pub fixture: Fixture,
    /// A site of the user, in place of the fixture's.
    pub site: Option<SitePlan>,
    /// Address of the API without TLS, for clients that must refuse it; none if left out.
    pub listen_without_tls: Option<SocketAddr>,
    /// Seed for all cars and meters.
    pub seed: u64,
    /// How fast cars and meters move against wall time.
    pub speed: Speed,
    /// Login of the account with the role `bmsApi`. The accounts `viewer` and `admin` have the same password.
    pub login: String,
    /// Password of all accounts; a random one if left out.
    pub password: Option<String>,
    /// Life of a token.
    pub token_life: Duration,
    /// Tokens of one account at the same time; one more ends the oldest.
    pub max_sessions: usize,
    /// The version in `X-Api-Version` and `/version`; `None` for a controller without one.
    pub api_version: Option<String>,
    /// Events that happen after the start.
    pub script: Option<Script>,
    /// The source of wall time.
    pub wall_clock: WallClock,
}

impl Default for Options {
    /// Site F1 in dialect `v2-a` on free loopback ports, at the speed of wall time.
    fn default() -> Self {
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: free_port,
            control: free_port,
            dialect: Dialect::V2A,
            fixture: Fixture::F1,
            site: None,
            listen_without_tls: None,
            seed: 42,
            speed: Speed::REAL,
            login: "bmsApi".to_owned(),
            password: None,
            token_life: Duration::from_hours(1),
            max_sessions: 5,
            api_version: Some("6.0".to_owned()),
            script: None,
            wall_clock: WallClock::System,
        }
    }
}
