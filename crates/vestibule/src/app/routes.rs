//! Routes: a configuration compiled into what the two paths look things up in. Immutable; swapped whole on reload.

use super::LoadError;
use super::destination::Destination;
use super::secrets::{self, SecretText};
use crate::config::{self, Config};
use std::collections::HashMap;
use std::sync::Arc;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::document::{Matcher, MatcherError};
use vestibule_core::id::Mode;
use vestibule_core::outgoing::{Addressed, Named, Places};
use vestibule_core::policy::addressee::Addressees;
use vestibule_core::policy::call::CallPattern;
use vestibule_core::policy::{self, Carrier, Opens, Place};
use vestibule_core::protect::{Derive, Otherwise, Rule, Rules, Treatment};
use vestibule_core::scheme::{self, SignatureScheme};
use vestibule_core::secret::Secret;

/// Everything the data listener knows of the configuration.
pub struct Routes {
    /// Routes in, by exact path.
    pub inbound: HashMap<String, Arc<InRoute>>,
    /// Destinations, by name.
    pub outbound: HashMap<String, Arc<OutRoute>>,
    /// When each workflow ends, by name.
    pub workflows: HashMap<String, Option<Timestamp>>,
    /// The domain of e-mail tokens.
    pub token_domain: String,
}

/// Places with the values of which each must hold one.
pub type Conditions = Vec<(Matcher, Vec<config::Scalar>)>;

/// A route in.
pub struct InRoute {
    /// Its name.
    pub name: String,
    /// Test or live.
    pub mode: Mode,
    /// Within which people are matched.
    pub realm: String,
    /// Whose ids the source's identifiers of people are, see [`config::Inbound::sender`].
    pub sender: String,
    /// How the source proves authorship.
    pub scheme: Box<dyn SignatureScheme>,
    /// The secrets any of which may have signed.
    pub secrets: Vec<Secret<Vec<u8>>>,
    /// Allowed difference of the clocks.
    pub tolerance: Span,
    /// Networks requests may come from; empty: any.
    pub addresses: Vec<config::Cidr>,
    /// Conditions, all of which must hold.
    pub when: Conditions,
    /// Where the source's identifier of the person stands.
    pub subject_id: Option<Matcher>,
    /// Where the person's e-mail address stands.
    pub subject_email: Option<Matcher>,
    /// What happens to each value.
    pub rules: Rules,
    /// How long a held event waits.
    pub hold: Option<Span>,
    /// Largest body in bytes.
    pub max_body: usize,
    /// Where the protected event goes.
    pub deliver: Option<Deliver>,
}

/// Where a protected event goes.
pub struct Deliver {
    /// The workflow that receives it.
    pub workflow: String,
    /// Whether a refusal of the platform is final (Make and Zapier mean it).
    pub strict_platform: bool,
    /// The platform's webhook.
    pub destination: Destination,
    /// The path and query of the webhook: a secret.
    pub path: SecretText,
    /// A header the platform asks for.
    pub header: Option<(http::HeaderName, SecretText)>,
    /// The configured signing key; without one the key store's is used.
    pub signing: Option<Secret<Vec<u8>>>,
}

/// A destination and who may call it.
pub struct OutRoute {
    /// Its name.
    pub name: String,
    /// Where live calls go.
    pub live: Destination,
    /// Where test calls go.
    pub test: Option<Destination>,
    /// Largest answer in bytes.
    pub max_answer: usize,
    /// Who may call what.
    pub grants: Vec<policy::Grant>,
    /// What belongs to each grant, in the same order.
    pub details: Vec<GrantDetail>,
}

/// The parts of a grant that the decision does not need.
pub struct GrantDetail {
    /// Where tokens may stand.
    pub places: Places,
    /// Where addressees stand, in the order of the grant's conditions.
    pub addressed: Addressed,
    /// What passes of the answer.
    pub answer: AnswerRules,
    /// A number that changes when the grant does.
    pub revision: u64,
}

/// What passes of an answer.
pub struct AnswerRules {
    /// The kept places, and what happens to the rest.
    pub rules: Rules,
    /// The type of each kept place, in the order of the rules.
    pub types: Vec<config::JsonType>,
    /// How long tokenized values are kept; none where the rest is dropped.
    pub retention: Option<Span>,
}

impl Routes {
    /// Compiles a checked configuration; secrets are read here.
    pub fn compile(config: &Config) -> Result<Routes, LoadError> {
        let mut routes = Routes {
            inbound: HashMap::new(),
            outbound: HashMap::new(),
            workflows: config.workflows.iter().map(|workflow| (workflow.name.clone(), workflow.expires)).collect(),
            token_domain: config.server.token_domain.clone(),
        };
        for inbound in &config.inbound {
            let route = InRoute::compile(inbound, config).map_err(|error| error.at(format!("[in.{}]", inbound.name)))?;
            routes.inbound.insert(inbound.path.clone(), Arc::new(route));
        }
        for outbound in &config.outbound {
            let route = OutRoute::compile(outbound).map_err(|error| error.at(format!("[out.{}]", outbound.name)))?;
            routes.outbound.insert(outbound.name.clone(), Arc::new(route));
        }
        Ok(routes)
    }

    /// The route in with this name.
    pub fn inbound_named(&self, name: &str) -> Option<&Arc<InRoute>> {
        self.inbound.values().find(|route| route.name == name)
    }
}

impl InRoute {
    fn compile(from: &config::Inbound, config: &Config) -> Result<InRoute, LoadError> {
        let (scheme, references, tolerance) = scheme(&from.verify);
        let secrets = references
            .iter()
            .map(|reference| {
                let text = secrets::resolve(reference)?;
                let key = scheme
                    .key_bytes(text.expose())
                    .map_err(|why| LoadError::Secret { reference: reference.to_string(), why: why.into() })?;
                Ok(Secret::new(key))
            })
            .collect::<Result<_, LoadError>>()?;
        let hold = match from.otherwise {
            config::Otherwise::Hold { days } => Some(Span::days(i64::from(days))),
            config::Otherwise::Drop | config::Otherwise::Tokenize => None,
        };
        let one = |path: &Option<_>| path.as_ref().map(|path| Matcher::compile(std::slice::from_ref(path))).transpose();
        Ok(InRoute {
            name: from.name.clone(),
            mode: from.mode,
            realm: from.realm.clone(),
            sender: from.sender(),
            scheme,
            secrets,
            tolerance,
            addresses: from.addresses.clone(),
            when: when(from)?,
            subject_id: one(&from.subject.id)?,
            subject_email: one(&from.subject.email)?,
            rules: rules(from)?,
            hold,
            max_body: usize::try_from(from.max_body).unwrap_or(usize::MAX),
            deliver: from.deliver.as_ref().map(|deliver| Deliver::compile(deliver, config)).transpose()?,
        })
    }
}

impl Deliver {
    fn compile(from: &config::Deliver, config: &Config) -> Result<Deliver, LoadError> {
        let url = secrets::resolve(&from.url)?;
        let (destination, path) = Destination::webhook(&from.url, &url, from.timeout, from.address, from.ca.as_deref())?;
        let header = match &from.header {
            None => None,
            Some((name, reference)) => {
                let name = http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| LoadError::Secret {
                    reference: reference.to_string(),
                    why: "the header's name is not one that HTTP allows".into(),
                })?;
                Some((name, secrets::resolve(reference)?))
            }
        };
        let signing = match &from.signing {
            None => None,
            Some(reference) => {
                let text = secrets::resolve(reference)?;
                let key = scheme::StandardWebhooks
                    .key_bytes(text.expose())
                    .map_err(|why| LoadError::Secret { reference: reference.to_string(), why: why.into() })?;
                Some(Secret::new(key))
            }
        };
        let platform = config.workflow(&from.workflow).map(|workflow| workflow.platform);
        Ok(Deliver {
            workflow: from.workflow.clone(),
            strict_platform: matches!(platform, Some(config::Platform::Make | config::Platform::Zapier)),
            destination,
            path,
            header,
            signing,
        })
    }
}

impl OutRoute {
    fn compile(from: &config::Outbound) -> Result<OutRoute, LoadError> {
        let mut route = OutRoute {
            name: from.name.clone(),
            live: Destination::compile(&from.live, from)?,
            test: from.test.as_ref().map(|test| Destination::compile(test, from)).transpose()?,
            max_answer: usize::try_from(from.max_answer).unwrap_or(usize::MAX),
            grants: Vec::new(),
            details: Vec::new(),
        };
        for grant in &from.grants {
            let (rule, detail) = compile_grant(grant)?;
            route.grants.push(rule);
            route.details.push(detail);
        }
        Ok(route)
    }
}

/// The rules of a route in: what happens to each value. Needs no secret.
pub fn rules(from: &config::Inbound) -> Result<Rules, MatcherError> {
    let rules: Vec<Rule> =
        from.fields.iter().map(|field| Rule { path: field.path.clone(), treatment: field.treatment }).collect();
    let derive: Vec<Derive> = from
        .derive
        .iter()
        .map(|item| Derive { name: item.name.clone(), function: item.function, path: item.path.clone() })
        .collect();
    let otherwise = match from.otherwise {
        config::Otherwise::Drop => Otherwise::Drop,
        config::Otherwise::Tokenize => Otherwise::Tokenize,
        config::Otherwise::Hold { .. } => Otherwise::Hold,
    };
    Rules::compile(&rules, otherwise, &derive)
}

/// The conditions of a route in. Needs no secret.
pub fn when(from: &config::Inbound) -> Result<Conditions, MatcherError> {
    let conditions = from.when.iter();
    conditions.map(|item| Ok((Matcher::compile(std::slice::from_ref(&item.path))?, item.any_of.clone()))).collect()
}

fn compile_grant(from: &config::Grant) -> Result<(policy::Grant, GrantDetail), LoadError> {
    let call = CallPattern::parse(&format!("{} {}", from.method, from.path))?;
    let mut named = Vec::new();
    let mut places = Vec::new();
    let mut add = |carrier, name: String, categories: &[u16], spot| {
        places.push(Place { carrier, name, opens: Opens::Categories(categories.to_vec()) });
        named.push(spot);
    };
    for place in &from.reveal {
        add(Carrier::Body, place.path.to_string(), &place.categories, Named::Body(place.path.clone()));
    }
    for place in &from.in_text {
        add(Carrier::Text, place.path.to_string(), &place.categories, Named::Text(place.path.clone()));
    }
    for place in &from.reveal_query {
        add(Carrier::Query, place.name.clone(), &place.categories, Named::Query(place.name.clone()));
    }
    for place in &from.reveal_header {
        add(Carrier::Header, place.name.clone(), &place.categories, Named::Header(place.name.clone()));
    }
    for place in &from.reveal_path {
        if let Some(position) = call.position(&place.name) {
            add(Carrier::Path, place.name.clone(), &place.categories, Named::Path(position));
        }
    }
    let conditions = from.conditions.iter().map(|condition| addressees(&condition.any_of)).collect();
    let paths: Vec<_> = from.conditions.iter().map(|condition| condition.path.clone()).collect();
    let kept: Vec<Rule> =
        from.answer.keep.iter().map(|(path, _)| Rule { path: path.clone(), treatment: Treatment::Keep }).collect();
    let (otherwise, retention) = match from.answer.otherwise {
        config::AnswerOtherwise::Drop => (Otherwise::Drop, None),
        config::AnswerOtherwise::Tokenize { retention } => (Otherwise::Tokenize, Some(retention)),
    };
    let answer = AnswerRules {
        rules: Rules::compile(&kept, otherwise, &[])?,
        types: from.answer.keep.iter().map(|(_, kind)| *kind).collect(),
        retention,
    };
    let revision = revision(&format!("{from:?}"));
    let grant =
        policy::Grant { workflow: from.workflow.clone(), call, places, conditions, expires: from.expires, batch: from.batch };
    Ok((grant, GrantDetail { places: Places::compile(&named)?, addressed: Addressed::compile(&paths)?, answer, revision }))
}

fn scheme(verify: &config::Verify) -> (Box<dyn SignatureScheme>, &[config::SecretRef], Span) {
    match verify {
        config::Verify::StandardWebhooks { secrets, tolerance } => (Box::new(scheme::StandardWebhooks), secrets, *tolerance),
        config::Verify::Hmac(hmac) => {
            let scheme = scheme::HmacBody {
                header: hmac.header.clone(),
                algorithm: hmac.algorithm,
                encoding: hmac.encoding,
                prefix: hmac.prefix.clone(),
                timestamp_header: hmac.timestamp_header.clone(),
            };
            (Box::new(scheme), &hmac.secrets, hmac.tolerance)
        }
        config::Verify::Bearer { secrets } => {
            (Box::new(scheme::StaticKey { header: "authorization".into(), bearer: true }), secrets, scheme::TOLERANCE)
        }
        config::Verify::Header { name, secrets } => {
            (Box::new(scheme::StaticKey { header: name.clone(), bearer: false }), secrets, scheme::TOLERANCE)
        }
    }
}

fn addressees(any_of: &[config::Addressee]) -> Addressees {
    let mut out = Addressees { same_subject: false, domains: Vec::new(), addresses: Vec::new() };
    for item in any_of {
        match item {
            config::Addressee::SameSubject => out.same_subject = true,
            config::Addressee::Domain(domain) => out.domains.push(domain.clone()),
            config::Addressee::Address(address) => out.addresses.push(address.clone()),
        }
    }
    out
}

/// A number for the text of a grant; equal grants have equal numbers within one build.
fn revision(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
