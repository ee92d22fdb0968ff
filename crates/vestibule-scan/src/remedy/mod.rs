//! How a step looks through the gateway: the exact address, header and configuration that replace what was found.

use crate::model::Step;
use crate::run::Settings;

/// A request as it goes through the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// The name of the `[out.<name>]` section, such as `openai`.
    pub name: String,
    /// Where the vendor is: `https://api.openai.com`.
    pub origin: String,
    /// The literal path below it, with the platform's expressions left in place: `/v1/chat/completions`.
    pub path: String,
    /// The address to put in the step: `https://gateway.example.com/out/openai/v1/chat/completions`.
    pub url: String,
}

/// The request of a step as it goes through the gateway; `None` where the address is not known.
pub fn through(step: &Step<'_>, settings: &Settings<'_>) -> Option<Through> {
    let _ = (step, settings);
    None
}
