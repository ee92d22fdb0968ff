//! Codes of data coming in: requests, sources, documents and deliveries. It does not check anything.

use super::{Problem, problems};

pub(super) static PROBLEMS: &[Problem] = problems! {
    Caller 401 "request.unauthorized" "not authorised":
        "The request did not prove where it comes from. Nobody is told which check failed; the owner sees the reason in `vestibule status`."
        => "Check the signing secret or key at the sender, and that its clock is right.";
    Caller 404 "request.unknown_route" "no such route":
        "No route of this gateway has this path."
        => "Compare the path with `path` of the [in.NAME] table or with /out/NAME/… of the [out.NAME] table.";
    Caller 405 "request.method" "method not allowed":
        "Data comes in by POST only; calls go out with the methods of their grants."
        => "Set the method of the module or webhook to the one the route has.";
    Caller 413 "request.too_large" "body too large":
        "The body is longer than the route allows, 10 MiB unless set."
        => "Send less, for example a link instead of a file, or raise `max_body` of the route.";
    Caller 503 "request.budget" "too many large bodies at once":
        "All requests together hold as much memory as `limits.body_budget` allows."
        => "Send again in a minute; if it happens often, raise `limits.body_budget`." again;
    Caller 408 "request.slow" "request not finished in time":
        "The headers or the body did not arrive within the time limit."
        => "Send again; if it happens often, look at the sender's connection." again;
    Caller 400 "request.broken" "broken request":
        "The request ended early, or its framing contradicts itself."
        => "Send the whole body with one correct Content-Length, or chunked to its end.";
    Caller 415 "request.content_type" "content type not accepted":
        "The body is neither application/json nor, for calls out, application/x-www-form-urlencoded."
        => "Set the content type of the module or webhook to application/json.";
    Caller 415 "request.compressed" "compressed body":
        "A compressed body is refused: what was signed and what would be read could differ."
        => "Switch off compression (Content-Encoding) at the sender.";
    Caller 400 "request.duplicate_header" "header sent twice":
        "A header that decides something (signature, time, id, authorization, content type) stands twice in the request."
        => "Send each of these headers once; in a scenario, remove the header that the module adds by itself.";
    Caller 431 "request.headers" "headers too large":
        "The request has more than 64 headers, or they are longer than 16 KiB."
        => "Send fewer or shorter headers.";
    Caller 429 "request.quota" "too many requests":
        "The sender is over the number of requests it may send in a minute."
        => "Slow the scenario down, or spread its runs." again;
    Owner 401 "source.signature_missing" "signature missing":
        "A request to the route had no signature header."
        => "Switch signing on at the source, and compare the header's name with `scheme` of the route.";
    Owner 401 "source.signature_wrong" "signature does not match":
        "The signature was not made over this body with any secret of the route: a wrong secret, an altered body, or a forgery."
        => "Copy the signing secret from the source again; during a rotation list both secrets.";
    Owner 401 "source.credential_wrong" "key does not match":
        "The static key a request brought is none of the route's keys."
        => "Copy the key from the source's settings again; during a rotation list both.";
    Owner 401 "source.time_stale" "signed too long ago":
        "The signed time is further in the past than `tolerance_seconds`: a repeat of an old request, or a wrong clock."
        => "Check both clocks. Senders must sign each attempt with its own time.";
    Owner 401 "source.time_future" "signed in the future":
        "The signed time is further in the future than `tolerance_seconds`."
        => "Check both clocks, the sender's first.";
    Owner 401 "source.time_malformed" "signed time unreadable":
        "The time header is missing or is not 1 to 13 digits."
        => "Compare `timestamp_header` of the route's scheme with what the source sends.";
    Owner 401 "source.id_malformed" "event id unreadable":
        "The event id header is missing, empty, too long or holds a dot or odd characters."
        => "The source must send `webhook-id` as Standard Webhooks has it, or be configured with another scheme.";
    Owner 401 "source.address" "sender's address not listed":
        "A request came from an address outside the route's `addresses`."
        => "Add the source's published ranges to `addresses`, or find out who that was.";
    Caller 409 "event.conflict" "same id, another body":
        "An event with this id was accepted before with another body. The new one has no effect."
        => "The source must give each event an id of its own. If it does, somebody is altering signed requests.";
    Caller 422 "event.token_shaped" "text shaped like a token":
        "The event holds text that looks like one of this gateway's tokens. Sources may not send that: it could be used to fish for somebody else's data."
        => "Remove the token from the data the source sends; tokens belong into calls out.";
    Owner 200 "event.condition" "condition not met":
        "The event does not meet `when` of its route, for example consent was not given. It was answered 200, not stored and not forwarded."
        => "Nothing, if that is intended; otherwise compare `when` with a sample of the source.";
    Caller 422 "event.subject" "subject unreadable":
        "The place that names the person holds no usable text."
        => "Compare `subject` of the route with a sample of the source.";
    Caller 422 "event.too_many_fields" "too many values to protect":
        "The event has more values than one event can hold."
        => "Split the event at the source, or name the large part `drop` in `fields`.";
    Caller 400 "json.syntax" "not JSON":
        "The body is not JSON as RFC 8259 has it. The place is given as line and column."
        => "Build the body with the platform's JSON module instead of pasting values into text.";
    Caller 400 "json.not_utf8" "not UTF-8":
        "The body is not valid UTF-8, or begins with a byte order mark."
        => "Let the sender encode in UTF-8 without a byte order mark.";
    Caller 400 "json.duplicate_name" "member name twice":
        "An object has the same member name twice, so two readers could read two different things."
        => "Send each name once; lists belong into arrays.";
    Caller 400 "json.too_deep" "nested too deeply":
        "Objects and arrays are nested more than 64 deep."
        => "Flatten the document.";
    Caller 400 "json.too_many_nodes" "too many values":
        "The document has more than 200,000 values."
        => "Split the document.";
    Caller 400 "json.lone_surrogate" "broken character":
        "A text holds one half of a surrogate pair, which is no character."
        => "Repair the text at the sender; it was probably cut in the middle of an emoji.";
    Caller 400 "json.nul" "NUL character":
        "A text holds the NUL character, which many systems take for the end of the text."
        => "Remove NUL characters at the sender.";
    Caller 400 "form.syntax" "not a form body":
        "The body is not application/x-www-form-urlencoded: a percent sign without two hexadecimal digits, or text that is not UTF-8."
        => "Let the platform's form or URL-encoded body setting encode the values.";
    Caller 400 "form.nul" "NUL character in a form":
        "A form field holds the NUL character."
        => "Remove NUL characters at the sender.";
    Owner 0 "delivery.refused" "platform refuses the delivery":
        "The platform answered 400, 401, 403 or 404, which for Make and Zapier means that the webhook is gone or wrong. The delivery is in the dead letters."
        => "Repair the webhook and its address, then `vestibule dead redeliver`.";
    Owner 0 "delivery.exhausted" "all attempts failed":
        "Ten attempts over three days failed. The delivery is in the dead letters."
        => "See the last status in `vestibule dead list`, repair the scenario, then `vestibule dead redeliver`.";
    Owner 0 "delivery.gone" "platform wants no more":
        "The platform answered 410. Deliveries of this route are off until somebody switches them on."
        => "Set the new webhook address in the route, then `vestibule dead redeliver`.";
    Owner 0 "delivery.erased" "person erased before delivery":
        "The person of this event was erased while the delivery waited. It can never be delivered."
        => "Nothing: that is what erasure means.";
    Owner 0 "delivery.timeout" "platform did not answer in time":
        "The platform took the delivery but did not answer within the route's timeout. It is tried again."
        => "Let the scenario answer at once and work afterwards, or raise `timeout_seconds` of `deliver`." again;
    Owner 0 "delivery.status" "platform answered with an error":
        "The platform answered with a status other than 200 to 299. It is tried again."
        => "Look at the scenario's history on the platform." again;
    Owner 0 "delivery.unreachable" "platform not reachable":
        "No connection to the platform, or no certificate that can be trusted. It is tried again."
        => "Check the webhook's address and the way out of this network." again;
};
