//! Style sheets, scripts and icons, inside the binary.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::pages::error::PageError;

#[derive(RustEmbed)]
#[folder = "../../web/static/"]
struct StaticFiles;

/// Asked again each time and answered with 304 while it is the same, so that an upgrade shows at once.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("no-cache");

/// `GET /static/{path}`
pub(crate) async fn serve(request: Request) -> Result<Response, PageError> {
    let path = request.uri().path().strip_prefix("/static/").unwrap_or_default();
    let file = StaticFiles::get(path).ok_or(PageError::NoSuchPage)?;
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(path))),
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::ETAG, HeaderValue::from_str(&tag).expect("hexadecimal letters make a header")),
    ];
    let is_known =
        request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    Ok(if is_known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, file.data).into_response()
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The budget of the two style sheets together, in bytes.
    const STYLE_BUDGET: usize = 30_000;

    #[test]
    fn the_style_sheets_stay_small() {
        let size = |path: &str| StaticFiles::get(path).unwrap().data.len();
        let both = size("tokens.css") + size("riser.css");
        assert!(both <= STYLE_BUDGET, "{both} bytes");
    }

    #[test]
    fn vendored_libraries_stand_with_their_licence() {
        let paths: Vec<_> = StaticFiles::iter().collect();
        for library in paths
            .iter()
            .filter_map(|path| path.strip_prefix("vendor/"))
            .filter_map(|rest| rest.split('/').next())
        {
            assert!(StaticFiles::get(&format!("vendor/{library}/LICENSE")).is_some(), "{library}");
        }
    }

    #[test]
    fn every_icon_that_a_template_or_a_page_names_is_in_the_sprite() {
        let sprite = StaticFiles::get("icons.svg").unwrap();
        let sprite = std::str::from_utf8(&sprite.data).unwrap();
        for name in [
            "mark",
            "overview",
            "items",
            "menu",
            "theme",
            "more",
            "bell",
            "copy",
            "close",
            "edit",
            "right",
            "play",
            "stop",
            "failed",
            "alarm",
            "good",
            "uncertain",
            "forced",
            "offline",
            "error",
            "none",
            "waiting",
            "running",
            "retrying",
            "done",
            "skipped",
            "disabled",
            "sent",
            "server",
            "station",
            "connections",
            "plugins",
            "folder",
        ] {
            assert!(sprite.contains(&format!("id=\"i-{name}\"")), "{name}");
        }
    }
}
