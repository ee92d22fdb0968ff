//! Codes of data going out: keys, grants, tokens and the systems behind. It does not decide anything.

use super::{Problem, problems};

pub(super) static PROBLEMS: &[Problem] = problems! {
    Caller 401 "key.missing" "no workflow key":
        "The call has no Authorization header with a workflow key."
        => "Add the header `Authorization: Bearer vst_…` in the HTTP module; keys never belong into URLs.";
    Caller 401 "key.refused" "key not accepted":
        "The key is malformed, unknown, revoked or expired, or called from an address it may not call from. The owner sees which in `vestibule status`."
        => "Copy the key again, or make a new one with `vestibule keys create`.";
    Owner 401 "key.malformed" "damaged key":
        "The text in the Authorization header is no key of this gateway: its form or its checksum is wrong."
        => "Copy the key again, whole.";
    Owner 401 "key.not_bearer" "key not sent as Bearer":
        "The Authorization header is not the word `Bearer`, a space and a workflow key: it is of another kind, such as Basic, or the key stands there alone."
        => "Send `Authorization: Bearer vst_…`. In Make and n8n that is a header of your own or the credential for a header, not user and password.";
    Owner 401 "key.unknown" "unknown key":
        "The key has the right form, but this gateway never issued it."
        => "Check that the scenario calls the gateway that issued its key.";
    Owner 401 "key.revoked" "revoked key":
        "Somebody still uses a key that was revoked."
        => "Replace the key in the scenario, or find out who calls.";
    Owner 401 "key.expired" "expired key":
        "The key is past its expiry, at most 365 days after it was made."
        => "Make a new key with `vestibule keys create` and replace it in the scenario.";
    Caller 422 "key.in_call" "workflow key in the call":
        "The call holds a workflow key of a gateway outside the Authorization header. It was not sent: the vendor would have got the key."
        => "Remove the key from the place the answer names; it belongs in the Authorization header alone.";
    Caller 403 "workflow.expired" "workflow expired":
        "The workflow is past the date its owner set."
        => "Ask the owner to review the workflow and set a new `expires` in the configuration.";
    Caller 403 "workflow.unknown" "workflow no longer configured":
        "The key belongs to a workflow that is not in the configuration any more."
        => "Ask the operator; a removed workflow takes its keys with it.";
    Caller 403 "grant.none" "no grant for this call":
        "No grant of this destination names this workflow with this method and path. The answer says which grant it would take."
        => "Ask the gateway's operator for the named grant, or call the path that is granted.";
    Caller 403 "grant.expired" "grant expired":
        "The grant for this call is past its date."
        => "Ask the owner to review the grant and set a new `expires` in the configuration.";
    Caller 403 "grant.changed" "grant changed meanwhile":
        "The key, the grant or the person changed while the call was being decided, so nothing was revealed."
        => "Send the call again; it is decided anew.";
    Caller 403 "grant.no_test" "no test destination":
        "A test key never reaches the live system, and this destination has no `test_to`."
        => "Ask for `test_to` of the destination, with a sandbox. A live key is for live events alone: the tokens of a test event do not open for it.";
    Caller 403 "grant.place" "token in a place without a grant":
        "The grant does not name this place, or not for a token in the middle of a longer text, so it is not restored and the call is not sent."
        => "Map the token alone to a place the grant names, or ask for its place to be added to the grant: to `reveal` or `in_text` for the body, `reveal_query`, `reveal_path` or `reveal_header` for query, path and headers.";
    Caller 403 "grant.category" "another category than granted":
        "The place is granted for another kind of data than this token stands for."
        => "Map the right token to this place: for example the e-mail token to the e-mail field.";
    Caller 403 "grant.addressee" "addressee not allowed":
        "The addressee is neither this person nor an address that the grant's `where` allows. Nothing was revealed."
        => "Send to the person's own e-mail token, or ask for the address to be added to `where`.";
    Caller 403 "grant.method" "no grant for this method":
        "The workflow may call this path, but not with this method."
        => "Set the method that the grant names, or ask for a grant.";
    Caller 403 "grant.path" "path outside the grants":
        "The workflow has grants for this destination, but none for this path."
        => "Call a path that is granted, or ask for the grant that the answer names.";
    Caller 400 "path.unsafe" "path not accepted":
        "The path holds `..`, an empty segment, an encoded slash or backslash, or a percent code that is not UTF-8."
        => "Write the path as the vendor documents it and let the module encode values.";
    Caller 422 "value.control_in_place" "value does not fit its place":
        "A restored value holds a line break, NUL or a character that its place cannot carry, and would change the request around it."
        => "Send this value in the body, or correct it at the source.";
    Caller 422 "value.control_in_text" "control character in a text":
        "A value that was to be restored inside a text holds a line break, NUL or another control character."
        => "Correct the value at the source, or reveal it alone in its place.";
    Caller 422 "value.not_scalar" "list or object in a single place":
        "The value behind the token is a list or an object and does not fit this place."
        => "Map the token to a JSON field of its own.";
    Caller 422 "value.not_text" "value is no text":
        "The value behind the token is not a text and does not fit this place."
        => "Map the token to a JSON field of its own.";
    Caller 422 "value.unsafe_in_path" "value unfit for a path":
        "The value is empty or holds a slash, a backslash, dots or a control character, and would lead the call elsewhere."
        => "Send this value in the body, or correct it at the source.";
    Caller 422 "token.damaged" "damaged token":
        "A text begins like a token, but its length or checksum is wrong: a character was lost or changed on the way."
        => "Map the whole token without cutting, splitting or formatting it; look for text functions between the trigger and this module.";
    Caller 422 "token.lookalike" "text that resembles a token":
        "The text holds invisible, full-width or look-alike characters in what would be a token."
        => "Remove the step that reformats text; map the token as it came.";
    Caller 422 "token.foreign" "token of another gateway":
        "The token's checksum is right, but no key of this gateway opens it."
        => "Call the gateway that made the token, or map the token of this gateway's event.";
    Caller 422 "token.unknown" "token without a record":
        "The token was made here, but its record is not in the database: it expired, or the database is an older copy."
        => "Send the event again at the source.";
    Caller 422 "token.erased" "person erased":
        "The person behind the token was erased. Nothing can bring the value back."
        => "Stop working on this person; remove the item from the scenario's lists.";
    Caller 422 "token.expired" "token past its retention":
        "The value behind the token was kept for a set time, which is over."
        => "Fetch the value again from the system it came from.";
    Caller 403 "token.other_workflow" "token of another workflow":
        "The token belongs to events of another workflow and opens only there."
        => "Let the workflow that received the event make this call, or have its route deliver to this workflow.";
    Caller 403 "token.other_mode" "test and live mixed":
        "A test token stands in a live call, or a live token in a test call."
        => "Use a key of the same mode as the event: for a route with `mode = \"test\"` one made with `vestibule keys create --test`, which calls destinations that have `test_to`.";
    Caller 403 "token.second_subject" "two persons in one call":
        "The call holds tokens of more than one person, and its grant is for one person a call."
        => "Send one call a person, or ask for a grant with `batch = true`.";
    Caller 422 "token.too_many" "too many tokens in one call":
        "The call holds more than 4,096 tokens."
        => "Send it in several calls.";
    Caller 409 "idempotency.conflict" "same key, another call":
        "This Idempotency-Key was used within a day for another call."
        => "Use a new key for each new call, for example the run id and the item's position.";
    Caller 409 "idempotency.in_flight" "first call not finished":
        "A call with this Idempotency-Key is still under way."
        => "Wait a moment and send the same call again; it gets the first answer." again;
    Caller 502 "upstream.dns" "destination's name unknown":
        "The host of the destination has no address at the moment."
        => "Check `to` of the destination and this machine's name resolution." again;
    Caller 502 "upstream.address_refused" "destination on a refused address":
        "The host resolves to a private, local or metadata address. Nothing was sent."
        => "If the system really stands there, pin it with `address = \"IP:port\"` in the destination.";
    Caller 502 "upstream.connect" "destination not reachable":
        "No connection to the destination could be opened."
        => "Try again later; check the destination's status page and the way out of this network." again;
    Caller 502 "upstream.tls" "certificate not trusted":
        "The destination's certificate is expired, for another name, or of an unknown authority. Nothing was sent."
        => "Repair the certificate; for an own authority set `ca` of the destination. There is no switch to skip the check.";
    Caller 504 "upstream.timeout" "destination too slow":
        "The destination did not answer in time. Whether it acted on the call is unknown."
        => "Look at the destination whether it acted. A call that only reads can be sent again; one with an Idempotency-Key gets this answer for a day, so send it under a new key once it is certain that nothing came of it. If the destination is slow, raise `timeout_seconds`." again;
    Caller 502 "upstream.redirect" "destination redirects":
        "The destination answered with a redirect. It is never followed: it could lead the data elsewhere."
        => "Set `to` to the address the vendor now documents.";
    Caller 502 "upstream.too_large" "answer too large":
        "The destination's answer is longer than `max_answer`."
        => "Ask for fewer items a page, or raise `max_answer`.";
    Caller 502 "upstream.budget" "no room for the answer":
        "The destination answered, but all bodies in memory together reached `body_budget`, so its answer was not read. The destination may have acted."
        => "Make fewer calls with large answers at once; before a call that writes is sent again, look at the destination whether it acted. The operator can raise `body_budget`.";
    Caller 502 "upstream.too_many_entries" "answer has too many entries":
        "The answer to a call about nobody in particular has more than 4,096 list entries with values to tokenize. Each would be somebody of its own."
        => "Ask for fewer items a page, or keep or drop what the scenario does not need.";
    Caller 502 "upstream.not_json" "answer is not JSON":
        "The destination answered something that is not strict JSON, so it cannot be scrubbed and is not passed on."
        => "Ask the vendor's API for JSON, usually by the header `Accept: application/json`.";
    Caller 502 "upstream.compressed" "answer is compressed":
        "The destination sent a compressed answer although none was asked for."
        => "Ask the vendor to honour `Accept-Encoding: identity`.";
    Caller 502 "upstream.broken" "answer broke off":
        "The destination closed the connection in the middle of its answer. Whether it acted on the call is unknown."
        => "Look at the destination whether it acted. A call that only reads can be sent again; one with an Idempotency-Key gets this answer for a day, so send it under a new key once it is certain that nothing came of it." again;
    Caller 502 "upstream.bad_json" "answer is not strict JSON":
        "The answer claims to be JSON but strict JSON does not accept it, so it cannot be scrubbed and is not passed on."
        => "Report the defect to the vendor; the log names the code of the parser.";
    Caller 502 "upstream.reflected_secret" "answer repeats a secret":
        "The answer holds the credential that the gateway sent with the call. It is not passed on."
        => "Nothing in the scenario; the operator should renew the credential and tell the vendor.";
    Caller 502 "upstream.token_shaped" "answer holds a token":
        "A kept field of the answer holds text that looks like one of this gateway's tokens and is none of the call's. The field is not passed on: the scenario would take it for a value of this answer, and send somebody else's data with its next call."
        => "Nothing in the scenario; ask the vendor how a token came into its data.";
    Caller 502 "upstream.status" "destination refused the call":
        "The destination answered with an error; its status is passed on, and its answer was scrubbed by the rules of the grant."
        => "Read the status in the documentation of the vendor and correct the call. After 401 the operator renews the credential; the scenario has nothing to change.";
    Caller 502 "upstream.request" "call not buildable":
        "The call could not be written as an HTTP request."
        => "Look for odd characters in headers or path of the call.";
    Caller 500 "answer.not_kept" "answer lost after the call":
        "The destination has acted on the call, but the gateway could not protect its answer or keep it, for example because its disk is full. The log says what failed."
        => "Do not send the call again before looking at the destination: what it was to do is done. The operator looks for `call.end` with the request id in the log, and at the journal.";
    Caller 503 "permit.stale" "decision too old":
        "The decision on this call was more than a second old when its values were to be opened, so they were not."
        => "Send the call again." again;
};
