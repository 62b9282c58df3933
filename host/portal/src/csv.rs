//! Fields of CSV files (RFC 4180).

/// Returns a text as a field. A text that a spreadsheet would compute as a formula gets an apostrophe in front;
/// numbers stay as they are.
pub(crate) fn csv_field(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok();
    let is_formula = !is_number && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formula_is_computed() {
        for (text, field) in [
            ("12.5", "12.5"),
            ("-3", "-3"),
            ("a, \"b\"", "\"a, \"\"b\"\"\""),
            ("=1+1", "'=1+1"),
            ("-1+cmd", "'-1+cmd"),
            ("two\nlines", "\"two\nlines\""),
            ("", ""),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }
}
