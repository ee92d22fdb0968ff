//! Resolving references to secrets: `env:`, `file:` and `credential:`, each read once at load.

use super::LoadError;
use crate::config::{SecretRef, SecretSource};
use crate::files;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use vestibule_core::secret::Secret;
use zeroize::Zeroizing;

/// A secret's text, wiped when dropped.
pub type SecretText = Secret<String>;

/// Reads the secret a reference names; white space at its end does not belong to it.
pub fn resolve(reference: &SecretRef) -> Result<SecretText, LoadError> {
    let unread = |code, why| LoadError::Unread { reference: reference.to_string(), code, why };
    let bytes = match &reference.source {
        SecretSource::Env(name) => {
            let value = std::env::var_os(name).ok_or_else(|| unread("secret.no_variable", format!("`{name}` is not set")))?;
            Zeroizing::new(value.into_vec())
        }
        SecretSource::File(path) => files::read(path).map_err(|error| {
            let (code, why) = fault(path, &error);
            unread(code, why)
        })?,
        SecretSource::Credential(name) => {
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| unread("secret.no_credential", "systemd passed no credentials to this process".into()))?;
            let path = PathBuf::from(folder).join(name);
            files::read(&path).map_err(|error| match fault(&path, &error) {
                ("secret.no_file", _) => unread("secret.no_credential", format!("systemd passed no credential `{name}`")),
                (code, why) => unread(code, why),
            })?
        }
    };
    let unusable = |why: &str| LoadError::Secret { reference: reference.to_string(), why: why.to_owned() };
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable("it is not UTF-8 text"))?.trim_end();
    if text.is_empty() {
        return Err(unusable("it is empty"));
    }
    Ok(Secret::new(text.to_owned()))
}

/// Code and words for a file that cannot be read.
fn fault(path: &Path, error: &io::Error) -> (&'static str, String) {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => ("secret.no_file", format!("there is no file `{shown}`")),
        io::ErrorKind::IsADirectory => ("secret.no_file", format!("`{shown}` is a folder")),
        io::ErrorKind::PermissionDenied => ("secret.denied", files::at(path, error.kind())),
        _ => ("file.unreadable", format!("`{shown}`: {}", files::why(error))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn refused(source: SecretSource) -> (&'static str, String) {
        let error = resolve(&SecretRef { source, span: 0..0 }).unwrap_err().at("[in.apply]");
        (error.code(), error.to_string())
    }

    #[test]
    fn each_way_to_miss_a_secret_says_what_to_change() {
        let folder = tempfile::tempdir().unwrap();
        let (absent, empty) = (folder.path().join("absent"), folder.path().join("empty"));
        std::fs::write(&empty, b" \n").unwrap();
        let cases = [
            (SecretSource::File(absent.clone()), "secret.no_file", absent.display().to_string()),
            (SecretSource::File(folder.path().to_owned()), "secret.no_file", "is a folder".into()),
            (SecretSource::File(empty), "secret.unusable", "it is empty".into()),
            (SecretSource::Env("VESTIBULE_NOT_SET".into()), "secret.no_variable", "`VESTIBULE_NOT_SET` is not set".into()),
            (SecretSource::Credential("hook".into()), "secret.no_credential", "systemd".into()),
        ];
        for (source, code, words) in cases {
            let (found, said) = refused(source);
            assert_eq!(found, code, "{said}");
            assert!(said.starts_with("[in.apply]: ") && said.contains(&words), "{said}");
        }
        // root may read everything, so this one is not tried on a file
        let (code, said) = fault(&absent, &io::ErrorKind::PermissionDenied.into());
        assert_eq!(code, "secret.denied");
        assert!(said.contains(&absent.display().to_string()), "{said}");
    }
}
