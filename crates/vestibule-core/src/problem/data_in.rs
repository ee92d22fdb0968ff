//! Codes of data coming in: requests, sources, documents and deliveries. It does not check anything.

use super::{Problem, problems};

pub(super) static PROBLEMS: &[Problem] = problems! {
    Caller 404 "route.unknown" "no such route":
        "No route of this gateway has this path."
        => "Compare the path with `path` of the [in.NAME] table or with /out/NAME/… of the [out.NAME] table.";
    Caller 405 "request.method" "method not allowed":
        "Data comes in by POST only; calls go out with the methods of their grants."
        => "Set the method of the module or webhook to the one the route has.";
    Caller 400 "request.duplicate_header" "header sent twice":
        "A header that decides something (signature, time, id, authorization, content type) stands twice in the request."
        => "Send each of these headers once; in a scenario, remove the header that the module adds by itself.";
    Owner 401 "request.address" "sender's address not listed":
        "A request came from an address outside the route's `addresses`."
        => "Add the source's published ranges to `addresses`, or find out who that was.";
    Caller 400 "request.header" "unusable header":
        "A header is not visible ASCII, too long or not of the form it must have, for example an Idempotency-Key over 255 characters."
        => "Correct the header that the answer names.";
    Caller 400 "request.query" "unusable query":
        "The query of the URL is not readable, or stands where none is accepted."
        => "Remove the query, or let the module encode its parameters.";
    Caller 414 "request.target_too_long" "URL too long":
        "The path and query of the call are longer than the gateway accepts."
        => "Send the values in the body.";
    Caller 413 "body.too_large" "body too large":
        "The body is longer than is allowed, 10 MiB unless set."
        => "Send less, for example a link instead of a file, or raise `max_body`: that of the route for data in, that of [limits] for a call.";
    Caller 503 "body.budget" "too many large bodies at once":
        "All requests together hold as much memory as `limits.body_budget` allows."
        => "Send again in a minute; if it happens often, raise `limits.body_budget`." again;
    Caller 408 "body.slow" "request not finished in time":
        "The headers or the body did not arrive within the time limit."
        => "Send again; if it happens often, look at the sender's connection." again;
    Caller 400 "body.broken" "broken request":
        "The request ended early, or its framing contradicts itself."
        => "Send the whole body with one correct Content-Length, or chunked to its end.";
    Caller 415 "body.content_type" "content type not accepted":
        "The body is neither application/json nor, for calls out, application/x-www-form-urlencoded."
        => "Set the content type of the module or webhook to application/json.";
    Caller 415 "body.compressed" "compressed body":
        "A compressed body is refused: what was signed and what would be read could differ."
        => "Switch off compression (Content-Encoding) at the sender.";
    Owner 401 "signature.missing" "signature missing":
        "A request to the route had no signature header."
        => "Switch signing on at the source, and compare the header's name with `scheme` of the route.";
    Owner 401 "signature.mismatch" "signature does not match":
        "The signature was not made over this body with any secret of the route, or the static key is none of the route's: a wrong secret, an altered body, or a forgery."
        => "Copy the secret from the source again; during a rotation list both secrets.";
    Owner 401 "signature.stale" "signed too long ago":
        "The signed time is further in the past than `tolerance_seconds`: a repeat of an old request, or a wrong clock."
        => "Check both clocks. Senders must sign each attempt with its own time.";
    Owner 401 "signature.future" "signed in the future":
        "The signed time is further in the future than `tolerance_seconds`."
        => "Check both clocks, the sender's first.";
    Owner 401 "signature.malformed" "signature header unreadable":
        "The signature, key, time or id header is not of the form that the route's scheme has."
        => "Compare `scheme` of the route with what the source sends: header, prefix, encoding, time in seconds.";
    Owner 401 "signature.duplicate_header" "signature header sent twice":
        "A header of the signature scheme stands twice in a request, so two readers could read two different things."
        => "Let the source or the proxy in between send it once.";
    Caller 409 "event.conflict" "same id, another body":
        "An event with this id was accepted before with another body. The new one has no effect."
        => "The source must give each event an id of its own. If it does, somebody is altering signed requests.";
    Owner 200 "event.condition" "condition not met":
        "The event does not meet `when` of its route, for example consent was not given. It was answered 200, not stored and not forwarded."
        => "Nothing, if that is intended; otherwise compare `when` with a sample of the source.";
    Owner 200 "subject.two_people" "id and e-mail address of two people":
        "The id of the event is known as one person, its e-mail address as another. It was taken in as the person of the id; the other one was neither changed nor merged."
        => "Look at both in the source: a shared or mistyped address, or one person entered twice. Whoever asks to be erased is erased once by id and once by address.";
    Caller 422 "document.token_shaped" "text shaped like a token":
        "The event holds text that looks like one of this gateway's tokens. Sources may not send that: it could be used to fish for somebody else's data."
        => "Remove the token from the data the source sends; tokens belong into calls out.";
    Caller 422 "document.too_many_values" "too many values to protect":
        "The event has more values than one event can hold."
        => "Split the event at the source, or name the large part `drop` in `fields`.";
    Caller 400 "json.syntax" "not JSON":
        "The body is not JSON as RFC 8259 has it. The place is given as line and column."
        => "Build the body with the platform's JSON module instead of pasting values into text.";
    Caller 400 "json.utf8" "not UTF-8":
        "The body is not valid UTF-8, or begins with a byte order mark."
        => "Let the sender encode in UTF-8 without a byte order mark.";
    Caller 400 "json.duplicate_name" "member name twice":
        "An object has the same member name twice, so two readers could read two different things."
        => "Send each name once; lists belong into arrays.";
    Caller 400 "json.depth" "nested too deeply":
        "Objects and arrays are nested more than 64 deep."
        => "Flatten the document.";
    Caller 400 "json.nodes" "too many values":
        "The document has more than 200,000 values."
        => "Split the document.";
    Caller 400 "json.surrogate" "broken character":
        "A text holds one half of a surrogate pair, which is no character."
        => "Repair the text at the sender; it was probably cut in the middle of an emoji.";
    Caller 400 "json.nul" "NUL character":
        "A text holds the NUL character, which many systems take for the end of the text."
        => "Remove NUL characters at the sender.";
    Caller 400 "json.empty" "empty body":
        "The body is empty where a JSON document must stand."
        => "Map the data into the body of the request.";
    Caller 400 "json.byte_order_mark" "byte order mark":
        "The body begins with a byte order mark, which JSON does not have."
        => "Save or encode the text as UTF-8 without a byte order mark.";
    Caller 413 "json.too_large" "document too large":
        "The document is longer than the parser accepts."
        => "Split the document.";
    Caller 400 "json.unfinished" "document cut off":
        "The document ends in the middle of a value."
        => "Send the whole document; look for a length limit on the way.";
    Caller 400 "json.trailing" "text after the document":
        "Something follows the end of the JSON document."
        => "Send one document a request.";
    Caller 400 "json.literal" "unknown word":
        "A bare word is neither true, false nor null."
        => "Put texts in double quotes.";
    Caller 400 "json.number" "malformed number":
        "A number is not written as JSON has it: leading zeros, a plus sign, a lone point, NaN or Infinity."
        => "Write the number plainly, or send it as a text.";
    Caller 400 "json.control" "control character in a text":
        "A text holds a line break or another control character as it is."
        => "Let the JSON module of the platform escape the text.";
    Caller 400 "json.escape" "unknown escape":
        "A backslash in a text begins no escape that JSON has."
        => "Let the JSON module of the platform escape the text.";
    Caller 400 "form.escape" "not a form body":
        "The body is not application/x-www-form-urlencoded: a percent sign without two hexadecimal digits, or text that is not UTF-8."
        => "Let the platform's form or URL-encoded body setting encode the values.";
    Caller 400 "form.nul" "NUL character in a form":
        "A form field holds the NUL character."
        => "Remove NUL characters at the sender.";
    Caller 400 "form.character" "raw character in a form":
        "A form body holds a character that must be percent-encoded."
        => "Let the form setting of the module encode the values.";
    Caller 400 "form.utf8" "form not UTF-8":
        "A name or value of the form is not UTF-8 once decoded."
        => "Let the sender encode in UTF-8.";
    Caller 400 "form.too_many" "too many form fields":
        "The form has more than 10,000 fields."
        => "Split the call.";
    Owner 0 "deliver.status" "platform answered with an error":
        "The platform answered with a status other than 200 to 299. It is tried again for three days, except where the answer is final: for Make and Zapier 400, 401, 403 and 404 mean that the webhook is gone or wrong."
        => "Look at the scenario's history on the platform; repair the webhook and its address, then `vestibule dead redeliver`.";
    Owner 0 "deliver.gone" "platform wants no more":
        "The platform answered 410. Deliveries of this route are off until somebody switches them on."
        => "Set the new webhook address in the route and reload, then `vestibule dead enable ROUTE`, which sends what waits; after it `vestibule dead redeliver` for what was refused.";
    Owner 0 "deliver.no_route" "route no longer delivers":
        "The route of a waiting delivery is not in the configuration any more, or has no `deliver`."
        => "Bring the route back and run `vestibule dead redeliver`, or discard the delivery.";
    Owner 0 "deliver.route_changed" "route for something else now":
        "Since the delivery was accepted, the route got another `mode`, or its `deliver` another workflow. It was not sent: its tokens open for the first workflow alone, and live data never goes where tests go."
        => "Give what the route does now a route of its own, bring the old route back and run `vestibule dead redeliver`; or discard the delivery.";
    Owner 0 "deliver.header" "header of the delivery not usable":
        "The value of the header that the platform asks for cannot stand in a header: it holds a line break or another odd character."
        => "Correct the secret behind `header` of `deliver`, then `vestibule dead redeliver`.";
    Caller 410 "subject.erased" "person erased meanwhile":
        "The person of this event was erased while it was being accepted, so it was not stored."
        => "Nothing: a later event of the same person opens a new record.";
};
