//! Requests that are not SOAP, too large, too deep, or of another protocol (cases E20, E23, E88).

use riser_ews::NAMESPACE;

use crate::exchange::{Message, SOAP_12, asking_for, envelope};
use crate::site::Site;

/// Repeats `piece` with a number in each.
fn many(count: usize, piece: &dyn Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

#[tokio::test]
async fn an_unreadable_request_is_a_sender_fault_with_status_400() {
    let site = Site::open().await;
    let whole = envelope("<GetValuesRequest/>");
    let in_body =
        |content: &str| format!("<s:Envelope xmlns:s=\"{SOAP_12}\"><s:Body>{content}</s:Body></s:Envelope>");
    // Unknown elements are ignored, so only the form can be wrong.
    let in_request = |content: &str| {
        let more = format!("<GetValuesRequest>{content}<GetValuesIds><Id>count</Id>");
        envelope(&format!("{more}</GetValuesIds></GetValuesRequest>"))
    };
    let harmless =
        format!("<a{}>&lt;<![CDATA[<]]><!-- --></a>", many(64, &|number| format!(" a{number}=''")));
    assert_eq!(site.exchange(Message::raw(in_request(&harmless))).await.fault(), None);
    for (case, body) in [
        ("empty", String::new()),
        ("spaces", "  \n".to_owned()),
        ("no XML", "{\"jsonrpc\":\"2.0\"}".to_owned()),
        ("cut off", whole[..whole.len() - 3].to_owned()),
        ("twice", whole.repeat(2)),
        ("E20", format!("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">{whole}")),
        ("E20 entity", format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}", in_body("&e;"))),
        ("processing instruction", format!("<?php x?>{whole}")),
        ("deep", in_request(&format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000)))),
        ("long text", envelope(&asking_for("GetValues", ["x".repeat(64 * 1024 + 1).as_str()]))),
        ("long attribute", envelope(&format!("<GetValuesRequest version=\"{}\"/>", "1".repeat(70_000)))),
        ("long CDATA", in_request(&format!("<a><![CDATA[{}]]></a>", "x".repeat(64 * 1024 + 1)))),
        ("long name", in_request(&format!("<{}/>", "a".repeat(257)))),
        ("attributes", in_request(&format!("<a{}/>", many(65, &|number| format!(" a{number}=''"))))),
        ("doubled attribute", in_request("<a b='1' b='2'/>")),
        ("namespaces", in_request(&format!("<a{}/>", many(33, &|number| format!(" xmlns:a{number}='u'"))))),
        ("attributes of all", {
            let element = format!("<b{}/>", many(60, &|number| format!(" a{number}=''")));
            in_request(&format!("<a>{}</a>", element.repeat(1_700)))
        }),
        ("nodes", in_request(&format!("<a>{}</a>", "<b/>".repeat(100_000)))),
        (
            "billion laughs",
            format!("<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>{}", in_request("&b;")),
        ),
        ("unknown entity", in_request("<a>&nbsp;</a>")),
        ("XML 1.1", format!("<?xml version=\"1.1\"?>{}", in_request(""))),
        ("control character", in_request("<a>&#7;</a>")),
        ("UTF-7", format!("<?xml version=\"1.0\" encoding=\"utf-7\"?>{}", in_request(""))),
        ("no SOAP", format!("<GetValuesRequest xmlns=\"{NAMESPACE}\"/>")),
        ("another SOAP", whole.replace(SOAP_12, "http://www.w3.org/2001/12/soap-envelope")),
        ("no body", format!("<s:Envelope xmlns:s=\"{SOAP_12}\"/>")),
        ("empty body", in_body("")),
        ("two operations", in_body("<a/><b/>")),
        ("another protocol", in_body("<GetValues xmlns=\"http://example.org/\"/>")),
        ("undeclared prefix", in_body("<x:GetValuesRequest/>")),
        ("wrong declaration", format!("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>{whole}")),
    ] {
        let response = site.exchange(Message::raw(body)).await;
        assert_eq!((response.status, response.fault()), (400, Some("INVALID_REQUEST")), "{case}");
        assert_eq!(response.content.text("Code/Value"), "s:Sender", "{case}");
    }
    let bytes: [&[u8]; 4] =
        [b"\xff\xfe<\x00a", b"<a>\xe4</a>", b"\xff\xfe\0\0<\0\0\0a\0\0\0", b"\0\0\xfe\xff\0\0\0<"];
    for body in bytes {
        assert_eq!(site.exchange(Message::raw(body)).await.status, 400, "{body:?}");
    }
}

#[tokio::test]
async fn e23_the_refusal_of_a_large_body_names_the_limit() {
    let site = Site::open().await;
    let largest = format!("{}{}", envelope("<GetWebServiceInformationRequest/>"), " ".repeat(1024 * 1024));
    let (fits, too_large) = (&largest[..1024 * 1024], &largest[..=1024 * 1024]);
    assert_eq!(site.send(&Message::raw(fits)).await.status(), 200);
    let refused = site.send(&Message::raw(too_large)).await;
    assert_eq!(refused.status(), 413);
    assert!(refused.text().await.unwrap().contains("1 MiB"));
}

#[tokio::test]
async fn references_to_other_documents_are_ignored() {
    let site = Site::open().await;
    let inclusion = "<i:include xmlns:i=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/>";
    let location =
        "xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" x:schemaLocation=\"urn:a http://192.0.2.1/\"";
    let request = format!(
        "<GetValuesRequest {location}>{inclusion}<GetValuesIds>{inclusion}<Id>count</Id></GetValuesIds></GetValuesRequest>"
    );
    let response = site.ask(&request).await;
    assert_eq!(response.content.texts("GetValuesItems/ValueItem/Id"), ["count"]);
}

#[tokio::test]
async fn another_charset_is_refused() {
    let site = Site::open().await;
    let message = Message::of("<GetWebServiceInformationRequest/>");
    for charset in ["iso-8859-1", "utf-16", "utf-7"] {
        let content_type = format!("application/soap+xml; charset={charset}");
        let response = site.exchange(message.clone().with_content_type(&content_type)).await;
        assert_eq!(response.status, 400, "{charset}");
    }
}

#[tokio::test]
async fn e88_no_fault_repeats_what_the_client_sent() {
    let site = Site::open().await;
    let history =
        "<GetHistoryRequest><GetHistoryParameter><Id>s3cret</Id></GetHistoryParameter></GetHistoryRequest>";
    for request in [
        history,
        "<GetValuesRequest version=\"s3cret\"><GetValuesIds/></GetValuesRequest>",
        "<GetItemsRequest metadata=\"s3cret\"/>",
        "<S3cretRequest>s3cret</S3cretRequest>",
    ] {
        let response = site.ask(request).await;
        assert!(
            response.fault().is_some() && !response.body.to_lowercase().contains("s3cret"),
            "{}",
            response.body
        );
    }
}
