//! Codes of audits of accounts at automation platforms. They stand on the terminal and in `status`, never in an answer.

use super::{Problem, problems};

pub(super) static PROBLEMS: &[Problem] = problems! {
    Operator 0 "scan.suppression" "unusable suppression":
        "An entry of the suppression file is not usable: it names no check that exists, or nothing but a check, or no reason."
        => "Name the check, at least one of `file`, `scenario`, `step` and `value`, a reason, and the day until which it holds.";
    Operator 0 "scan.salt" "unusable salt of value marks":
        "Suppressions name secret values by marks, and marks made with another salt fit nothing. The salt is missing, damaged, or not the same in the suppression file and the baseline."
        => "Keep one salt: leave `salt` out of the suppression file where there is a baseline, else copy it from one written with `--write-baseline`.";
    Operator 0 "scan.baseline" "unusable baseline":
        "The file given as the baseline was not written by `vestibule scan --write-baseline`, or was damaged. It was not changed."
        => "Restore the file, or move it away and write a new one with `--write-baseline`.";
    Operator 0 "scan.unknown_account" "no such account":
        "The configuration has no account of this name, or no audit of it was ever saved."
        => "Name a table [scan.account.NAME] of the configuration; docs/guide/scan-accounts.md says how to write one.";
    Operator 0 "scan.token_refused" "token not accepted":
        "The platform answered 401: the token has ended, was deleted, or belongs to another zone or instance."
        => "Make a new token, see docs/guide/scan-accounts.md, and compare `zone` or `url` with the address in your browser.";
    Operator 0 "scan.scope_missing" "token lacks a right":
        "The platform answered 403 when asked for something that an audit reads. The message names the scope."
        => "Add the scope to the token, or make the token as a user who can see the team or the whole instance.";
    Operator 0 "scan.not_found" "nothing there":
        "The platform refused a request that is right by its documentation, mostly because the team or the API is not at this address."
        => "Check `zone` and `team`, or `url`, of the account; on n8n, check that the public API is not switched off.";
    Operator 0 "scan.rate_limited" "platform wants fewer requests":
        "The platform kept answering 429 after five waits. Make counts requests of the whole organization by the minute."
        => "Try again when other tools of the organization are quiet." again;
    Operator 0 "scan.platform_failed" "platform fails":
        "The platform answered 5xx to four tries."
        => "Look at the status page of the platform, then try again." again;
    Operator 0 "scan.odd_answer" "answer of an unknown form":
        "The platform answered with something that its documentation does not describe, so it was not read."
        => "Check that `zone` or `url` names the platform itself and no page in front of it; else report it with the platform's version.";
    Operator 0 "scan.too_long" "account takes too long":
        "Reading the account took more than four hours, mostly because of waits that the platform asked for. It was stopped."
        => "Split the account by teams, or ask for a higher limit of requests.";
    Operator 0 "scan.too_many" "too many findings to keep":
        "An account has more findings than are kept of one. Nothing was saved."
        => "Split the account by teams, or remove the most frequent cause first and save then.";
};
