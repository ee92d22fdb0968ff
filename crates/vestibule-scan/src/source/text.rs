//! Bytes to text: byte order marks, UTF-16, and lines and columns.

/// Line and column, from 1, of a byte offset; the column in characters.
pub fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before.iter().skip(line_start).filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
    (line as u32, column as u32)
}
