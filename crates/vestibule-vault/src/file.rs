//! Files of a subject: Cobblestone-256 under a key made from the subject's key.
//!
//! The input key is one for each file id, so that no message budget is shared; the context names the id again, so a file
//! opens in its place only. Names, types and sizes are not stored here.

use crate::cobblestone;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::labels;
use crate::subject::SubjectKey;
use vestibule_core::secret::Wiped;
use zeroize::Zeroizing;

impl SubjectKey {
    /// Encrypts a file; takes [`cobblestone::DRAW`] random bytes.
    ///
    /// # Errors
    /// [`VaultError::DrawExhausted`].
    pub fn seal_file(&self, id: &[u8], content: &[u8], draw: &mut Draw) -> Result<Vec<u8>, VaultError> {
        cobblestone::encrypt(&self.file_key(id), id, draw.take()?, content)
    }

    /// Decrypts a file that was sealed under the same id.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn open_file(&self, id: &[u8], sealed: &[u8]) -> Result<Wiped, VaultError> {
        cobblestone::decrypt(self.file_key(id).as_slice(), id, sealed)
    }

    /// Starts to encrypt a file piece by piece.
    ///
    /// # Errors
    /// [`VaultError::DrawExhausted`].
    pub fn file_encryptor(
        &self,
        id: &[u8],
        draw: &mut Draw,
    ) -> Result<(cobblestone::Encryptor, [u8; cobblestone::HEADER]), VaultError> {
        cobblestone::Encryptor::new(&self.file_key(id), id, draw.take()?)
    }

    /// Starts to decrypt a file piece by piece.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn file_decryptor(&self, id: &[u8], header: &[u8; cobblestone::HEADER]) -> Result<cobblestone::Decryptor, VaultError> {
        cobblestone::Decryptor::new(&self.file_key(id), id, header)
    }

    fn file_key(&self, id: &[u8]) -> Zeroizing<[u8; 32]> {
        self.expander().subkey(&self.context(labels::FILE).with(id))
    }
}
