//! Who may send what where. [`decide`] is pure: the same call, grants and moment give the same answer.
//!
//! Everything is denied that no grant names: a call, a place in it, a category at that place, an addressee, a second
//! subject. The function knows nothing of keys or values; it sees what tokens stand where and whose they are.

pub mod addressee;
pub mod call;

use crate::clock::Timestamp;
use crate::id::{Mode, RecordNo, Slot, SubjectNumber};
use addressee::{Addressee, Addressees};
use call::{CallPath, CallPattern};
use std::sync::Arc;

/// A workflow's right to one kind of call to one destination.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The workflow that holds the right.
    pub workflow: String,
    /// The call it may make.
    pub call: CallPattern,
    /// The places where tokens may stand.
    pub places: Vec<Place>,
    /// Conditions on addressees, by index into the addressee paths of the route.
    pub conditions: Vec<Addressees>,
    /// When the right ends.
    pub expires: Option<Timestamp>,
    /// Whether one call may carry several subjects.
    pub batch: bool,
}

/// One place of a grant: what may be opened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What carries the place.
    pub carrier: Carrier,
    /// The place as the configuration writes it; used in errors and leaves.
    pub name: String,
    /// The categories that may be opened there.
    pub opens: Opens,
}

/// Which categories a place opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// These category codes.
    Categories(Vec<u16>),
    /// Whatever the record holds. No configuration can say this; it is for the trial, whose stand-ins are all ours.
    Everything,
}

/// What carries a token in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The whole of a value in the body.
    Body,
    /// A name of a member in the body.
    Name,
    /// The middle of a text in the body.
    Text,
    /// A value in the query.
    Query,
    /// A segment of the path.
    Path,
    /// A header.
    Header,
}

/// A token found in a call.
#[derive(Clone, Debug)]
pub struct Use {
    /// Index of the grant's place it stands at, if the grant names it.
    pub place: Option<usize>,
    /// Where it stands, without any value; for the error.
    pub at: Arc<str>,
    /// What carries it.
    pub carrier: Carrier,
    /// The record it opens.
    pub record: RecordNo,
    /// The slot it opens.
    pub slot: Slot,
    /// The category of that slot.
    pub category: u16,
    /// Whose value it is.
    pub subject: SubjectNumber,
    /// The mode it was made in.
    pub mode: Mode,
    /// Whether the calling workflow is in its audience.
    pub in_audience: bool,
}

/// A call as it stands before the decision.
pub struct Call<'a> {
    /// The calling workflow.
    pub workflow: &'a str,
    /// The mode of its key.
    pub mode: Mode,
    /// The method, upper case.
    pub method: &'a str,
    /// The path below the route.
    pub path: &'a CallPath<'a>,
    /// The host the call goes to.
    pub host: &'a str,
    /// The tokens in it.
    pub uses: &'a [Use],
    /// What stands at the addressee places: index of the condition, where, and what. Without an index: an address that
    /// stands at no such place, and so has to meet any one of the conditions.
    pub addressees: &'a [(Option<usize>, String, Addressee<'a>)],
}

/// What a decision allows: exactly these slots of these records, to this host. Only [`decide`] makes one.
pub struct Allowed {
    /// Sorted, because a call may carry thousands of tokens.
    opens: Vec<(RecordNo, Slot)>,
    host: String,
}

impl Allowed {
    /// Whether this slot may be opened under the decision.
    pub fn opens(&self, record: RecordNo, slot: Slot) -> bool {
        self.opens.binary_search(&(record, slot)).is_ok()
    }

    /// The host the values may go to.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// Why a call is not allowed: a code of the catalogue and, where it helps, the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct Denial {
    /// The stable code.
    pub code: &'static str,
    /// The place at fault, by configured name or position; never a value.
    pub place: Option<String>,
}

impl Denial {
    fn new(code: &'static str) -> Denial {
        Denial { code, place: None }
    }

    fn at(code: &'static str, place: &str) -> Denial {
        Denial { code, place: Some(place.to_owned()) }
    }
}

/// The grant under which a call falls: of those that match, the most exact.
pub fn select<'g>(
    grants: &'g [Grant],
    workflow: &str,
    method: &str,
    path: &CallPath<'_>,
    now: Timestamp,
) -> Result<(usize, &'g Grant), Denial> {
    let mine = || grants.iter().enumerate().filter(|(_, grant)| grant.workflow == workflow);
    let denied = |code| Denial { code, place: Some(format!("call = \"{}\"", path.shape(method))) };
    if mine().next().is_none() {
        return Err(denied("grant.none"));
    }
    let matching = || mine().filter(|(_, grant)| grant.call.matches(method, path));
    let (index, grant) = matching().max_by(|(_, a), (_, b)| a.call.rank().cmp(b.call.rank())).ok_or_else(|| {
        let path_known = mine().any(|(_, grant)| grant.call.matches_path(path));
        denied(if path_known { "grant.method" } else { "grant.path" })
    })?;
    if grant.expires.is_some_and(|end| now >= end) {
        return Err(Denial::new("grant.expired"));
    }
    Ok((index, grant))
}

/// Decides a call under the grant that [`select`] found for it.
pub fn decide(call: &Call<'_>, grant: &Grant, now: Timestamp) -> Result<Allowed, Denial> {
    if grant.workflow != call.workflow {
        return Err(Denial::new("grant.none"));
    }
    if !grant.call.matches(call.method, call.path) {
        return Err(Denial::new("grant.path"));
    }
    if grant.expires.is_some_and(|end| now >= end) {
        return Err(Denial::new("grant.expired"));
    }
    for used in call.uses {
        decide_use(call, grant, used)?;
    }
    let subject = call.uses.first().map(|used| used.subject);
    if let Some(second) = call.uses.iter().find(|used| Some(used.subject) != subject).filter(|_| !grant.batch) {
        return Err(Denial::at("token.second_subject", &second.at));
    }
    // in a call about several, nobody is the person of all that is revealed
    let only = subject.filter(|subject| call.uses.iter().all(|used| used.subject == *subject));
    for (condition, at, addressee) in call.addressees {
        let admitted = match condition {
            Some(index) => grant.conditions.get(*index).is_some_and(|rule| rule.admit(addressee, only)),
            None => grant.conditions.iter().any(|rule| rule.admit(addressee, only)),
        };
        if !admitted {
            return Err(Denial::at("grant.addressee", at));
        }
    }
    // whoever the vendor would choose by itself, no condition has admitted
    if !grant.conditions.is_empty()
        && !call.uses.is_empty()
        && call.addressees.iter().all(|(condition, _, _)| condition.is_none())
    {
        return Err(Denial::new("grant.addressee"));
    }
    let mut opens: Vec<(RecordNo, Slot)> = call.uses.iter().map(|used| (used.record, used.slot)).collect();
    opens.sort_unstable();
    Ok(Allowed { opens, host: call.host.to_owned() })
}

fn decide_use(call: &Call<'_>, grant: &Grant, used: &Use) -> Result<(), Denial> {
    if used.mode != call.mode {
        return Err(Denial::at("token.other_mode", &used.at));
    }
    if !used.in_audience {
        return Err(Denial::at("token.other_workflow", &used.at));
    }
    let place = used.place.and_then(|index| grant.places.get(index));
    let place = place.ok_or_else(|| Denial::at("grant.place", &used.at))?;
    if place.carrier != used.carrier {
        return Err(Denial::at("grant.place", &used.at));
    }
    match &place.opens {
        Opens::Everything => Ok(()),
        Opens::Categories(codes) if codes.contains(&used.category) => Ok(()),
        Opens::Categories(_) => Err(Denial::at("grant.category", &used.at)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn grant(workflow: &str, call: &str) -> Grant {
        Grant {
            workflow: workflow.into(),
            call: CallPattern::parse(call).unwrap(),
            places: vec![
                Place { carrier: Carrier::Body, name: "email".into(), opens: Opens::Categories(vec![1]) },
                Place { carrier: Carrier::Text, name: "html".into(), opens: Opens::Categories(vec![2, 3]) },
            ],
            conditions: vec![Addressees::parse("same-subject | @example.com").unwrap()],
            expires: Some(Timestamp(2_000_000)),
            batch: false,
        }
    }

    /// P21, R86: every cell of workflows x methods x paths x places x carriers x categories x modes x audiences x
    /// second subjects x batch x expiry x addressees agrees with a reference written as one expression.
    #[test]
    fn the_whole_table_agrees_with_the_reference() {
        let (mut cells, mut allowed) = (0u32, 0u32);
        let subjects = [SubjectNumber([1; 16]), SubjectNumber([2; 16])];
        for workflow in ["intake", "mail"] {
            for method in ["POST", "GET"] {
                for raw in ["/candidates", "/candidates/1"] {
                    for place in [None, Some(0), Some(1), Some(2)] {
                        for carrier in
                            [Carrier::Body, Carrier::Text, Carrier::Query, Carrier::Path, Carrier::Header, Carrier::Name]
                        {
                            for category in [1u16, 2, 4] {
                                for mode in [Mode::Test, Mode::Live] {
                                    for bits in 0..32u8 {
                                        let [audience, second, batch, late, outsider] =
                                            [0, 1, 2, 3, 4].map(|bit| bits >> bit & 1 == 1);
                                        let mut rule = grant("intake", "POST /candidates");
                                        rule.batch = batch;
                                        let now = if late { Timestamp(2_000_000) } else { NOW };
                                        let used = |subject: SubjectNumber| Use {
                                            place,
                                            at: "x".into(),
                                            carrier,
                                            record: RecordNo::new(0, 1).unwrap(),
                                            slot: Slot(0),
                                            category,
                                            subject,
                                            mode,
                                            in_audience: audience,
                                        };
                                        let mut uses = vec![used(subjects[0])];
                                        if second {
                                            uses.push(used(subjects[1]));
                                        }
                                        let inside = if second {
                                            Addressee::Literal("a@example.com")
                                        } else {
                                            Addressee::Token(subjects[0])
                                        };
                                        let addressees = if outsider {
                                            vec![(Some(0), "to".to_owned(), Addressee::Literal("a@evil.test"))]
                                        } else {
                                            vec![(Some(0), "to".to_owned(), inside)]
                                        };
                                        let path = CallPath::parse(raw).unwrap();
                                        let call = Call {
                                            workflow,
                                            mode: Mode::Live,
                                            method,
                                            path: &path,
                                            host: "h",
                                            uses: &uses,
                                            addressees: &addressees,
                                        };
                                        let expected = workflow == "intake"
                                            && method == "POST"
                                            && raw == "/candidates"
                                            && !late
                                            && mode == Mode::Live
                                            && audience
                                            && ((place == Some(0) && carrier == Carrier::Body && category == 1)
                                                || (place == Some(1) && carrier == Carrier::Text && category == 2))
                                            && (!second || batch)
                                            && !outsider;
                                        let got = select(std::slice::from_ref(&rule), workflow, method, &path, now)
                                            .and_then(|(_, found)| decide(&call, found, now));
                                        assert_eq!(got.is_ok(), expected, "{:?}", got.err());
                                        let direct = decide(&call, &rule, now);
                                        assert_eq!(direct.is_ok(), expected);
                                        cells += 1;
                                        allowed += u32::from(expected);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        println!("authorisation table: {cells} cells, {allowed} allowed");
        assert!(allowed > 0 && cells > 30_000);
    }

    #[test]
    fn addressees_are_of_the_whole_call() {
        let path = CallPath::parse("/candidates").unwrap();
        let mut rule = grant("intake", "POST /candidates");
        rule.batch = true;
        let subjects = [SubjectNumber([1; 16]), SubjectNumber([2; 16])];
        let used = |subject| Use {
            place: Some(0),
            at: "x".into(),
            carrier: Carrier::Body,
            record: RecordNo::new(0, 1).unwrap(),
            slot: Slot(0),
            category: 1,
            subject,
            mode: Mode::Live,
            in_audience: true,
        };
        let decided = |rule: &Grant, uses: &[Use], addressees: &[(Option<usize>, String, Addressee<'_>)]| {
            let call = Call { workflow: "intake", mode: Mode::Live, method: "POST", path: &path, host: "h", uses, addressees };
            decide(&call, rule, NOW).map(|_| ()).map_err(|denial| denial.code)
        };
        let (one, both) = ([used(subjects[0])], [used(subjects[0]), used(subjects[1])]);
        let to = |addressee| (Some(0), "to".to_owned(), addressee);
        let stray = |text| (None, "bcc".to_owned(), Addressee::Literal(text));
        let token = || to(Addressee::Token(subjects[0]));
        assert_eq!(decided(&rule, &one, &[token()]), Ok(()));
        assert_eq!(decided(&rule, &both, &[token()]), Err("grant.addressee"), "a person of the call is not the person of it");
        assert_eq!(decided(&rule, &both, &[to(Addressee::Literal("a@example.com"))]), Ok(()));
        assert_eq!(decided(&rule, &one, &[token(), stray("b@example.com")]), Ok(()));
        assert_eq!(decided(&rule, &one, &[token(), stray("b@evil.test")]), Err("grant.addressee"));
        assert_eq!(decided(&rule, &one, &[]), Err("grant.addressee"), "to nobody the grant knows");
        assert_eq!(decided(&rule, &one, &[stray("b@example.com")]), Err("grant.addressee"));
        assert_eq!(decided(&rule, &[], &[]), Ok(()), "nothing is revealed");
        rule.conditions.clear();
        assert_eq!(decided(&rule, &both, &[]), Ok(()), "no conditions");
    }

    #[test]
    fn denials_name_the_code() {
        let grants = [grant("intake", "POST /candidates")];
        let path = CallPath::parse("/candidates").unwrap();
        let other = CallPath::parse("/jobs").unwrap();
        let code = |workflow, method, path| select(&grants, workflow, method, path, NOW).unwrap_err().code;
        assert_eq!(code("mail", "POST", &path), "grant.none");
        assert_eq!(code("intake", "GET", &path), "grant.method");
        assert_eq!(code("intake", "POST", &other), "grant.path");
        assert_eq!(select(&grants, "intake", "POST", &path, Timestamp(2_000_000)).unwrap_err().code, "grant.expired");
    }

    #[test]
    fn the_most_exact_call_wins() {
        let grants = [grant("intake", "GET /candidates/{id}"), grant("intake", "GET /candidates/me")];
        let pick = |raw| select(&grants, "intake", "GET", &CallPath::parse(raw).unwrap(), NOW).unwrap().0;
        assert_eq!(pick("/candidates/me"), 1);
        assert_eq!(pick("/candidates/7"), 0);
    }
}
