//! The parameters of `Authorization: Digest …` and `WWW-Authenticate: Digest …`.

use std::borrow::Cow;

/// Parameters that a header may have; no client sends more than a dozen.
const PARAMETERS: usize = 24;

/// The parameters of a Digest header, names as sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DigestParameters<'a> {
    parameters: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> DigestParameters<'a> {
    /// Reads a header's value; `None` for another scheme, bad form or a doubled name.
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut this = Self { parameters: Vec::with_capacity(12) };
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return Some(this);
            }
            let (name, after) = rest.split_once('=')?;
            let name = name.trim();
            let (value, after) = take_value(after.trim_start())?;
            if this.get(name).is_some() || this.parameters.len() == PARAMETERS {
                return None;
            }
            this.parameters.push((name, value));
            rest = after;
        }
    }

    /// The value of a parameter, quotes removed.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// Splits a token or a quoted string from the start. Returns it and the rest.
fn take_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return (!token.is_empty()).then_some((Cow::Borrowed(token), rest));
    };
    let end = quoted.find(['"', '\\'])?;
    if quoted.as_bytes()[end] == b'"' {
        return Some((Cow::Borrowed(&quoted[..end]), &quoted[end + 1..]));
    }
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((Cow::Owned(value), &quoted[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// Appends a quoted string.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_quoted_strings_are_read() {
        let header = r#"digest username="a\"b\\c", realm="x, y=z",nc=00000001 , qop=auth,algorithm=SHA-256"#;
        let parameters = DigestParameters::parse(header).unwrap();
        let get = |name| parameters.get(name);
        assert_eq!(get("username"), Some(r#"a"b\c"#));
        assert_eq!(get("Realm"), Some("x, y=z"));
        assert_eq!(get("nc"), Some("00000001"));
        assert_eq!(get("algorithm"), Some("SHA-256"));
        assert_eq!(get("uri"), None);
    }

    #[test]
    fn other_schemes_and_broken_forms_are_refused() {
        for header in [
            "",
            "Digest",
            "Basic a=b",
            "Digest a",
            "Digest a=",
            "Digest a=\"b",
            "Digest a=1,A=2",
            "Digest a=\"\\",
        ] {
            assert_eq!(DigestParameters::parse(header), None, "{header}");
        }
    }

    #[test]
    fn quoted_text_reads_back() {
        let mut out = "Digest a=".to_owned();
        push_quoted(&mut out, r#"x"\y"#);
        assert_eq!(DigestParameters::parse(&out).unwrap().get("a"), Some(r#"x"\y"#));
    }
}
