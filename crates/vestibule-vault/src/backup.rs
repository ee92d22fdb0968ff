//! Backups, encrypted to an age recipient (<https://age-encryption.org/v1>), so that the machine that makes them cannot
//! read them and any age tool can.
//!
//! This is the one place where another provider of primitives (the `age` crate) works; no request path uses it. What a
//! backup holds and where it is written is the binary's matter: here bytes go from a reader to a writer.

use age::x25519::{Identity, Recipient};
use age::{Decryptor, Encryptor};
use std::io::{self, Read, Write};
use std::str::FromStr as _;
use vestibule_core::secret::Secret;
use vestibule_core::secret::Wiped;
use zeroize::Zeroize as _;

/// How age files of every version begin.
const MAGIC: &[u8] = b"age-encryption.org/";

/// Why a backup could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The text is no age recipient.
    #[error("this is not an age recipient; one begins with `age1`")]
    Recipient,
    /// The text is no age identity.
    #[error("this is not an age identity; one begins with `AGE-SECRET-KEY-1`")]
    Identity,
    /// The backup is not for this identity.
    #[error("this identity does not open the backup")]
    WrongIdentity,
    /// The file is something else.
    #[error("this is no age file")]
    NotABackup,
    /// Its bytes were changed.
    #[error("the backup is damaged")]
    Damaged,
    /// Reading or writing failed.
    #[error("reading or writing the backup failed")]
    Io(#[source] io::Error),
}

impl BackupError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            BackupError::Recipient => "backup.recipient",
            BackupError::Identity => "backup.identity",
            BackupError::WrongIdentity => "backup.wrong_identity",
            BackupError::NotABackup => "backup.not_a_backup",
            BackupError::Damaged => "backup.damaged",
            BackupError::Io(_) => "backup.io",
        }
    }
}

/// A new pair for the recovery kit: the identity to print and put away, the recipient to configure.
pub struct RecoveryPair {
    /// `AGE-SECRET-KEY-1…`: opens every backup.
    pub identity: Secret<String>,
    /// `age1…`: only encrypts.
    pub recipient: String,
}

/// Makes a pair from the system's random generator.
pub fn generate() -> RecoveryPair {
    use age::secrecy::ExposeSecret as _;
    let identity = Identity::generate();
    RecoveryPair {
        identity: Secret::new(identity.to_string().expose_secret().to_owned()),
        recipient: identity.to_public().to_string(),
    }
}

/// Whether a text is a recipient.
///
/// # Errors
/// [`BackupError::Recipient`].
pub fn recipient_check(text: &str) -> Result<(), BackupError> {
    parse_recipient(text).map(|_| ())
}

/// Encrypts everything `input` gives; returns how many bytes that were.
///
/// # Errors
/// [`BackupError::Recipient`] or [`BackupError::Io`].
pub fn encrypt(recipient: &str, mut input: impl Read, output: impl Write) -> Result<u64, BackupError> {
    let recipient = parse_recipient(recipient)?;
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as _)).map_err(|_| BackupError::Recipient)?;
    let mut writer = encryptor.wrap_output(output).map_err(BackupError::Io)?;
    let copied = copy(&mut input, &mut writer).map_err(BackupError::Io)?;
    writer.finish().and_then(|mut output| output.flush()).map_err(BackupError::Io)?;
    Ok(copied)
}

/// Decrypts a backup; returns the number of bytes written. Nothing written before an error may be used.
///
/// # Errors
/// [`BackupError`]: a wrong identity and damage are told apart, because age files name their recipients.
pub fn decrypt(identity: &Secret<String>, mut input: impl Read, mut output: impl Write) -> Result<u64, BackupError> {
    let identity = Identity::from_str(identity.expose().trim()).map_err(|_| BackupError::Identity)?;
    let mut start = Vec::with_capacity(MAGIC.len());
    input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start).map_err(BackupError::Io)?;
    if start != MAGIC {
        return Err(BackupError::NotABackup);
    }
    let decryptor = Decryptor::new(MAGIC.chain(input)).map_err(sort_out)?;
    let mut reader = decryptor.decrypt(std::iter::once(&identity as _)).map_err(sort_out)?;
    let mut buffer = Wiped::new(vec![0; 64 << 10]);
    let mut copied = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(BackupError::Damaged),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        output.write_all(bytes).map_err(BackupError::Io)?;
        copied += read as u64;
    }
    output.flush().map_err(BackupError::Io)?;
    Ok(copied)
}

fn parse_recipient(text: &str) -> Result<Recipient, BackupError> {
    Recipient::from_str(text.trim()).map_err(|_| BackupError::Recipient)
}

fn sort_out(error: age::DecryptError) -> BackupError {
    match error {
        age::DecryptError::NoMatchingKeys | age::DecryptError::KeyDecryptionFailed => BackupError::WrongIdentity,
        age::DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => BackupError::Io(error),
        _ => BackupError::Damaged,
    }
}

fn copy(input: &mut impl Read, output: &mut impl Write) -> io::Result<u64> {
    let mut buffer = Wiped::new(vec![0; 64 << 10]);
    let mut copied = 0;
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                output.write_all(buffer.get(..read).unwrap_or_default())?;
                copied += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.zeroize();
    Ok(copied)
}
