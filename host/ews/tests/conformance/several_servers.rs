//! Several servers at one address: each has its own path, realm, algorithms, accounts, items and secrets.

use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::header::AUTHORIZATION;
use riser_domain::{DigestAlgorithm, Value};

use crate::exchange::{asking_for, challenge_lines};
use crate::site::{BMS, REALM, Site};

const BOTH: [DigestAlgorithm; 2] = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5];

#[tokio::test]
async fn each_offers_its_own_login_in_its_own_order() {
    let first = Site::open().await;
    let second = first.beside("/second", "Second", vec![DigestAlgorithm::Md5, DigestAlgorithm::Sha256]);
    let third = first.beside("/third", "Third", vec![DigestAlgorithm::Md5]);
    for (site, realm, algorithms) in [
        (&first, "Riser \\\"tests\\\"", "SHA-256 MD5"),
        (&second, "Second", "MD5 SHA-256"),
        (&third, "Third", "MD5"),
    ] {
        let lines = site.challenges().await;
        assert!(lines.iter().all(|line| line.contains(&format!("realm=\"{realm}\""))), "{lines:?}");
        let offered: Vec<&str> = lines.iter().filter_map(|line| line.split("algorithm=").nth(1)).collect();
        assert_eq!(offered.join(" "), algorithms);
    }
}

#[tokio::test]
async fn each_shows_its_own_items() {
    let first = Site::open().await;
    let second = first.beside("/second", REALM, BOTH.to_vec());
    second.source.add_value("only", "zone", Value::Integer(1), None);
    let values = async |site: &Site| {
        let content = site.ask(&asking_for("GetValues", ["only"])).await.content;
        content.all("GetValuesItems/ValueItem").len()
    };
    assert_eq!((values(&first).await, values(&second).await), (0, 1));
    let url = |site: &Site| site.url.clone();
    let described = first.http.get(format!("{}?wsdl", url(&second))).send().await.unwrap();
    assert!(described.text().await.unwrap().contains(&format!("location=\"{}\"", url(&second))));
}

#[tokio::test]
async fn a_nonce_of_one_is_stale_and_a_reference_of_one_is_unknown_at_the_other() {
    let first = Site::open().await;
    let (second, third) =
        (first.beside("/second", REALM, BOTH.to_vec()), first.beside("/third", REALM, BOTH.to_vec()));
    let mut challenge = WwwAuthenticateHeader::parse(&second.challenges().await[0]).unwrap();
    let context = AuthContext::new_with_method(BMS.0, BMS.1, &third.path, None::<&[u8]>, HttpMethod::POST);
    let header = challenge.respond(&context).unwrap().to_header_string();
    let response = third.http.post(&third.url).header(AUTHORIZATION, header).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(challenge_lines(&response)[0].contains("stale=true"));

    let page = second.ask(&asking_for("GetContainerItems", ["zone"])).await.content;
    let reference = page.text("GetContainerItemsStatus/MoreDataRef");
    let next = format!(
        "<GetContainerItemsRequest><GetContainerItemsParameter><MoreDataRef>{reference}</MoreDataRef>\
         </GetContainerItemsParameter></GetContainerItemsRequest>"
    );
    assert_eq!(second.ask(&next).await.fault(), None);
    assert_eq!(third.ask(&next).await.fault(), Some("INVALID_REFERENCE"));
}
