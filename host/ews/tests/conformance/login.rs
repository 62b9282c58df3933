//! HTTP Digest (cases E1 to E9).

use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::header::AUTHORIZATION;
use riser_domain::DigestAlgorithm;

use crate::exchange::{Message, challenge_lines, envelope};
use crate::site::{BMS, CARETAKER, Site};

const REQUEST: &str = "<GetWebServiceInformationRequest version=\"1.2\"/>";

/// A challenge with a manual response.
struct Challenge(WwwAuthenticateHeader);

impl Challenge {
    async fn of(site: &Site, algorithm: DigestAlgorithm) -> Self {
        let wanted = format!("algorithm={}", algorithm.as_str());
        let lines = site.challenges().await;
        Self::read(lines.iter().find(|line| line.ends_with(&wanted)).unwrap())
    }

    fn read(line: &str) -> Self {
        Self(WwwAuthenticateHeader::parse(line).unwrap())
    }

    fn respond_as(&mut self, account: (&str, &str), uri: &str, count: u32) -> String {
        self.0.nc = count - 1;
        let context =
            AuthContext::new_with_method(account.0, account.1, uri, None::<&[u8]>, HttpMethod::POST);
        self.0.respond(&context).unwrap().to_header_string()
    }

    fn respond(&mut self, site: &Site, count: u32) -> String {
        self.respond_as(BMS, &site.path, count)
    }
}

/// Sends a header. Returns the status and whether the challenge is stale.
async fn log_in(site: &Site, authorization: &str) -> (u16, bool) {
    let request = site.http.post(&site.url).header(AUTHORIZATION, authorization);
    let request = request.header("content-type", "application/soap+xml").body(envelope(REQUEST));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), challenge_lines(&response).iter().any(|line| line.contains("stale=true")))
}

const ACCEPTED: (u16, bool) = (200, false);
const REFUSED: (u16, bool) = (401, false);
const STALE: (u16, bool) = (401, true);

#[tokio::test]
async fn e1_without_a_login_both_challenges_have_the_same_nonce() {
    let site = Site::open().await;
    let lines = site.challenges().await;
    let challenges: Vec<_> = lines.iter().map(|line| WwwAuthenticateHeader::parse(line).unwrap()).collect();
    assert_eq!(challenges.len(), 2);
    assert!(lines[0].contains("algorithm=SHA-256") && lines[1].contains("algorithm=MD5"), "{lines:?}");
    assert_eq!(challenges[0].nonce, challenges[1].nonce);
    assert!(lines.iter().all(|line| line.contains("qop=\"auth\"") && !line.contains("stale")), "{lines:?}");
}

#[tokio::test]
async fn e2_both_algorithms_log_in() {
    let site = Site::open().await;
    for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Md5] {
        let header = Challenge::of(&site, algorithm).await.respond(&site, 1);
        assert_eq!(log_in(&site, &header).await, ACCEPTED, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_name_beyond_ascii_logs_in() {
    let site = Site::open().await;
    assert_eq!(log_in(&site, &site.authorization(CARETAKER).await).await, ACCEPTED);
    let wrong = site.authorization((CARETAKER.0, "wrong")).await;
    assert_eq!(log_in(&site, &wrong).await, REFUSED);
}

#[tokio::test]
async fn e3_an_algorithm_that_is_switched_off_is_refused() {
    let site = Site::open_with(|server| server.digest_order = vec![DigestAlgorithm::Sha256]).await;
    let lines = site.challenges().await;
    assert_eq!(lines.len(), 1);
    let mut md5 = Challenge::read(&lines[0].replace("SHA-256", "MD5"));
    assert_eq!(log_in(&site, &md5.respond(&site, 1)).await, REFUSED);
}

#[tokio::test]
async fn e4_the_same_header_twice_is_stale() {
    let site = Site::open().await;
    let header = site.authorization(BMS).await;
    assert_eq!(log_in(&site, &header).await, ACCEPTED);
    assert_eq!(log_in(&site, &header).await, STALE);
}

#[tokio::test]
async fn e5_counts_may_come_out_of_order_but_not_twice() {
    let site = Site::open().await;
    let mut challenge = Challenge::of(&site, DigestAlgorithm::Sha256).await;
    for count in [1, 2, 7, 3] {
        assert_eq!(log_in(&site, &challenge.respond(&site, count)).await, ACCEPTED, "{count}");
    }
    assert_eq!(log_in(&site, &challenge.respond(&site, 7)).await, STALE);
}

#[tokio::test]
async fn e6_a_wrong_name_or_password_is_refused_and_not_stale() {
    let site = Site::open().await;
    for account in [(BMS.0, "wrong"), ("nobody", BMS.1), ("", "")] {
        assert_eq!(log_in(&site, &site.authorization(account).await).await, REFUSED, "{account:?}");
    }
}

#[tokio::test]
async fn e7_a_nonce_of_another_process_or_of_a_minute_ago_is_stale() {
    let (before, site) = (Site::open().await, Site::open().await);
    let header = before.authorization(BMS).await;
    assert_eq!(log_in(&site, &header).await, STALE);
    let mut old = Challenge::of(&site, DigestAlgorithm::Sha256).await;
    site.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(log_in(&site, &old.respond(&site, 1)).await, STALE);
}

#[tokio::test]
async fn e8_a_header_for_another_request_or_without_its_parts_is_refused() {
    let site = Site::open().await;
    let mut challenge = Challenge::of(&site, DigestAlgorithm::Sha256).await;
    let right = challenge.respond(&site, 1);
    let another_uri = challenge.respond_as(BMS, "/EcoStruxure", 1);
    let part = |name: &str| {
        right.split(", ").find(|part| part.trim_start_matches("Digest ").starts_with(name)).unwrap()
    };
    let without = |name: &str| right.replace(&format!(", {}", part(name)), "");
    for (case, header) in [
        ("uri", another_uri),
        ("qop", without("qop=")),
        ("nc", without("nc=")),
        ("cnonce", without("cnonce=")),
        ("realm", right.replace("Riser", "riser")),
        ("algorithm", right.replace("SHA-256", "SHA-512-256")),
        ("algorithm unsaid", without("algorithm=")),
        ("count", right.replace("nc=00000001", "nc=1")),
        ("scheme", right.replace("Digest ", "Basic ")),
    ] {
        assert_ne!(header, right, "{case}");
        assert_eq!(log_in(&site, &header).await, REFUSED, "{case}");
    }
    assert_eq!(log_in(&site, &right).await, ACCEPTED, "what was refused has used nothing up");
}

#[tokio::test]
async fn e9_parallel_requests_share_a_nonce() {
    let site = Site::open().await;
    let mut challenge = Challenge::of(&site, DigestAlgorithm::Sha256).await;
    let headers: Vec<String> = (1..=64).map(|count| challenge.respond(&site, count)).collect();
    let (site, headers) = (&site, &headers);
    let statuses = futures_util::future::join_all((0..64).map(|n| async move {
        // Each starts elsewhere, as packets do on a network.
        log_in(site, &headers[(n * 37) % 64]).await
    }));
    assert_eq!(statuses.await, [ACCEPTED; 64]);
}

#[tokio::test]
async fn a_get_needs_no_right_and_a_first_post_gets_a_challenge_with_any_body() {
    let site = Site::open().await;
    let response = site.exchange(Message::of(REQUEST).by(crate::site::VIEWER)).await;
    assert_eq!(response.status, 200);
    let unasked = site.http.post(&site.url).body("no XML at all").send().await.unwrap();
    assert_eq!(unasked.status(), 401);
}
