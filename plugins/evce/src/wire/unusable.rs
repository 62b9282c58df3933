//! Fields that cannot be used although the controller sent them: numbers that overflow, and unknown words.

use crate::model::{FieldFault, Unusable};

/// Returns a word that the profile does not contain.
pub(super) fn unknown_word(field: &'static str, word: &str) -> Unusable {
    Unusable { field, text: shortened(word), fault: FieldFault::UnknownWord }
}

/// Returns a text that is not a number.
pub(super) fn not_a_number(field: &'static str, text: &str) -> Unusable {
    Unusable { field, text: shortened(text), fault: FieldFault::NotANumber }
}

/// Characters of a text that are shown.
const SHOWN: usize = 40;

fn shortened(text: &str) -> Box<str> {
    text.chars().take(SHOWN).collect::<String>().into()
}

/// Returns a document whose numbers that overflow, and words such as `NaN`, are texts: JSON cannot contain them, and one
/// of them must not make the whole document unreadable. Returns `None` if there are none.
pub(super) fn with_numbers_as_texts(body: &[u8]) -> Option<Vec<u8>> {
    let mut changed = Vec::with_capacity(body.len() + 16);
    let (mut at, mut is_changed) = (0, false);
    while let Some(byte) = body.get(at).copied() {
        if byte == b'"' {
            let end = end_of_text(body, at);
            changed.extend_from_slice(&body[at..end]);
            at = end;
        } else if is_part_of_word(byte) {
            let length = body[at..].iter().take_while(|byte| is_part_of_word(**byte)).count();
            let word = &body[at..at + length];
            if is_readable(word) {
                changed.extend_from_slice(word);
            } else {
                changed.push(b'"');
                changed.extend_from_slice(word);
                changed.push(b'"');
                is_changed = true;
            }
            at += length;
        } else {
            changed.push(byte);
            at += 1;
        }
    }
    is_changed.then_some(changed)
}

fn end_of_text(body: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

fn is_part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// Returns whether a word outside of texts is JSON. A word that is neither JSON nor like a number makes the document
/// unreadable, as it should.
fn is_readable(word: &[u8]) -> bool {
    match std::str::from_utf8(word).map(str::parse::<f64>) {
        Ok(Ok(number)) => number.is_finite(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_overflow_become_texts_and_all_else_stays() {
        let body = br#"{"a":1e999,"b":-1e999,"c":NaN,"d":"1e999 \" NaN","e":1.5,"f":true,"g":Infinity}"#;
        let text = String::from_utf8(with_numbers_as_texts(body).unwrap()).unwrap();
        let expected =
            r#"{"a":"1e999","b":"-1e999","c":"NaN","d":"1e999 \" NaN","e":1.5,"f":true,"g":"Infinity"}"#;
        assert_eq!(text, expected);
        assert_eq!(with_numbers_as_texts(b"<html>1</html>"), None);
        assert_eq!(with_numbers_as_texts(br#"{"a":"\"#), None);
    }
}
