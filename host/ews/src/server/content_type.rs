/// The parts of a Content-Type header that matter for SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct SoapContentType<'a> {
    pub(super) charset: Option<&'a str>,
    pub(super) action: Option<&'a str>,
}

impl<'a> SoapContentType<'a> {
    /// Returns `None` for a type that is not SOAP. The envelope, not the type, decides the SOAP version: some
    /// clients of SOAP 1.2 send `text/xml`.
    pub(super) fn parse(header: &'a str) -> Option<Self> {
        let mut parts = split_outside_quotes(header);
        let media_type = parts.next()?.trim();
        let is_xml = ["application/soap+xml", "text/xml", "application/xml"]
            .iter()
            .any(|known| media_type.eq_ignore_ascii_case(known));
        if !is_xml {
            return None;
        }
        let mut this = Self::default();
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("charset") => this.charset = Some(value),
                name if name.eq_ignore_ascii_case("action") => this.action = Some(value),
                _ => {}
            }
        }
        Some(this)
    }

    /// Whether the header allows UTF-8.
    pub(super) fn may_be_utf8(&self) -> bool {
        self.charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
    }
}

fn split_outside_quotes(header: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    header.split(move |character| {
        is_quoted ^= character == '"';
        character == ';' && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soap_media_types_are_parsed_with_charset_and_action() {
        let read = SoapContentType::parse("Application/SOAP+xml; charset=utf-8; Action=\"urn:a;b\"").unwrap();
        assert_eq!((read.charset, read.action), (Some("utf-8"), Some("urn:a;b")));
        assert_eq!(SoapContentType::parse("text/xml"), Some(SoapContentType::default()));
        for other in ["application/json", "", "multipart/related; type=\"application/soap+xml\"", "text/html"]
        {
            assert_eq!(SoapContentType::parse(other), None, "{other}");
        }
    }
}
