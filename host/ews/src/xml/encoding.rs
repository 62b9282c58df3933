use std::borrow::Cow;

use super::XmlError;

/// Decodes a request: UTF-8 with or without a byte order mark, UTF-16 with one.
///
/// `charset` comes from the Content-Type header and must agree with the bytes.
pub(crate) fn decode<'a>(body: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, XmlError> {
    let text = match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest)?,
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        body => utf8(body)?,
    };
    let is_utf16 = matches!(text, Cow::Owned(_));
    for name in [charset, declared_encoding(&text)].into_iter().flatten() {
        check_name(name, is_utf16, &text)?;
    }
    Ok(text)
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| XmlError::Encoding)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, XmlError> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(XmlError::Encoding);
    }
    char::decode_utf16(units.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| XmlError::Encoding)
}

fn check_name(name: &str, is_utf16: bool, text: &str) -> Result<(), XmlError> {
    let name = name.to_ascii_lowercase();
    let agrees = match name.as_str() {
        "utf-8" | "utf8" => !is_utf16,
        "utf-16" | "utf16" | "utf-16le" | "utf-16be" => is_utf16,
        "us-ascii" | "ascii" => !is_utf16 && text.is_ascii(),
        _ => false,
    };
    if agrees { Ok(()) } else { Err(XmlError::Encoding) }
}

/// Returns the encoding in the XML declaration.
fn declared_encoding(text: &str) -> Option<&str> {
    let (declaration, _) = text.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let quoted = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = quoted.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    quoted[1..].split_once(quote).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_le(text: &str) -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    }

    #[test]
    fn utf_8_and_utf_16_with_a_mark_are_read() {
        let text = "<a>ü</a>";
        assert_eq!(decode(text.as_bytes(), None).unwrap(), text);
        assert_eq!(decode(&[b"\xef\xbb\xbf", text.as_bytes()].concat(), Some("UTF-8")).unwrap(), text);
        assert_eq!(decode(&utf16_le(text), Some("utf-16")).unwrap(), text);
        assert_eq!(decode(&utf16_le("<?xml version='1.0' encoding='UTF-16'?><a/>"), None).unwrap().len(), 43);
    }

    #[test]
    fn an_encoding_that_contradicts_its_header_or_declaration_is_refused() {
        let check = |body: &[u8], charset| assert_eq!(decode(body, charset), Err(XmlError::Encoding));
        check(&utf16_le("<a/>"), Some("utf-8"));
        check(b"<a/>", Some("utf-16"));
        check(b"<a/>", Some("utf-7"));
        check("<a>ü</a>".as_bytes(), Some("us-ascii"));
        check(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", None);
        check(b"<a>\xff</a>", None);
        check(b"\xff\xfe<", None);
    }
}
