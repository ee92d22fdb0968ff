//! A flow in pixels: boxes, lines between them and the findings on each box.
//!
//! Fonts are not measured: widths are estimates on the safe side, and the full name stands in the list below the drawing.

use super::super::bad;
use super::super::flow::{Flow, Stop, Tie};
use crate::finding::{Finding, Severity};

/// Pixels of the whole drawing from left to right.
const WIDTH: u32 = 860;
/// Pixels of a box from top to bottom, and between two boxes.
const HEIGHT: u32 = 46;
const GAP: u32 = 18;
const MARGIN: u32 = 6;
/// Pixels from lane to lane, and from the left side of a box to the line that leaves it.
const LANE: u32 = 34;
const TRUNK: u32 = 18;
/// Pixels of a letter of the name and of the line below it, on the safe side.
const LETTER: u32 = 8;
const SMALL: u32 = 7;
/// Severities that a box shows; with a third, the box would have no room for its name.
const MOST_BADGES: usize = 2;

/// The drawing.
pub(super) struct Drawing {
    /// Pixels.
    pub(super) width: u32,
    /// Pixels.
    pub(super) height: u32,
    /// For who cannot see it.
    pub(super) label: String,
    /// Lines from box to box.
    pub(super) lines: Vec<Line>,
    /// Boxes, top down.
    pub(super) boxes: Vec<Shape>,
}

/// A line.
pub(super) struct Line {
    /// The `d` of a path.
    pub(super) d: String,
    /// The `d` of the arrow's head at its end.
    pub(super) head: String,
    /// `next`, `error` or `tool`.
    pub(super) class: &'static str,
}

/// A box.
pub(super) struct Shape {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The name, shortened to the box.
    pub(super) name: String,
    /// The whole name.
    pub(super) full: String,
    /// What kind of step it is, shortened to the box; may be empty.
    pub(super) below: String,
    /// Where its findings stand on the page; empty where it has none.
    pub(super) anchor: String,
    /// The worst of its findings, or `none`, or `gap`.
    pub(super) class: &'static str,
    pub(super) badges: Vec<Badge>,
}

/// Findings of one severity.
pub(super) struct Badge {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    /// Pixels of its text, to which the browser fits whatever font it has.
    pub(super) letters: u32,
    pub(super) word: &'static str,
    pub(super) count: usize,
}

impl Drawing {
    /// Draws a flow with its findings; `anchor` says where a finding stands on the page.
    pub(super) fn of(flow: &Flow, findings: &[&Finding], anchor: &dyn Fn(&Finding) -> Option<String>) -> Self {
        let mut on: Vec<Vec<&Finding>> = vec![Vec::new(); flow.stops.len()];
        for finding in findings.iter().filter(|finding| below(&finding.pointer, &flow.pointer)) {
            if let Some(list) = stop_of(flow, finding).and_then(|at| on.get_mut(at)) {
                list.push(finding);
            }
        }
        let boxes: Vec<Shape> = flow
            .stops
            .iter()
            .zip(&on)
            .enumerate()
            .map(|(row, (stop, findings))| Shape::of(row, stop, findings, anchor))
            .collect();
        let lines = flow.stops.iter().enumerate().filter_map(|(row, stop)| line(flow, row, stop)).collect();
        let steps: usize = flow.stops.iter().map(|stop| stop.left_out.max(1)).sum();
        let with = on.iter().filter(|findings| !findings.is_empty()).count();
        Self {
            width: WIDTH,
            height: 2 * MARGIN + flow.stops.len() as u32 * (HEIGHT + GAP) - GAP.min(flow.stops.len() as u32 * GAP),
            label: format!("The flow: {}, {with} with findings. The list below says the same.", super::count(steps, "step")),
            lines,
            boxes,
        }
    }
}

/// The row of the step that a finding is in. Steps may share a name; then the place decides.
fn stop_of(flow: &Flow, finding: &Finding) -> Option<usize> {
    if finding.step.is_empty() {
        return None;
    }
    let mut first = None;
    for (at, stop) in flow.stops.iter().enumerate().filter(|(_, stop)| stop.left_out == 0 && stop.name == finding.step) {
        if !stop.pointer.is_empty() && below(&finding.pointer, &stop.pointer) {
            return Some(at);
        }
        first = first.or(Some(at));
    }
    first
}

/// Whether a JSON Pointer leads to a place at or below another.
fn below(pointer: &str, above: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn top(row: usize) -> u32 {
    MARGIN + row as u32 * (HEIGHT + GAP)
}

fn left(lane: u32) -> u32 {
    MARGIN + lane * LANE
}

fn line(flow: &Flow, row: usize, stop: &Stop) -> Option<Line> {
    let from = stop.parent.filter(|parent| *parent < row)?;
    let parent = flow.stops.get(from)?;
    let x = left(parent.lane) + TRUNK;
    let start = top(from) + HEIGHT;
    let (d, head) = if stop.lane > parent.lane {
        let (middle, end) = (top(row) + HEIGHT / 2, left(stop.lane) - 1);
        let d = format!("M{x} {start}V{}Q{x} {middle} {} {middle}H{}", middle - 7, x + 7, end - 5);
        (d, format!("M{end} {middle}l-7 -4v8z"))
    } else {
        let end = top(row) - 1;
        (format!("M{x} {start}V{}", end - 5), format!("M{x} {end}l-4 -7h8z"))
    };
    let class = match stop.tie {
        Tie::Next | Tie::Branch => "next",
        Tie::OnError => "error",
        Tie::Tool => "tool",
    };
    Some(Line { d, head, class })
}

impl Shape {
    fn of(row: usize, stop: &Stop, findings: &[&Finding], anchor: &dyn Fn(&Finding) -> Option<String>) -> Self {
        let (x, y) = (left(stop.lane), top(row));
        let width = WIDTH - MARGIN - x;
        let badges = badges(findings, x + width, y);
        let room = badges.iter().map(|badge| badge.x).min().unwrap_or(x + width).saturating_sub(x + 22);
        if stop.left_out > 0 {
            let name = format!("{} without findings", super::count(stop.left_out, "more step"));
            let (full, below, anchor) = (name.clone(), String::new(), String::new());
            return Self { x, y, width, height: HEIGHT, name, full, below, anchor, class: "gap", badges };
        }
        let mut says: Vec<String> = stop.says.iter().map(|word| (*word).to_owned()).collect();
        if !stop.joins.is_empty() {
            says.push(format!("also after {}", stop.joins.join(", ")));
        }
        if stop.module != stop.name {
            says.push(stop.module.clone());
        }
        Self {
            x,
            y,
            width,
            height: HEIGHT,
            name: shortened(&stop.name, (room / LETTER) as usize),
            full: stop.name.clone(),
            below: shortened(&says.join(" · "), (room / SMALL) as usize),
            anchor: findings.first().and_then(|finding| anchor(finding)).unwrap_or_default(),
            class: findings.iter().map(|finding| finding.severity).max().map_or("none", bad),
            badges,
        }
    }
}

/// The worst severities with their counts, laid out from the right end of a box.
fn badges(findings: &[&Finding], right: u32, y: u32) -> Vec<Badge> {
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let counts = all.map(|severity| (severity, findings.iter().filter(|finding| finding.severity == severity).count()));
    let mut x = right;
    let mut badges = Vec::new();
    for (severity, count) in counts.into_iter().filter(|(_, count)| *count > 0).take(MOST_BADGES) {
        let word = bad(severity);
        let letters = width_of(severity) + if count > 1 { 16 + count.to_string().len() as u32 * LETTER } else { 0 };
        let width = 40 + letters;
        x = x.saturating_sub(width + 10);
        badges.push(Badge { x, y: y + 11, width, letters, word, count });
    }
    badges
}

/// Pixels of a severity's word.
fn width_of(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 48,
        Severity::High => 30,
        Severity::Medium => 54,
        Severity::Low => 24,
        Severity::Info => 26,
    }
}

/// A text of at most so many letters.
fn shortened(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // letters of some scripts are twice as wide
    let wide = |c: char| if c >= '\u{1100}' { 2 } else { 1 };
    if line.chars().map(wide).sum::<usize>() <= most {
        return line;
    }
    let mut used = 1;
    let mut short: String = line
        .chars()
        .take_while(|c| {
            used += wide(*c);
            used <= most
        })
        .collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;

    #[test]
    fn findings_stand_on_their_boxes() {
        let report = samples::report(8);
        let findings: Vec<&Finding> = report.findings.iter().collect();
        let drawing = Drawing::of(&report.flows[0], &findings, &|finding| Some(finding.fingerprint.clone()));
        assert_eq!(drawing.boxes.len(), 5);
        assert_eq!(drawing.boxes.iter().flat_map(|shape| &shape.badges).map(|badge| badge.count).sum::<usize>(), 8);
        let rights = |shape: &Shape| {
            shape.badges.iter().all(|badge| badge.x > shape.x + 100 && badge.x + badge.width < shape.x + shape.width)
        };
        assert!(drawing.boxes.iter().all(rights));
        assert_eq!(drawing.lines.len(), 4);
    }

    #[test]
    fn the_place_decides_between_steps_of_one_name() {
        let report = samples::report(1);
        let mut flow = report.flows[0].clone();
        for stop in &mut flow.stops {
            stop.name = "HTTP".into();
        }
        let finding = Finding { step: "HTTP".into(), pointer: "/flow/3/mapper".into(), ..samples::finding(0) };
        assert_eq!(stop_of(&flow, &finding), Some(3));
        assert_eq!(stop_of(&flow, &Finding { pointer: "/flow/30/mapper".into(), ..finding.clone() }), Some(0));
        assert_eq!(stop_of(&flow, &Finding { step: String::new(), ..finding }), None);
    }

    #[test]
    fn names_are_shortened_to_their_box() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
        assert_eq!(shortened("候補者を作成", 6), "候補…");
        assert_eq!(shortened("a\nb", 6), "a b");
    }
}
