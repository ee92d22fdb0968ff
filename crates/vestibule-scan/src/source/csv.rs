//! Tables as text: values separated by commas, semicolons, tabs or bars (RFC 4180, read generously).
//!
//! Each cell is told with its column's name and its place, and borrows from the file unless it holds a doubled quote. Ragged rows and
//! stray quotes are read, not refused.

use std::borrow::Cow;

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<'t> {
    /// Row from 0.
    pub row: usize,
    /// Column from 0.
    pub column: usize,
    /// What stands in it, without quotes.
    pub value: Cow<'t, str>,
    /// Byte offset of the cell, at its quote if it has one.
    pub offset: usize,
}

/// The separator that cuts the first rows into the same number of cells, at least two.
pub fn separator(text: &str) -> Option<u8> {
    let head = super::text::head(text, 64 << 10);
    let widths = |separator: u8| {
        let mut widths = Vec::new();
        for cell in cells(head, separator).take_while(|cell| cell.row < 10) {
            widths.resize(cell.row + 1, 0_usize);
            if let Some(width) = widths.last_mut() {
                *width += 1;
            }
        }
        widths
    };
    let fit = |separator: u8| {
        let widths = widths(separator);
        let first = widths.first().copied().unwrap_or(0);
        let same = widths.iter().filter(|width| **width == first).count();
        (first >= 2 && same * 5 >= widths.len() * 4).then_some((first, separator))
    };
    b",;\t|".iter().filter_map(|separator| fit(*separator)).max_by_key(|(width, _)| *width).map(|(_, separator)| separator)
}

/// Every cell, row by row; empty lines are no rows.
pub fn cells(text: &str, separator: u8) -> Cells<'_> {
    Cells { text, separator, at: 0, row: 0, column: 0 }
}

/// See [`cells`].
#[derive(Debug)]
pub struct Cells<'t> {
    text: &'t str,
    separator: u8,
    at: usize,
    row: usize,
    column: usize,
}

impl<'t> Iterator for Cells<'t> {
    type Item = Cell<'t>;

    fn next(&mut self) -> Option<Cell<'t>> {
        if self.column == 0 {
            while let Some(b'\n' | b'\r') = self.byte(self.at) {
                self.at += 1;
            }
        }
        if self.at >= self.text.len() && self.column == 0 {
            return None;
        }
        let start = self.at;
        let (value, end) = match self.byte(start) {
            Some(b'"') => self.quoted(start + 1),
            _ => self.plain(start),
        };
        let cell = Cell { row: self.row, column: self.column, value, offset: start };
        self.at = end;
        if self.byte(end) == Some(self.separator) {
            self.at = end + 1;
            self.column += 1;
        } else {
            self.column = 0;
            self.row += 1;
        }
        Some(cell)
    }
}

impl<'t> Cells<'t> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn plain(&self, start: usize) -> (Cow<'t, str>, usize) {
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let end = start + memchr::memchr3(self.separator, b'\n', b'\r', rest).unwrap_or(rest.len());
        (Cow::Borrowed(self.text.get(start..end).unwrap_or_default()), end)
    }

    /// The inside of quotes; what follows the closing quote up to the separator belongs to the value.
    fn quoted(&self, start: usize) -> (Cow<'t, str>, usize) {
        let mut at = start;
        let mut doubled = false;
        loop {
            let rest = self.text.as_bytes().get(at..).unwrap_or_default();
            let Some(quote) = memchr::memchr(b'"', rest).map(|found| at + found) else {
                // a quote that never closes: read as if it were none
                return self.plain(start);
            };
            if self.byte(quote + 1) == Some(b'"') {
                doubled = true;
                at = quote + 2;
                continue;
            }
            let inner = self.text.get(start..quote).unwrap_or_default();
            let (tail, end) = self.plain(quote + 1);
            let value = match (doubled, tail.trim().is_empty()) {
                (false, true) => Cow::Borrowed(inner),
                (_, is_clean) => {
                    let mut value = inner.replace("\"\"", "\"");
                    if !is_clean {
                        value.push_str(&tail);
                    }
                    Cow::Owned(value)
                }
            };
            return (value, end);
        }
    }
}

/// Whether a first row names the columns: every cell has a name, none of them a number or an address.
pub fn is_header(row: &[Cow<'_, str>]) -> bool {
    let is_name = |cell: &Cow<'_, str>| {
        let cell = cell.trim();
        cell.len() <= 80 && !cell.contains("://") && !cell.contains('@') && cell.chars().next().is_some_and(char::is_alphabetic)
    };
    let named = row.iter().filter(|cell| is_name(cell)).count();
    named > 0 && row.iter().all(|cell| cell.trim().is_empty() || is_name(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str, separator: u8) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for cell in cells(text, separator) {
            rows.resize_with(cell.row + 1, Vec::new);
            if let Some(row) = rows.last_mut() {
                row.push(cell.value.into_owned());
            }
        }
        rows
    }

    #[test]
    fn cells_are_read_as_a_spreadsheet_reads_them() {
        let text = "a,b,c\r\n1,\"x, \"\"y\"\"\nz\",\n\n\"open,3,\n";
        assert_eq!(table(text, b','), [vec!["a", "b", "c"], vec!["1", "x, \"y\"\nz", ""], vec!["open", "3", ""]]);
        let offsets: Vec<usize> = cells(text, b',').map(|cell| cell.offset).collect();
        assert_eq!(offsets, [0, 2, 4, 7, 9, 22, 24, 30, 32]);
        assert_eq!(table("a;\"b\"c\n", b';'), [vec!["a", "bc"]]);
        assert_eq!(table("", b','), Vec::<Vec<String>>::new());
    }

    #[test]
    fn the_separator_is_the_one_that_fits() {
        assert_eq!(separator("a;b;c\n1,5;2;3\n"), Some(b';'));
        assert_eq!(separator("a\tb\n1\t2\n"), Some(b'\t'));
        assert_eq!(separator("a,b\n1,2\n3\n"), None);
        assert_eq!(separator("one line of prose"), None);
    }

    #[test]
    fn a_header_names_columns() {
        assert!(is_header(&["E-mail".into(), "Name".into(), "".into()]));
        assert!(!is_header(&["ana@example.org".into(), "Ana".into()]));
        assert!(!is_header(&["1".into(), "2".into()]));
    }
}
