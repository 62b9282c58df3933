//! CSV files (RFC 4180) that a spreadsheet opens without computing formulas.

use std::borrow::Cow;

use csv::{Terminator, Writer, WriterBuilder};

/// Rows of a CSV file.
#[derive(Debug)]
pub(crate) struct CsvText(Writer<Vec<u8>>);

impl CsvText {
    pub(crate) fn new() -> Self {
        let mut builder = WriterBuilder::new();
        // A file is written in parts, and each part knows its rows only.
        Self(builder.flexible(true).terminator(Terminator::CRLF).from_writer(Vec::new()))
    }

    /// Adds a row.
    pub(crate) fn add<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>) {
        let fields = fields.into_iter().map(without_formula);
        self.0.write_record(fields.map(Cow::into_owned)).expect("memory takes any row");
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("memory takes any row")
    }
}

/// Puts an apostrophe in front of a text that a spreadsheet would compute as a formula. Numbers stay as they are.
fn without_formula(text: &str) -> Cow<'_, str> {
    let is_number = text.parse::<f64>().is_ok();
    if !is_number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formula_is_computed() {
        let mut text = CsvText::new();
        text.add(["12.5", "-3", "a, \"b\"", "=1+1"]);
        text.add(["-1+cmd", "two\nlines", ""]);
        let expected = "12.5,-3,\"a, \"\"b\"\"\",'=1+1\r\n'-1+cmd,\"two\nlines\",\r\n";
        assert_eq!(String::from_utf8(text.into_bytes()).unwrap(), expected);
    }
}
