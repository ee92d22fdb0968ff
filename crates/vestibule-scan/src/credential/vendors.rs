//! How vendors' keys look: a literal beginning, what may follow it and how much of it.
//!
//! A table and one matcher; no regular expression runs over a text. Publishable keys are not in it: they are made to be seen.

/// The characters that follow the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// `0-9a-f`
    Hex,
    /// `0-9A-Za-z`
    Alnum,
    /// `0-9A-Z`
    Upper,
    /// `0-9A-Za-z_-`
    Url,
    /// `0-9A-Za-z_-.`
    Dotted,
    /// `0-9A-Za-z+/=_-.`
    Base64,
}

impl Body {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b'A'..=b'F'),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Upper => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'='),
        }
    }
}

/// One form of key.
#[derive(Debug)]
pub(super) struct Pattern {
    /// How it begins.
    pub(super) prefix: &'static str,
    body: Body,
    least: usize,
    most: usize,
    /// Unmistakable wherever it stands; others count only where a credential belongs.
    pub(super) anywhere: bool,
    /// As in [`crate::vendor`].
    pub(super) vendor: &'static str,
    /// As people call it.
    pub(super) label: &'static str,
}

const fn at(
    prefix: &'static str,
    body: Body,
    (least, most): (usize, usize),
    vendor: &'static str,
    label: &'static str,
) -> Pattern {
    Pattern { prefix, body, least, most, anywhere: true, vendor, label }
}

const fn named(
    prefix: &'static str,
    body: Body,
    (least, most): (usize, usize),
    vendor: &'static str,
    label: &'static str,
) -> Pattern {
    Pattern { prefix, body, least, most, anywhere: false, vendor, label }
}

/// Longer beginnings before shorter ones that they begin with.
pub(super) static PATTERNS: &[Pattern] = &[
    at("sk-proj-", Body::Url, (20, 220), "openai", "OpenAI API key"),
    at("sk-svcacct-", Body::Url, (20, 220), "openai", "OpenAI service account key"),
    at("sk-admin-", Body::Url, (20, 220), "openai", "OpenAI admin key"),
    at("sk-ant-", Body::Url, (20, 140), "anthropic", "Anthropic API key"),
    at("sk-or-v1-", Body::Hex, (32, 64), "openrouter", "OpenRouter API key"),
    at("sk-or-", Body::Url, (24, 100), "openrouter", "OpenRouter API key"),
    at("sk-lf-", Body::Url, (30, 40), "langfuse", "Langfuse secret key"),
    at("sk-", Body::Alnum, (20, 64), "openai", "API key of the form that OpenAI and DeepSeek use"),
    at("sk_live_", Body::Alnum, (16, 120), "stripe", "Stripe secret key"),
    at("sk_test_", Body::Alnum, (16, 120), "stripe", "Stripe test key"),
    at("rk_live_", Body::Alnum, (16, 120), "stripe", "Stripe restricted key"),
    at("rk_test_", Body::Alnum, (16, 120), "stripe", "Stripe restricted test key"),
    at("whsec_", Body::Base64, (20, 90), "webhook", "webhook signing secret"),
    named("sk_", Body::Url, (24, 100), "elevenlabs", "API key of the form that ElevenLabs uses"),
    at("AIza", Body::Url, (33, 39), "google", "Google API key"),
    at("GOCSPX-", Body::Url, (20, 40), "google", "Google OAuth client secret"),
    at("ya29.", Body::Url, (40, 2000), "google", "Google access token"),
    at("1//0", Body::Url, (40, 120), "google", "Google refresh token"),
    at("AQ.Ab8", Body::Url, (30, 80), "google", "Google API key"),
    at("AKIA", Body::Upper, (16, 16), "aws", "AWS access key id"),
    at("ASIA", Body::Upper, (16, 16), "aws", "AWS temporary access key id"),
    at("github_pat_", Body::Url, (50, 100), "github", "GitHub token"),
    at("ghp_", Body::Alnum, (30, 40), "github", "GitHub token"),
    at("gho_", Body::Alnum, (30, 40), "github", "GitHub OAuth token"),
    at("ghu_", Body::Alnum, (30, 40), "github", "GitHub user token"),
    at("ghs_", Body::Alnum, (30, 40), "github", "GitHub server token"),
    at("glpat-", Body::Dotted, (18, 80), "gitlab", "GitLab token"),
    at("glptt-", Body::Alnum, (30, 60), "gitlab", "GitLab trigger token"),
    at("gldt-", Body::Url, (18, 40), "gitlab", "GitLab deploy token"),
    at("xoxb-", Body::Url, (20, 120), "slack", "Slack bot token"),
    at("xoxp-", Body::Url, (20, 120), "slack", "Slack user token"),
    at("xoxa-", Body::Url, (20, 120), "slack", "Slack token"),
    at("xoxe-", Body::Url, (20, 200), "slack", "Slack refresh token"),
    at("xoxe.xoxp-", Body::Url, (20, 250), "slack", "Slack token"),
    at("xapp-1-", Body::Url, (20, 150), "slack", "Slack app token"),
    at("SG.", Body::Dotted, (60, 70), "sendgrid", "SendGrid API key"),
    named("key-", Body::Hex, (32, 32), "mailgun", "Mailgun API key"),
    at("xkeysib-", Body::Url, (50, 100), "brevo", "Brevo API key"),
    at("xsmtpsib-", Body::Url, (50, 100), "brevo", "Brevo SMTP key"),
    named("re_", Body::Url, (20, 50), "resend", "Resend API key"),
    at("mlsn.", Body::Hex, (50, 80), "mailersend", "MailerSend token"),
    at("pat-na1-", Body::Url, (32, 40), "hubspot", "HubSpot access token"),
    at("pat-na2-", Body::Url, (32, 40), "hubspot", "HubSpot access token"),
    at("pat-eu1-", Body::Url, (32, 40), "hubspot", "HubSpot access token"),
    at("ntn_", Body::Alnum, (40, 60), "notion", "Notion token"),
    named("secret_", Body::Alnum, (40, 50), "notion", "Notion token"),
    at("lin_api_", Body::Alnum, (30, 50), "linear", "Linear API key"),
    at("shpat_", Body::Alnum, (30, 34), "shopify", "Shopify access token"),
    at("shpca_", Body::Alnum, (30, 34), "shopify", "Shopify access token"),
    at("shppa_", Body::Alnum, (30, 34), "shopify", "Shopify app password"),
    at("shpss_", Body::Alnum, (30, 34), "shopify", "Shopify shared secret"),
    at("hf_", Body::Alnum, (30, 40), "huggingface", "Hugging Face token"),
    at("r8_", Body::Alnum, (30, 40), "replicate", "Replicate token"),
    at("gsk_", Body::Alnum, (40, 60), "groq", "Groq API key"),
    at("xai-", Body::Alnum, (60, 90), "xai", "xAI API key"),
    at("pplx-", Body::Alnum, (40, 60), "perplexity", "Perplexity API key"),
    at("fc-", Body::Hex, (32, 32), "firecrawl", "Firecrawl API key"),
    at("tvly-", Body::Url, (24, 60), "tavily", "Tavily API key"),
    at("apify_api_", Body::Alnum, (28, 44), "apify", "Apify token"),
    at("pcsk_", Body::Url, (40, 80), "pinecone", "Pinecone API key"),
    at("jina_", Body::Url, (40, 70), "jina", "Jina API key"),
    at("nvapi-", Body::Url, (50, 80), "nvidia", "NVIDIA API key"),
    at("dop_v1_", Body::Hex, (60, 66), "digitalocean", "DigitalOcean token"),
    at("npm_", Body::Alnum, (36, 36), "npm", "npm token"),
    at("pypi-AgE", Body::Url, (50, 250), "pypi", "PyPI token"),
    at("dckr_pat_", Body::Url, (24, 40), "docker", "Docker Hub token"),
    at("sbp_", Body::Hex, (40, 44), "supabase", "Supabase token"),
    at("sb_secret_", Body::Url, (24, 50), "supabase", "Supabase secret key"),
    at("ATATT3x", Body::Base64, (80, 240), "atlassian", "Atlassian API token"),
    at("ATTA", Body::Hex, (64, 76), "trello", "Trello token"),
    at("figd_", Body::Url, (36, 60), "figma", "Figma token"),
    at("CFPAT-", Body::Url, (40, 50), "contentful", "Contentful token"),
    at("hvs.", Body::Url, (24, 130), "vault", "Vault token"),
    at("dapi", Body::Hex, (32, 34), "databricks", "Databricks token"),
    at("glsa_", Body::Url, (36, 50), "grafana", "Grafana service account token"),
    at("glc_", Body::Base64, (60, 200), "grafana", "Grafana Cloud token"),
    at("sntrys_", Body::Base64, (60, 250), "sentry", "Sentry token"),
    at("NRAK-", Body::Upper, (27, 27), "newrelic", "New Relic key"),
    at("PMAK-", Body::Url, (50, 70), "postman", "Postman API key"),
    at("lsv2_pt_", Body::Url, (32, 50), "langchain", "LangSmith key"),
    at("EAA", Body::Alnum, (90, 400), "meta", "Meta access token"),
    at("IGQV", Body::Url, (60, 400), "meta", "Instagram access token"),
    at("IGAA", Body::Url, (60, 400), "meta", "Instagram access token"),
    at("sq0atp-", Body::Url, (22, 22), "square", "Square token"),
    at("sq0csp-", Body::Url, (43, 43), "square", "Square secret"),
    at("EAAA", Body::Url, (60, 64), "square", "Square access token"),
    at("rzp_live_", Body::Alnum, (14, 14), "razorpay", "Razorpay key id"),
    at("FLWSECK-", Body::Url, (30, 60), "flutterwave", "Flutterwave secret key"),
    at("FLWSECK_TEST-", Body::Url, (30, 60), "flutterwave", "Flutterwave test key"),
    at("tfp_", Body::Url, (40, 70), "typeform", "Typeform token"),
    at("pscale_tkn_", Body::Url, (30, 60), "planetscale", "PlanetScale token"),
    at("napi_", Body::Alnum, (60, 70), "neon", "Neon API key"),
    at("phx_", Body::Alnum, (40, 60), "posthog", "PostHog personal key"),
    at("ctp_", Body::Alnum, (40, 60), "cal", "Cal.com key"),
    at("cal_live_", Body::Hex, (30, 40), "cal", "Cal.com API key"),
    at("vercel_", Body::Alnum, (24, 60), "vercel", "Vercel token"),
    at("sl.", Body::Url, (120, 1200), "dropbox", "Dropbox token"),
    at("lip_", Body::Alnum, (20, 30), "lichess", "Lichess token"),
    at("AGE-SECRET-KEY-1", Body::Upper, (58, 58), "age", "age private key"),
    at("fo1_", Body::Url, (40, 50), "fly", "Fly.io token"),
    at("rnd_", Body::Alnum, (28, 36), "render", "Render API key"),
    at("pul-", Body::Hex, (40, 40), "pulumi", "Pulumi token"),
    at("doo_v1_", Body::Hex, (60, 66), "digitalocean", "DigitalOcean OAuth token"),
    at("sgp_", Body::Hex, (40, 60), "sourcegraph", "Sourcegraph token"),
    at("CLOJARS_", Body::Hex, (60, 60), "clojars", "Clojars token"),
    named("pk_", Body::Url, (38, 50), "clickup", "ClickUp token"),
    named("pat", Body::Dotted, (70, 90), "airtable", "Airtable access token"),
    named("ck_", Body::Hex, (40, 40), "woocommerce", "WooCommerce consumer key"),
    named("cs_", Body::Hex, (40, 40), "woocommerce", "WooCommerce consumer secret"),
    named("app-", Body::Alnum, (24, 24), "dify", "Dify app key"),
];

/// Keys that vendors make to be seen: for browsers, for forms, for whoever wants to verify.
const PUBLIC: &[&str] = &[
    "pk_live_",
    "pk_test_",
    "sb_publishable_",
    "pk.eyJ",
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ecdsa-sha2-",
    "rzp_test_",
    "-----BEGIN CERT",
    "-----BEGIN PUBLIC",
    "phc_",
];

/// Whether a value is made to be seen.
pub(super) fn is_public(value: &str) -> bool {
    PUBLIC.iter().any(|prefix| value.starts_with(prefix))
}

/// The key that begins at the start of `text`, and its length.
pub(super) fn at_start(text: &str, anywhere_only: bool) -> Option<(&'static Pattern, usize)> {
    PATTERNS
        .iter()
        .filter(|pattern| pattern.anywhere || !anywhere_only)
        .find_map(|pattern| Some((pattern, pattern.matches(text)?)))
}

impl Pattern {
    /// The length of the key of this form that begins at the start of `text`.
    pub(super) fn matches(&self, text: &str) -> Option<usize> {
        let rest = text.strip_prefix(self.prefix)?;
        let length = rest.bytes().take(self.most + 1).take_while(|byte| self.body.has(*byte)).count();
        (self.least..=self.most).contains(&length).then(|| {
            // a full stop or a hyphen at the end belongs to the sentence
            let taken = rest.get(..length).unwrap_or_default().trim_end_matches(['.', '-']);
            self.prefix.len() + taken.len()
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_key_has_its_beginning_and_its_length() {
        let (pattern, length) = at_start("gsk_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4 rest", true).expect("a key");
        assert_eq!((pattern.vendor, length), ("groq", 52));
        assert!(at_start("gsk_short", true).is_none());
        assert!(at_start("AKIAA1B2C3D4E5F6G7H8I9", true).is_none(), "too long");
        assert!(at_start("key-0123456789abcdef0123456789abcdef", true).is_none(), "only where a credential belongs");
        assert!(at_start("key-0123456789abcdef0123456789abcdef", false).is_some());
    }

    #[test]
    fn no_form_is_hidden_by_an_earlier_one() {
        for (index, pattern) in PATTERNS.iter().enumerate() {
            let hidden = PATTERNS.iter().take(index).any(|earlier| pattern.prefix == earlier.prefix);
            assert!(!hidden, "{}", pattern.prefix);
            assert!(pattern.least <= pattern.most, "{}", pattern.prefix);
        }
    }
}
