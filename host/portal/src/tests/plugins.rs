//! The pages of plugins, and uploads that are no plugins. The end-to-end tests install real ones.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use riser_domain::Role;

use crate::testing::TestPortal;
use crate::testing::fixture::TestResponse;

const BOUNDARY: &str = "riser-test-boundary";

/// Sends a form with a token and a file.
async fn upload(portal: &TestPortal, cookie: &str, token: &str, name: &str, bytes: &[u8]) -> TestResponse {
    let mut body = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--{BOUNDARY}\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    send(portal, cookie, body).await
}

async fn send(portal: &TestPortal, cookie: &str, body: Vec<u8>) -> TestResponse {
    let request = Request::post("/plugins/uploads")
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin");
    portal.send(request.body(Body::from(body)).unwrap()).await
}

/// Returns the number of files that uploads left behind.
fn left_behind(portal: &TestPortal) -> usize {
    let uploads = portal.store.directory().join("uploads");
    let files = |path: &std::path::Path| std::fs::read_dir(path).unwrap().count();
    // One is the directory of checked libraries.
    files(&uploads) - 1 + files(&uploads.join("libraries"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_plugin_is_refused_at_its_field_and_leaves_nothing() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/plugins", &cookie).await;
    assert!(page.body.contains("No plugin yet") && page.body.contains("enctype=\"multipart/form-data\""));
    let token = page.csrf();
    let own = std::fs::read("/proc/self/exe").unwrap();
    let mut for_arm = own[..1_000].to_vec();
    // Bytes 18 and 19 name the processor; 40 is 32-bit Arm.
    for_arm[18..20].copy_from_slice(&[40, 0]);
    let cases: [(&str, &[u8], &str); 6] = [
        ("notes.so", b"text", "notes.so is not a shared library"),
        ("a.so", b"", "a.so is incomplete"),
        ("half.so", &own[..1_000_000], "half.so is incomplete"),
        ("arm.so", &for_arm, "arm.so was built for Linux on Arm (32 bit)"),
        ("../../etc/<img src=x>.so", b"text", "&#60;img src=x&#62;.so is not a shared library"),
        ("", b"text", "Choose the plugin&#39;s .so file"),
    ];
    for (name, bytes, expected) in cases {
        let refused = upload(&portal, &cookie, &token, name, bytes).await;
        assert_eq!(refused.status, StatusCode::OK, "{name}");
        assert!(
            refused.body.contains("id=\"file-error\"") && refused.body.contains(expected),
            "{}",
            refused.body
        );
        assert!(!refused.body.contains("<img"), "{name}");
        assert_eq!(left_behind(&portal), 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_above_the_limit_is_refused() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/plugins", &cookie).await.csrf();
    let refused = upload(&portal, &cookie, &token, "big.so", &vec![0; (64 << 20) + 1]).await;
    assert!(refused.body.contains("big.so is larger than 64 MiB"), "{}", refused.body);
    assert_eq!(left_behind(&portal), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_breaks_off_or_has_no_token_changes_nothing() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/plugins", &cookie).await.csrf();
    for token in ["", "wrong", &"x".repeat(10_000)] {
        assert_eq!(upload(&portal, &cookie, token, "a.so", b"text").await.status, StatusCode::FORBIDDEN);
    }
    let without_token = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--{BOUNDARY}--\r\n"
    );
    assert_eq!(send(&portal, &cookie, without_token.into_bytes()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(&portal, &cookie, b"nothing".to_vec()).await.status, StatusCode::FORBIDDEN);
    let broken_off = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--{BOUNDARY}\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"a.so\"\r\n\r\nhalf"
    );
    let refused = send(&portal, &cookie, broken_off.into_bytes()).await;
    assert!(refused.body.contains("The upload broke off"), "{}", refused.body);
    assert_eq!(left_behind(&portal), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_upload_and_unknown_uploads_are_not_found() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let viewer = portal.sign_in("victor").await;
    let page = portal.get("/plugins", &viewer).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("multipart/form-data"));
    assert_eq!(upload(&portal, &viewer, &page.csrf(), "a.so", b"text").await.status, StatusCode::FORBIDDEN);
    let admin = portal.sign_in("anna").await;
    let token = portal.get("/plugins", &admin).await.csrf();
    for path in ["/plugins/none", "/plugins/..%2Fsecrets", "/plugins/uploads/5b0e91"] {
        assert_eq!(portal.get(path, &admin).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, reason) in [
        ("/plugins/uploads/5b0e91/install", "This upload is no longer there"),
        ("/plugins/none/remove", "No plugin with this name is in use"),
        ("/plugins/..%2F..%2Fetc/restore", "This version is no longer kept"),
    ] {
        let refused = portal.post(path, &admin, &format!("csrf={token}&sha256=5b0e91")).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{path}");
        assert!(refused.body.contains(reason), "{path}: {}", refused.body);
    }
    assert_eq!(portal.get("/plugins/uploads", &admin).await.status, StatusCode::METHOD_NOT_ALLOWED);
}
