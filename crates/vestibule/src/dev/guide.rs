//! What to try next: curl lines, and where things go in Make, Zapier and n8n.

use super::setup::Trial;

/// The lines printed below the three views. `token` is one of the round's own, if a call with it would be granted.
pub fn text(trial: &Trial, token: Option<&str>) -> String {
    let (url, folder) = (trial.url(), trial.folder().display());
    let (key, anything) = (trial.key(), trial.anything_key());
    let token = token.unwrap_or("vt1...");
    let program = crate::system::program();
    format!(
        r#"
TRY NEXT (this trial runs until Ctrl-C; nothing here leaves the machine)

  your own JSON in: everything in it is tokenized, delivered, forwarded, and opened for the stand-in ATS
    curl --cacert {folder}/ca.pem {url}/anything \
      -H 'Authorization: Bearer {anything}' -H 'Content-Type: application/json' \
      -d '{{"name":"Your Name","salary":52000}}'

  a call out, as a workflow: the answer is the id alone; try another token, another field, another path
    curl --cacert {folder}/ca.pem {url}/out/ats/candidates \
      -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
      -d '{{"first_name":"{token}"}}'

  what stands behind a token, and what the log says
    {program} whois {token} --config {folder}/vestibule.toml
    {program} log verify --config {folder}/vestibule.toml

WHERE THE KEY GOES

  Make, module HTTP "Make a request"     URL            {url}/out/ats/candidates
                                         Method         POST
                                         Headers        Authorization = Bearer {key}
                                         Body type      Raw, content type JSON (application/json)
                                         Body           tokens mapped from the webhook module, as if they were values
  Zapier, "Webhooks by Zapier" POST      URL as above; Payload Type json; Headers: Authorization | Bearer {key}
  n8n, node "HTTP Request"               Method POST, URL as above; Authentication: Generic, Header Auth,
                                         Name Authorization, Value Bearer {key}; Send Body: JSON

  Make and Zapier run elsewhere: they reach a gateway with a public address (`vestibule init`, `vestibule serve`). An n8n
  on this machine can call this one.
  The platform keeps that key and nothing else: it opens tokens only inside this gateway, only for this call.
  The configuration of this trial: {folder}/vestibule.toml

"#
    )
}
