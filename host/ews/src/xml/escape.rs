/// Appends a text so that a reader gets back exactly this text. A character that XML does not allow becomes
/// U+FFFD, and a carriage return becomes a reference; otherwise readers turn it into a line feed.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut written = 0;
    for (index, character) in text.char_indices() {
        let replacement = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\r' => "&#13;",
            '\t' | '\n' => continue,
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[written..index]);
        out.push_str(replacement);
        written = index + character.len_utf8();
    }
    out.push_str(&text[written..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_characters_outside_xml_are_replaced() {
        let check = |text: &str, expected: &str| {
            let mut out = String::new();
            push_escaped(&mut out, text);
            assert_eq!(out, expected);
        };
        check("plain", "plain");
        check("a<b> & \"c\"", "a&lt;b&gt; &amp; &quot;c&quot;");
        check("one\r\ntwo\tü", "one&#13;\ntwo\tü");
        check("\0bell\u{7}\u{ffff}", "\u{fffd}bell\u{fffd}\u{fffd}");
    }
}
