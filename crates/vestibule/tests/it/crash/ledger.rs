//! What the gateway has promised so far: the answers it gave before it was killed.

use std::collections::BTreeMap;

/// An event that was sent at least once.
pub struct Event {
    /// The source's id of it, which is also the job's id in the body.
    pub id: String,
    /// Who it is about.
    pub person: usize,
    pub body: String,
    /// The gateway's id of it, once it was told.
    pub answer: Option<String>,
    /// In which round it was first sent.
    pub round: u64,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Nobody asked.
    None,
    /// Asked, and the process was killed before it answered.
    Asked,
    /// Reported as done.
    Done,
}

/// Somebody who applies.
pub struct Person {
    pub erasure: Order,
    /// A token of theirs, kept when they were to be erased.
    pub token: Option<String>,
}

/// A workflow key that was reported as made.
pub struct Key {
    pub text: String,
    pub revocation: Order,
    /// The last round in which its revocation was asked for.
    pub asked: u64,
}

/// Everything that was told.
#[derive(Default)]
pub struct Ledger {
    pub rounds: u64,
    pub events: Vec<Event>,
    pub persons: Vec<Person>,
    /// By public id.
    pub keys: BTreeMap<String, Key>,
    pub rotations: u64,
    /// Acknowledged events that were sent again and got their first answer.
    pub repeats: u64,
    /// Ids that were sent again with another body and refused.
    pub conflicts: u64,
    pub redelivered: u64,
    /// Acknowledged events that are gone.
    pub lost: u64,
    /// Events with more than one effect.
    pub doubled: u64,
    /// What is wrong, in words.
    pub findings: Vec<String>,
}

impl Ledger {
    /// Whether everything that was told still holds.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty() && self.lost == 0 && self.doubled == 0
    }

    pub fn wrong(&mut self, what: String) {
        self.findings.push(what);
    }

    pub fn acknowledged(&self) -> u64 {
        self.events.iter().filter(|event| event.answer.is_some()).count() as u64
    }

    /// The tokens of everybody who was reported as erased.
    pub fn erased(&self) -> impl Iterator<Item = &str> {
        let done = self.persons.iter().filter(|person| person.erasure == Order::Done);
        done.filter_map(|person| person.token.as_deref())
    }

    /// Somebody new.
    pub fn person(&mut self) -> usize {
        self.persons.push(Person { erasure: Order::None, token: None });
        self.persons.len() - 1
    }

    /// A new event about this person; gives its place in the list.
    pub fn event(&mut self, person: usize) -> usize {
        let id = format!("msg_{}", self.events.len());
        let body = body(&id, person);
        self.events.push(Event { id, person, body, answer: None, round: self.rounds });
        self.events.len() - 1
    }

    /// Enters the gateway's 2xx to an event. Two different ids for one event are a loss if the first is from an earlier
    /// process, else a double.
    pub fn accepted(&mut self, number: usize, event_id: &str) {
        let event = &mut self.events[number];
        match event.answer.as_deref() {
            None => event.answer = Some(event_id.to_owned()),
            Some(known) if known == event_id => self.repeats += 1,
            Some(known) => {
                let words = format!("{}: {known} of round {}, now {event_id}", event.id, event.round);
                if event.round < self.rounds {
                    self.lost += 1;
                } else {
                    self.doubled += 1;
                }
                self.wrong(words);
            }
        }
    }
}

/// The document of an event.
pub fn body(id: &str, person: usize) -> String {
    serde_json::json!({
        "candidate": { "email": format!("person{person}@example.org"), "name": format!("Person {person}") },
        "job": { "id": id },
    })
    .to_string()
}
