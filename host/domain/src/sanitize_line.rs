/// Longest text that is kept.
const LONGEST_BYTES: usize = 8 * 1024;

/// Returns foreign text as one safe line of about 8 KiB: control and direction characters are escaped, and a longer
/// text is cut.
#[must_use]
pub fn sanitize_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST_BYTES));
    for character in text.chars() {
        if line.len() >= LONGEST_BYTES {
            line.push('…');
            break;
        }
        if is_hostile(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

fn is_hostile(character: char) -> bool {
    let turns_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let ends_line = matches!(character, '\u{2028}' | '\u{2029}');
    character != '\t' && (character.is_control() || turns_direction || ends_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_one_line() {
        assert_eq!(sanitize_line("a\r\nb\u{1b}[31m\0\u{202e}"), "a\\r\\nb\\u{1b}[31m\\u{0}\\u{202e}");
        assert_eq!(
            sanitize_line("a\u{2028}b\u{200f}c\u{61c}d\u{85}e\tf"),
            "a\\u{2028}b\\u{200f}c\\u{61c}d\\u{85}e\tf"
        );
        assert!(sanitize_line(&"x".repeat(1_000_000)).len() < 9_000);
    }
}
