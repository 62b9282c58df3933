//! Aligned columns for the terminal.

use std::io::{self, Write};

use riser_domain::sanitize_line;

/// Spaces between two columns.
const GAP: usize = 2;

/// Rows of cells that are written in aligned columns. The last column is not padded.
#[derive(Debug, Default)]
pub(crate) struct Table {
    indent: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without a title row.
    pub(crate) fn plain(indent: usize) -> Self {
        Self { indent, rows: Vec::new() }
    }

    pub(crate) fn with_titles<const N: usize>(titles: [&str; N]) -> Self {
        Self { indent: 0, rows: vec![titles.map(str::to_owned).to_vec()] }
    }

    pub(crate) fn add<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| sanitize_line(&cell)).to_vec());
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell: &String| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + GAP));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_a_cell_cannot_start_a_line() {
        let mut table = Table::with_titles(["NAME", "STATE"]);
        table.add(["Zählwerk".to_owned(), "running".to_owned()]);
        table.add(["a\nb".to_owned(), String::new()]);
        let mut text = Vec::new();
        table.write(&mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "NAME      STATE\nZählwerk  running\na\\nb\n");
    }
}
