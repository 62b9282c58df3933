//! Sessions and login pauses while the clock is set.

use std::time::Duration;

use axum::http::StatusCode;
use riser_domain::ClockStep::{self, Ahead, Back};

use crate::testing::TestPortal;
use crate::testing::fixture::PASSWORD;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const YEAR: Duration = Duration::from_hours(24 * 365);
const THREE_YEARS: Duration = Duration::from_hours(3 * 24 * 365);

const STEPS: [ClockStep; 8] = [
    Back(YEAR),
    Back(HOUR),
    Back(SECOND),
    Ahead(SECOND),
    Ahead(HOUR),
    Ahead(Duration::from_hours(13)),
    Ahead(YEAR),
    Ahead(THREE_YEARS),
];

fn set(portal: &TestPortal, step: ClockStep) {
    match step {
        Ahead(by) => portal.clock.set_ahead(by),
        Back(by) => portal.clock.set_back(by),
    }
}

#[tokio::test]
async fn sessions_and_login_pauses_last_as_long_as_ever_whatever_the_clock_shows() {
    for step in STEPS {
        let portal = TestPortal::new().await;
        let idle = portal.sign_in("anna").await;
        portal.clock.advance(SECOND);
        let used = portal.sign_in("anna").await;
        portal.clock.advance(SECOND);
        for _ in 0..2 {
            assert_eq!(portal.log_in("anna", "wrong", "").await.status, StatusCode::UNAUTHORIZED, "{step:?}");
        }

        set(&portal, step);
        let too_soon = portal.log_in("anna", PASSWORD, "").await.status;
        assert_eq!(too_soon, StatusCode::TOO_MANY_REQUESTS, "{step:?}");
        portal.clock.advance(2 * SECOND);
        // The sign-in removes expired sessions, and not those that live.
        assert_eq!(portal.log_in("anna", PASSWORD, "").await.status, StatusCode::SEE_OTHER, "{step:?}");
        for _ in 0..35 {
            portal.clock.advance(Duration::from_mins(20));
            assert_eq!(portal.get("/", &used).await.status, StatusCode::OK, "{step:?}");
        }
        assert_eq!(portal.get("/", &idle).await.status, StatusCode::SEE_OTHER, "{step:?}");
        portal.clock.advance(Duration::from_mins(20));
        assert_eq!(portal.get("/", &used).await.status, StatusCode::SEE_OTHER, "{step:?}");
    }
}
