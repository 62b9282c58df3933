//! Style sheets, scripts and icons, embedded in the binary.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::pages::error::PageError;

#[derive(RustEmbed)]
#[folder = "../../web/static/"]
pub(crate) struct StaticFiles;

/// Browsers ask each time and get 304 while the file is unchanged, so an upgrade shows at once.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("no-cache");

/// `GET /static/{path}`
pub(crate) async fn serve(request: Request) -> Result<Response, PageError> {
    let path = request.uri().path().strip_prefix("/static/").unwrap_or_default();
    let file = StaticFiles::get(path).ok_or(PageError::NoSuchPage)?;
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(path))),
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits are a valid header")),
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

    /// Largest size of the two style sheets together, in bytes.
    const STYLE_BUDGET: usize = 30_000;

    #[test]
    fn the_style_sheets_stay_small() {
        let size = |path: &str| StaticFiles::get(path).unwrap().data.len();
        let both = size("tokens.css") + size("riser.css");
        assert!(both <= STYLE_BUDGET, "{both} bytes");
    }

    #[test]
    fn every_vendored_library_comes_with_its_licence() {
        let paths: Vec<_> = StaticFiles::iter().collect();
        for library in paths
            .iter()
            .filter_map(|path| path.strip_prefix("vendor/"))
            .filter_map(|rest| rest.split('/').next())
        {
            assert!(StaticFiles::get(&format!("vendor/{library}/LICENSE")).is_some(), "{library}");
        }
    }
}
