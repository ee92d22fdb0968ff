//! Documents in which every name, text and number carries a mark.

/// Stands in every mark, so that one search finds them all, and parts of them.
pub const CORE: &str = "zq7xwv3k";
/// Stands in every marked number.
pub const DIGITS: &str = "739115046";

/// Makes marked documents; the same ones in every run.
pub struct Documents {
    state: u64,
    /// How many marks were given out.
    pub marks: u32,
}

impl Documents {
    pub fn new() -> Documents {
        Documents { state: 0x9e37_79b9_7f4a_7c15, marks: 0 }
    }

    /// A mark of 12 characters that was never given out.
    pub fn mark(&mut self) -> String {
        self.marks += 1;
        let mut rest = self.marks;
        let mut tail = [b'0'; 4];
        for place in tail.iter_mut().rev() {
            *place = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
            rest /= 36;
        }
        format!("{CORE}{}", String::from_utf8_lossy(&tail))
    }

    /// A number of 12 digits that was never given out.
    pub fn number(&mut self) -> String {
        self.marks += 1;
        format!("{DIGITS}{:03}", self.marks % 1000)
    }

    /// The text of a document: top-level scalars and arrays, odd names, deep nesting.
    pub fn document(&mut self) -> String {
        let depth = 1 + self.below(4);
        self.value(depth)
    }

    fn value(&mut self, depth: u64) -> String {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 | 1 => self.text(),
            2 => self.number(),
            3 => ["true", "false", "null", "\"\"", "[]", "{}"][self.below(6) as usize].to_owned(),
            4 => format!("-{}", self.number()),
            5 => self.list(depth, '[', ']', |documents, depth| documents.value(depth)),
            _ => self.list(depth, '{', '}', |documents, depth| {
                let name = documents.name();
                format!("{name} : {}", documents.value(depth))
            }),
        }
    }

    fn list(&mut self, depth: u64, open: char, close: char, mut one: impl FnMut(&mut Documents, u64) -> String) -> String {
        let count = self.below(6);
        let items: Vec<String> = (0..count).map(|_| one(self, depth - 1)).collect();
        format!("{open}{}{close}", items.join(", "))
    }

    /// A string, with or without escapes around and inside its mark.
    fn text(&mut self) -> String {
        let mark = self.mark();
        match self.below(4) {
            0 => format!("\"{mark}\""),
            1 => format!("\"Dear {mark},\\n\\u00e4\\ud83d\\ude00\""),
            2 => format!("\"\\u{:04x}{}\"", mark.as_bytes()[0], &mark[1..]),
            _ => format!("\"{mark}@example.org\""),
        }
    }

    fn name(&mut self) -> String {
        let mark = self.mark();
        match self.below(3) {
            0 => format!("\"{mark}\""),
            1 => format!("\"{mark}@example.org\""),
            _ => format!("\"name of {mark} \\\"odd\\\"\""),
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % end
    }
}

/// An application with a mark in every value that may not pass.
pub fn marked_application(documents: &mut Documents) -> String {
    let mut mark = || documents.mark();
    format!(
        r#"{{"consent":{{"given":true}},"candidate":{{"id":"{}","email":"{}@example.org","name":"{} {}","phone":"{}","cv":"{}","country":"DE","health":"{}","photo":"{}"}},"answers":[{{"ref":"salary","value":"{}"}},{{"ref":"{}","value":"{}"}}],"job":{{"id":"J-1"}},"{}":"{}"}}"#,
        mark(),
        mark(),
        mark(),
        mark(),
        mark(),
        mark().repeat(50),
        mark(),
        mark(),
        mark(),
        mark(),
        mark(),
        mark(),
        mark(),
    )
}
