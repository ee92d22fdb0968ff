//! Resolving references to secrets: `env:`, `file:` and `credential:`, each read once at load.

use super::LoadError;
use crate::config::{SecretRef, SecretSource};
use crate::files;
use std::path::PathBuf;
use vestibule_core::secret::Secret;
use zeroize::Zeroizing;

/// A secret's text, wiped when dropped.
pub type SecretText = Secret<String>;

/// Reads the secret a reference names; white space at its end does not belong to it.
pub fn resolve(reference: &SecretRef) -> Result<SecretText, LoadError> {
    let missing = |why: String| LoadError::Secret { reference: reference.to_string(), why };
    let bytes = match &reference.source {
        SecretSource::Env(name) => {
            let value = std::env::var(name).map_err(|_| missing(format!("the variable `{name}` is not set")))?;
            Zeroizing::new(value.into_bytes())
        }
        SecretSource::File(path) => read(path.clone(), &missing)?,
        SecretSource::Credential(name) => {
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| missing("systemd passed no credentials (`LoadCredential=` in the unit)".into()))?;
            read(PathBuf::from(folder).join(name), &missing)?
        }
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| missing("it is not UTF-8 text".into()))?.trim_end();
    if text.is_empty() {
        return Err(missing("it is empty".into()));
    }
    Ok(Secret::new(text.to_owned()))
}

fn read(path: PathBuf, missing: &dyn Fn(String) -> LoadError) -> Result<Zeroizing<Vec<u8>>, LoadError> {
    files::read(&path).map_err(|error| missing(format!("`{}`: {}", path.display(), files::why(&error))))
}
