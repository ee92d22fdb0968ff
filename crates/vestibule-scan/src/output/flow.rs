//! How a scenario is drawn: one row a step, branches one lane to the right, in the order in which a run comes through them.
//!
//! This is the layout only: rows, lanes and which row hangs below which. A long scenario keeps the rows that have findings; the rows
//! between them become one that says how many there are. Other files are not drawn.

use std::collections::HashSet;

use crate::finding::Finding;
use crate::model::{Kind, Platform, Reach, Scenario, Step};
use crate::run::Visit;
use crate::source::{Place, Source};

/// Rows that a drawing has at most.
const MOST_ROWS: usize = 120;
/// Lanes that a drawing has at most; what lies deeper stays in the last.
const MOST_LANES: u32 = 9;
/// Other steps that a joining step names.
const MOST_JOINS: usize = 3;

/// One drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The file.
    pub file: String,
    /// The scenario's own name.
    pub scenario: String,
    /// Whose it is.
    pub platform: &'static str,
    /// JSON Pointer of the scenario in its file.
    pub pointer: String,
    /// Its rows.
    pub stops: Vec<Stop>,
}

/// One row: a step, or several that are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The step's own name.
    pub name: String,
    /// The platform's name of the module.
    pub module: String,
    /// What is special about it, such as `disabled`.
    pub says: Vec<&'static str>,
    /// JSON Pointer of the step.
    pub pointer: String,
    /// How far to the right, from 0.
    pub lane: u32,
    /// The row that it hangs below.
    pub parent: Option<usize>,
    /// How it hangs there.
    pub tie: Tie,
    /// Further steps that lead to it, by name.
    pub joins: Vec<String>,
    /// How many steps this row stands for; 0 for a row that is a step.
    pub left_out: usize,
}

/// How a row hangs below another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The one next step.
    Next,
    /// One of several.
    Branch,
    /// What happens on an error.
    OnError,
    /// A tool that the step may use.
    Tool,
}

/// Draws each scenario it is shown.
#[derive(Debug, Default)]
pub struct Sketches {
    /// The drawings so far.
    pub flows: Vec<Flow>,
}

impl Visit for Sketches {
    fn scenario(&mut self, source: &Source<'_>, scenario: &Scenario<'_>, findings: &[Finding]) {
        if scenario.platform != Platform::File && !scenario.steps.is_empty() {
            self.flows.push(sketch(source, scenario, findings));
        }
    }
}

/// A step on its way into the drawing.
struct Row {
    step: usize,
    lane: u32,
    parent: Option<usize>,
    tie: Tie,
}

fn sketch(source: &Source<'_>, scenario: &Scenario<'_>, findings: &[Finding]) -> Flow {
    let ways = Ways::of(scenario);
    let rows = rows(scenario, &ways);
    let found: HashSet<&str> = findings.iter().map(|finding| finding.step.as_str()).collect();
    let keep = |row: &Row| scenario.steps.get(row.step).is_some_and(|step| found.contains(step.shown().as_ref()));
    let all = rows.len() <= MOST_ROWS;
    let mut stops: Vec<Stop> = Vec::new();
    // the row of the drawing in which each row ended up
    let mut drawn: Vec<usize> = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let parent = row.parent.and_then(|parent| drawn.get(parent)).copied();
        let fits = stops.len() < MOST_ROWS;
        let Some(step) = scenario.steps.get(row.step).filter(|_| all || (fits && (at == 0 || keep(row)))) else {
            if stops.last().is_none_or(|last| last.left_out == 0) {
                stops.push(Stop::gap(row.lane, parent));
            }
            if let Some(gap) = stops.last_mut() {
                gap.left_out += 1;
            }
            drawn.push(stops.len().saturating_sub(1));
            continue;
        };
        drawn.push(stops.len());
        stops.push(Stop { joins: ways.joins(scenario, &rows, row), ..Stop::of(source, step, row, parent) });
    }
    Flow {
        file: source.path.to_owned(),
        scenario: scenario.name.to_string(),
        platform: scenario.platform.as_str(),
        pointer: pointer(source, &scenario.place),
        stops,
    }
}

impl Stop {
    fn of(source: &Source<'_>, step: &Step<'_>, row: &Row, parent: Option<usize>) -> Self {
        let mut says = Vec::new();
        let kinds = [
            (matches!(step.kind, Kind::Entry(_)), "start"),
            (step.disabled, "disabled"),
            (step.reach == Reach::Orphan, "not connected"),
            (step.reach == Reach::OnError, "on error"),
            (step.reach == Reach::Tool, "tool"),
        ];
        says.extend(kinds.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word));
        Self {
            name: step.shown().into_owned(),
            module: step.module.to_string(),
            says,
            pointer: pointer(source, &step.place),
            lane: row.lane,
            parent,
            tie: row.tie,
            joins: Vec::new(),
            left_out: 0,
        }
    }

    fn gap(lane: u32, parent: Option<usize>) -> Self {
        let (name, module, pointer) = (String::new(), String::new(), String::new());
        Self { name, module, says: Vec::new(), pointer, lane, parent, tie: Tie::Next, joins: Vec::new(), left_out: 0 }
    }
}

fn pointer(source: &Source<'_>, place: &Place) -> String {
    match (place, source.tape()) {
        (Place::Node(node), Some(tape)) => tape.exact_pointer(*node),
        _ => String::new(),
    }
}

/// Who leads to whom, both ways; a tool hangs below the step that uses it, whichever way the platform draws the line.
struct Ways {
    next: Vec<Vec<usize>>,
    before: Vec<Vec<usize>>,
}

impl Ways {
    fn of(scenario: &Scenario<'_>) -> Self {
        let count = scenario.steps.len();
        let mut ways = Self { next: vec![Vec::new(); count], before: vec![Vec::new(); count] };
        let is_tool = |at: usize| scenario.steps.get(at).is_some_and(|step| step.reach == Reach::Tool);
        for (from, to) in &scenario.links {
            let (from, to) = if is_tool(*from) && !is_tool(*to) { (*to, *from) } else { (*from, *to) };
            if from == to || to >= count {
                continue;
            }
            if let (Some(next), Some(before)) = (ways.next.get_mut(from), ways.before.get_mut(to)) {
                next.push(to);
                before.push(from);
            }
        }
        ways
    }

    /// Names of the steps that lead to this row beside the one it hangs below.
    fn joins(&self, scenario: &Scenario<'_>, rows: &[Row], row: &Row) -> Vec<String> {
        let parent = row.parent.and_then(|parent| rows.get(parent)).map(|parent| parent.step);
        let others = self.before.get(row.step).into_iter().flatten().filter(|from| Some(**from) != parent);
        let steps = others.filter_map(|from| scenario.steps.get(*from));
        steps.take(MOST_JOINS).map(|step| step.shown().into_owned()).collect()
    }
}

/// Every step once: after the steps that lead to it where that is possible, branches one after the other.
fn rows(scenario: &Scenario<'_>, ways: &Ways) -> Vec<Row> {
    let count = scenario.steps.len();
    let mut waits: Vec<usize> = ways.before.iter().map(Vec::len).collect();
    let mut lanes: Vec<Option<u32>> = vec![None; count];
    let mut rows: Vec<Row> = Vec::with_capacity(count);
    // steps that nothing leads to begin; what only a circle leads to begins where the file names it first
    let beginnings = (0..count).filter(|at| waits.get(*at) == Some(&0)).chain(0..count).collect::<Vec<_>>();
    for beginning in beginnings {
        let mut open = vec![Row { step: beginning, lane: 0, parent: None, tie: Tie::Next }];
        while let Some(row) = open.pop() {
            let Some(lane) = lanes.get_mut(row.step).filter(|lane| lane.is_none()) else { continue };
            *lane = Some(row.lane);
            let (step, at) = (row.step, rows.len());
            rows.push(row);
            let next = ways.next.get(step).map(Vec::as_slice).unwrap_or_default();
            let first = open.len();
            for to in next {
                let Some(wait) = waits.get_mut(*to) else { continue };
                *wait = wait.saturating_sub(1);
                if *wait == 0 {
                    let tie = tie(scenario, *to, next.len());
                    open.push(Row { step: *to, lane: lane_of(*to, tie, ways, &lanes), parent: Some(at), tie });
                }
            }
            // the last that is pushed is drawn first
            open.get_mut(first..).unwrap_or_default().reverse();
        }
    }
    rows
}

fn tie(scenario: &Scenario<'_>, to: usize, siblings: usize) -> Tie {
    match scenario.steps.get(to).map(|step| step.reach) {
        Some(Reach::OnError) => Tie::OnError,
        Some(Reach::Tool) => Tie::Tool,
        _ if siblings > 1 => Tie::Branch,
        _ => Tie::Next,
    }
}

/// A step that joins branches goes back to where they began.
fn lane_of(step: usize, tie: Tie, ways: &Ways, lanes: &[Option<u32>]) -> u32 {
    let before = ways.before.get(step).map(Vec::as_slice).unwrap_or_default();
    let parents = || before.iter().filter_map(|from| lanes.get(*from).copied().flatten());
    let lowest = parents().min().unwrap_or(0);
    match tie {
        _ if before.len() > 1 => lowest.saturating_sub(u32::from(parents().all(|lane| lane == lowest))),
        Tie::Next => lowest,
        Tie::Branch | Tie::OnError | Tie::Tool => (lowest + 1).min(MOST_LANES),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn step(name: &str, reach: Reach) -> Step<'_> {
        Step {
            id: name.into(),
            name: name.into(),
            module: "m".into(),
            version: None,
            place: Place::FILE,
            disabled: false,
            reach,
            kind: Kind::Flow,
            connections: Vec::new(),
            spots: Vec::new(),
            handles_errors: false,
            understood: true,
        }
    }

    fn scenario<'d>(names: &[&'d str], links: &[(usize, usize)]) -> Scenario<'d> {
        let steps = names.iter().map(|name| step(name, Reach::Flow)).collect();
        Scenario { name: "s".into(), steps, links: links.to_vec(), ..Scenario::bare(Platform::N8n, Place::FILE) }
    }

    fn drawn(scenario: &Scenario<'_>, findings: &[Finding]) -> Vec<Stop> {
        sketch(&Source::new("a", "", None), scenario, findings).stops
    }

    fn shape(stops: &[Stop]) -> Vec<(&str, u32, Option<usize>)> {
        stops.iter().map(|stop| (stop.name.as_str(), stop.lane, stop.parent)).collect()
    }

    #[test]
    fn branches_stand_to_the_right_and_come_back() {
        let links = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)];
        let stops = drawn(&scenario(&["in", "if", "a", "b", "merge", "out"], &links), &[]);
        let expected = [
            ("in", 0, None),
            ("if", 0, Some(0)),
            ("a", 1, Some(1)),
            ("b", 1, Some(1)),
            ("merge", 0, Some(3)),
            ("out", 0, Some(4)),
        ];
        assert_eq!(shape(&stops), expected);
        assert_eq!(stops[4].joins, ["a"]);
    }

    #[test]
    fn circles_and_orphans_are_drawn_once() {
        let stops = drawn(&scenario(&["a", "b", "c", "alone"], &[(0, 1), (1, 2), (2, 1), (9, 1), (1, 9)]), &[]);
        let mut names: Vec<_> = stops.iter().map(|stop| stop.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "alone", "b", "c"]);
    }

    #[test]
    fn a_tool_hangs_below_its_agent() {
        let mut scenario = scenario(&["chat", "tool", "agent"], &[(0, 2), (1, 2)]);
        scenario.steps[1].reach = Reach::Tool;
        let stops = drawn(&scenario, &[]);
        assert_eq!(shape(&stops), [("chat", 0, None), ("agent", 0, Some(0)), ("tool", 1, Some(1))]);
        assert_eq!((stops[2].tie, stops[2].says.as_slice()), (Tie::Tool, ["tool"].as_slice()));
    }

    #[test]
    fn a_long_scenario_keeps_what_has_findings() {
        let names: Vec<String> = (0..100_000).map(|at| format!("s{at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let links: Vec<(usize, usize)> = (1..names.len()).map(|at| (at - 1, at)).collect();
        let finding = Finding { step: "s700".into(), ..crate::output::samples::finding(0) };
        let stops = drawn(&scenario(&names, &links), &[finding]);
        let seen: Vec<_> = stops.iter().map(|stop| (stop.name.as_str(), stop.left_out, stop.parent)).collect();
        assert_eq!(seen, [("s0", 0, None), ("", 699, Some(0)), ("s700", 0, Some(1)), ("", 99_299, Some(2))]);
    }
}
