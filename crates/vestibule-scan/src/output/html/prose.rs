//! Texts of findings as parts of a page: paragraphs, code, and names in backticks.
//!
//! Nothing is markup in these texts beyond that; the template escapes every part.

/// A part of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Span<'r> {
    /// Words.
    Text(&'r str),
    /// A name, a header, a setting.
    Code(&'r str),
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block<'r> {
    /// A paragraph.
    Words(Vec<Span<'r>>),
    /// Lines that are copied as they stand.
    Code(String),
}

/// The parts of a line: what stands between backticks is code.
pub(super) fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else { break };
        if !before.is_empty() {
            spans.push(Span::Text(before));
        }
        spans.push(Span::Code(code));
        rest = after;
    }
    if !rest.is_empty() {
        spans.push(Span::Text(rest));
    }
    spans
}

/// The parts of a text: lines that begin with blanks, or stand between fences, are code; an empty line parts paragraphs.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut fenced = false;
    let mut fresh = true;
    for line in text.lines().map(str::trim_end) {
        if line.trim_start().starts_with("```") {
            (fenced, fresh) = (!fenced, true);
            continue;
        }
        if line.is_empty() && !fenced {
            fresh = true;
            continue;
        }
        let code = fenced || line.starts_with(' ');
        match blocks.last_mut() {
            Some(Block::Code(lines)) if code => {
                lines.push_str(if fresh && !fenced { "\n\n" } else { "\n" });
                lines.push_str(line);
            }
            Some(Block::Words(words)) if !code && !fresh => {
                words.push(Span::Text(" "));
                words.extend(spans(line));
            }
            _ if code => blocks.push(Block::Code(line.to_owned())),
            _ => blocks.push(Block::Words(spans(line))),
        }
        fresh = false;
    }
    for block in &mut blocks {
        if let Block::Code(lines) = block {
            *lines = dedent(lines);
        }
    }
    blocks
}

/// Without the blanks that all lines begin with.
fn dedent(lines: &str) -> String {
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let common = lines.lines().filter(|line| !line.is_empty()).map(blanks).min().unwrap_or(0);
    lines.lines().map(|line| line.get(common..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_mark_code_and_a_lonely_one_stays() {
        assert_eq!(spans("a `b` c"), [Span::Text("a "), Span::Code("b"), Span::Text(" c")]);
        assert_eq!(spans("`b`"), [Span::Code("b")]);
        assert_eq!(spans("it`s"), [Span::Text("it`s")]);
        assert_eq!(spans(""), []);
    }

    #[test]
    fn paragraphs_and_code_are_told_apart() {
        let text = "Do this.\nThen that.\n\n  URL   x\n    y\n\nEnd:\n```toml\n[out.a]\n\nb = 1\n```\n";
        let words = |text| Block::Words(vec![Span::Text(text)]);
        let expected = [
            Block::Words(vec![Span::Text("Do this."), Span::Text(" "), Span::Text("Then that.")]),
            Block::Code("URL   x\n  y".into()),
            words("End:"),
            Block::Code("[out.a]\n\nb = 1".into()),
        ];
        assert_eq!(blocks(text), expected);
    }
}
