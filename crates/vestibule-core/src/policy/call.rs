//! Calls: the method and path a workflow asks for, and the patterns by which grants name them.
//!
//! A path is taken apart before anything is compared, and a path that could mean two things to two servers is refused
//! instead of being normalised: what was decided on is what is sent.

/// The path of a call below `/out/<name>`, as raw segments that are safe to send on unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPath<'a> {
    segments: Vec<&'a str>,
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path holds `..`, an empty segment, an encoded slash or another character that servers read differently")]
pub struct UnsafePath;

impl<'a> CallPath<'a> {
    /// Takes `/a/b` apart. Refused: `.` and `..` (also percent-encoded), empty segments except one at the end, `\`,
    /// `;`, encoded slashes, backslashes and controls, broken percent-encoding, and anything outside the characters of
    /// RFC 3986, section 3.3.
    pub fn parse(raw: &'a str) -> Result<CallPath<'a>, UnsafePath> {
        let rest = raw.strip_prefix('/').ok_or(UnsafePath)?;
        let segments: Vec<&str> = rest.split('/').collect();
        let last = segments.len().saturating_sub(1);
        for (index, segment) in segments.iter().enumerate() {
            if segment.is_empty() && index != last {
                return Err(UnsafePath);
            }
            check_segment(segment)?;
        }
        Ok(CallPath { segments })
    }

    /// Method and path as a grant would name them, without any value: a method that no grant can have becomes `?`, segments that
    /// are no plain field words become `{id}`.
    pub fn shape(&self, method: &str) -> String {
        let method = METHODS.iter().find(|known| **known == method).unwrap_or(&"?");
        let segment = |segment: &&str| match segment {
            word if crate::names::is_known_name(word) || word.is_empty() => (*word).to_owned(),
            _ => "{id}".to_owned(),
        };
        format!("{method} /{}", self.segments.iter().map(segment).collect::<Vec<_>>().join("/"))
    }

    /// The raw segments.
    pub fn segments(&self) -> &[&'a str] {
        &self.segments
    }
}

/// The methods a grant can have.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// Whether a parameter of this name makes some vendors act as if another method had been sent (Rails, Laravel, Salesforce,
/// OData): with it, what was decided on would not be what happens.
pub fn overrides_method(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "_method",
        "_httpmethod",
        "$httpmethod",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "http_method_override",
    ];
    let name = name.trim();
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A method and a path as a grant names them: `POST /candidates/{id}/notes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPattern {
    /// The method, upper case.
    pub method: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any(String),
}

/// What is wrong with a call in a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallPatternError {
    /// Not of the form `METHOD /path`.
    #[error("a call is a method, a space and a path, such as `POST /candidates`")]
    Shape,
    /// A method that changes nothing we could grant.
    #[error("the method must be GET, HEAD, POST, PUT, PATCH or DELETE")]
    Method,
    /// A path no call could ever have.
    #[error("the path must begin with `/` and hold plain segments or `{{name}}`")]
    Path,
}

impl CallPattern {
    /// Reads `METHOD /path/{any}/more`. `{name}` and `*` stand for exactly one segment.
    pub fn parse(text: &str) -> Result<CallPattern, CallPatternError> {
        let (method, path) = text.split_once(' ').ok_or(CallPatternError::Shape)?;
        if !METHODS.contains(&method) {
            return Err(CallPatternError::Method);
        }
        let rest = path.strip_prefix('/').ok_or(CallPatternError::Path)?;
        let segments = rest
            .split('/')
            .map(|segment| {
                let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                match inner {
                    Some(name) if is_name(name) => Ok(Segment::Any(name.to_owned())),
                    _ if segment == "*" => Ok(Segment::Any("*".to_owned())),
                    _ if segment.contains(['{', '}', '*']) => Err(CallPatternError::Path),
                    _ => Ok(Segment::Literal(segment.to_owned())),
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        if CallPath::parse(&path.replace(['{', '}', '*'], "x")).is_err() {
            return Err(CallPatternError::Path);
        }
        Ok(CallPattern { method: method.to_owned(), segments })
    }

    /// Whether this method and path fall under the pattern.
    pub fn matches(&self, method: &str, path: &CallPath<'_>) -> bool {
        self.method == method && self.matches_path(path)
    }

    /// Whether the path falls under the pattern, whatever the method.
    pub fn matches_path(&self, path: &CallPath<'_>) -> bool {
        self.segments.len() == path.segments.len()
            && self.segments.iter().zip(&path.segments).all(|(mine, theirs)| match mine {
                Segment::Literal(text) => text == theirs,
                Segment::Any(_) => !theirs.is_empty(),
            })
    }

    /// The position of the segment that `{name}` stands for.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.segments.iter().position(|segment| matches!(segment, Segment::Any(any) if any == name))
    }

    /// The segments of a path that the pattern leaves to the caller, by position and decoded.
    pub fn open<'p>(&self, path: &'p CallPath<'_>) -> impl Iterator<Item = (usize, String)> + use<'_, 'p> {
        let pairs = self.segments.iter().zip(&path.segments).enumerate();
        pairs.filter(|(_, (mine, _))| matches!(mine, Segment::Any(_))).map(|(at, (_, theirs))| (at, decoded(theirs)))
    }

    /// Order among patterns that match the same call: a literal beats `{name}` at the first segment where they differ.
    /// Two patterns of equal rank tie, which a configuration may not hold.
    pub fn rank(&self) -> impl Iterator<Item = bool> {
        self.segments.iter().map(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// Whether some call falls under both patterns and neither is more exact.
    pub fn ties(&self, other: &CallPattern) -> bool {
        self.method == other.method
            && self.segments.len() == other.segments.len()
            && self.rank().eq(other.rank())
            && self.segments.iter().zip(&other.segments).all(|pair| match pair {
                (Segment::Literal(a), Segment::Literal(b)) => a == b,
                _ => true,
            })
    }
}

impl std::fmt::Display for CallPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.method)?;
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::Any(name) if name == "*" => write!(f, "/*"),
            Segment::Any(name) => write!(f, "/{{{name}}}"),
        })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn check_segment(segment: &str) -> Result<(), UnsafePath> {
    // decoded: how many bytes, and whether all are dots
    let (mut length, mut only_dots) = (0, true);
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
        let value = match byte {
            b'%' => {
                let high = bytes.next().and_then(hex_digit).ok_or(UnsafePath)?;
                let low = bytes.next().and_then(hex_digit).ok_or(UnsafePath)?;
                (high << 4) | low
            }
            _ if plain => byte,
            _ => return Err(UnsafePath),
        };
        if value < 0x20 || value == 0x7f || b"/\\;".contains(&value) || (byte == b'%' && value == b'%') {
            return Err(UnsafePath);
        }
        length += 1;
        only_dots &= value == b'.';
    }
    if only_dots && (length == 1 || length == 2) {
        return Err(UnsafePath);
    }
    Ok(())
}

/// What a checked segment stands for.
fn decoded(segment: &str) -> String {
    let mut out = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(hex_digit);
        out.push(if byte == b'%' { digit().unwrap_or(0) << 4 | digit().unwrap_or(0) } else { byte });
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn unsafe_paths_are_refused() {
        let bad = [
            "",
            "candidates",
            "/a/../b",
            "/..",
            "/.",
            "/a/./b",
            "//a",
            "/a//b",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/%2e%2e/b",
            "/.%2e",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%00",
            "/a%0d%0ab",
            "/a;b",
            "/a%3bb",
            "/a b",
            "/a?b",
            "/a#b",
            "/ä",
            "/%252e%252e",
            "/a|b",
            "/a\"b",
        ];
        for path in bad {
            assert_eq!(CallPath::parse(path), Err(UnsafePath), "{path}");
        }
        for path in ["/", "/candidates", "/candidates/", "/v1/candidates/12/notes", "/a%20b", "/%C3%A4", "/a...b"] {
            assert!(CallPath::parse(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn patterns_match_segment_by_segment() {
        let pattern = CallPattern::parse("POST /candidates/{id}/notes").unwrap();
        let matches = |method: &str, path: &str| pattern.matches(method, &CallPath::parse(path).unwrap());
        assert!(matches("POST", "/candidates/12/notes"));
        assert!(!matches("GET", "/candidates/12/notes"));
        assert!(!matches("POST", "/candidates/12/notes/"));
        assert!(!matches("POST", "/candidates/12"));
        assert!(!matches("POST", "/candidates/12/notes/3"));
        assert!(!matches("POST", "/Candidates/12/notes"));
        assert_eq!(pattern.position("id"), Some(1));
        let open = |path| pattern.open(&CallPath::parse(path).unwrap()).collect::<Vec<_>>();
        assert_eq!(open("/candidates/a%40b.example/notes"), [(1, "a@b.example".to_owned())]);
        assert_eq!(open("/candidates/%C3%A4%ff+/notes"), [(1, "\u{e4}\u{fffd}+".to_owned())]);
        assert_eq!(pattern.to_string(), "POST /candidates/{id}/notes");
    }

    #[test]
    fn shapes_hold_no_values() {
        let shape = |method, raw| CallPath::parse(raw).unwrap().shape(method);
        assert_eq!(shape("PUT", "/candidates/4711/notes"), "PUT /candidates/{id}/notes");
        assert_eq!(shape("GET", "/dana@example.org"), "GET /{id}");
        assert_eq!(shape("DANA", "/"), "? /");
    }

    #[test]
    fn bad_patterns_are_refused() {
        for bad in [
            "/candidates",
            "POST candidates",
            "post /a",
            "TRACE /a",
            "POST /a/../b",
            "POST /a{b}",
            "POST /{}",
            "POST /a//b",
            "POST /a b",
        ] {
            assert!(CallPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_patterns_of_equal_rank_tie() {
        let parse = |text| CallPattern::parse(text).unwrap();
        assert!(parse("GET /a/{x}").ties(&parse("GET /a/{y}")));
        assert!(!parse("GET /a/{x}").ties(&parse("GET /a/b")));
        assert!(!parse("GET /a/{x}").ties(&parse("POST /a/{x}")));
        assert!(!parse("GET /a/{x}").ties(&parse("GET /b/{x}")));
    }
}
