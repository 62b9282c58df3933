use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Responses up to this size are not compressed.
const SMALLEST: usize = 8 * 1024;

/// Whether an `Accept-Encoding` header allows gzip.
pub(super) fn is_asked_for(accept_encoding: Option<&str>) -> bool {
    accept_encoding.is_some_and(|header| {
        header.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let is_refused = parts.any(|part| {
                part.strip_prefix("q=").is_some_and(|weight| weight.parse::<f32>().is_ok_and(|it| it <= 0.0))
            });
            is_gzip && !is_refused
        })
    })
}

/// Compresses a text if it is large enough.
pub(super) fn compress(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() <= SMALLEST {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_when_asked_for() {
        for asked in ["gzip", "deflate, GZIP;q=0.5"] {
            assert!(is_asked_for(Some(asked)), "{asked}");
        }
        for not_asked in ["", "deflate", "gzip;q=0", "gzip; q=0.0"] {
            assert!(!is_asked_for(Some(not_asked)), "{not_asked}");
        }
        assert!(!is_asked_for(None));
    }
}
