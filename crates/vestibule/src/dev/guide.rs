//! What to try next: curl lines, and where things go in Make, Zapier and n8n.

use crate::terminal::fill;
use std::path::Path;

/// What the lines are about.
pub struct Guide<'g> {
    /// How this program is called in a shell.
    pub program: String,
    /// The gateway's address.
    pub url: String,
    /// Where everything lies.
    pub folder: &'g Path,
    /// The workflow's key.
    pub key: &'g str,
    /// The key of the route that takes any JSON.
    pub anything: &'g str,
    /// A token of the round's own, if a call with it would be granted.
    pub token: Option<String>,
}

impl Guide<'_> {
    /// The lines printed below the three views, for a page of this width. What is copied is never broken.
    pub fn text(&self, width: usize) -> String {
        let Guide { url, key, anything, program, .. } = self;
        let (folder, token) = (self.folder.display(), self.token.as_deref().unwrap_or("vt1..."));
        let says = |text: &str| fill(text, 2, width);
        let (own, call, look, public, local, keeps) = (
            says(
                "your own JSON in: everything in it is tokenized, delivered, forwarded, and opened for the stand-in ATS; the three \
                 views of it are shown here",
            ),
            says("a call out, as a workflow: the answer is the id alone; try another token, another field, another path"),
            says("what stands behind a token, and what the log says"),
            says(
                "Make and Zapier run elsewhere: they reach a gateway with a public address (`vestibule init`, `vestibule serve`). \
                 An n8n on this machine can call this one. It trusts the trial's certificate if it is started with",
            ),
            says("so leave its check of certificates on."),
            says("The platform keeps that key and nothing else: it opens tokens only inside this gateway, only for this call."),
        );
        let n8n = fill(
            "Method POST, URL as above; Authentication: Generic, Header Auth, name and value as above; Send Body: JSON",
            4,
            width,
        );
        format!(
            r#"
TRY NEXT (this trial runs until Ctrl-C; nothing here leaves the machine)

{own}    curl --cacert {folder}/ca.pem {url}/anything \
      -H 'Authorization: Bearer {anything}' \
      -H 'Content-Type: application/json' \
      -d '{{"name":"Your Name","salary":52000}}'

{call}    curl --cacert {folder}/ca.pem {url}/out/ats/candidates \
      -H 'Authorization: Bearer {key}' \
      -H 'Content-Type: application/json' \
      -d '{{"first_name":"{token}"}}'

{look}    {program} whois {token} \
      --config {folder}/vestibule.toml
    {program} log verify --config {folder}/vestibule.toml

WHERE THE KEY GOES

  Make, module HTTP "Make a request"
    URL     {url}/out/ats/candidates
    Method  POST
    Header  Authorization
    Value   Bearer {key}
    Body    Raw, content type JSON (application/json):
            tokens mapped from the webhook module, as if they were values
  Zapier, "Webhooks by Zapier" POST
    URL, header and value as above; Payload Type json
  n8n, node "HTTP Request"
{n8n}
{public}    NODE_EXTRA_CA_CERTS={folder}/ca.pem
{local}{keeps}  The configuration of this trial:
    {folder}/vestibule.toml

"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_copied_is_longer_than_a_line() {
        let guide = Guide {
            program: "vestibule".into(),
            url: "https://localhost:33821".into(),
            folder: Path::new("/home/somebody/work/trials/of-this-year/keep"),
            key: "vst_test_AamiHeOAYH_57vfyYPQTOW8UNL4nddmxMC9nlDTVPgr2mBf38",
            anything: "try_1966f01ff84f828646450d8642079e00858c2a31b61d8c54",
            token: Some("vt1ky0ss460352f07mnj3vswepasg2nec".into()),
        };
        for width in [80, 100, 120, 160] {
            let text = guide.text(width);
            let long = text.lines().filter(|line| line.chars().count() > width);
            let copied = ["curl ", "-H ", "vestibule ", "--config ", "/home", "NODE_EXTRA"];
            for line in long {
                assert!(copied.iter().any(|start| line.trim_start().starts_with(start)), "{width}: {line}");
            }
            assert!(text.contains("NODE_EXTRA_CA_CERTS=/home/somebody/work/trials/of-this-year/keep/ca.pem\n"));
        }
    }
}
