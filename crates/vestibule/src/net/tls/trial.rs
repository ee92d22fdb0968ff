//! A certificate authority for `dev` and for tests: made in memory, one per run, trusted by nobody else.
//!
//! The authority's key never leaves this value. Real installations bring their own certificates.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use zeroize::Zeroizing;

use super::fault::TlsError;

/// Days for which an issued certificate is valid, counted from a calendar day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    from: jiff::civil::Date,
    until: jiff::civil::Date,
}

impl Validity {
    /// From the day before `today` (clocks differ) until `days` after it.
    #[must_use]
    pub fn around(today: jiff::civil::Date, days: i32) -> Self {
        let from = today.yesterday().unwrap_or(today);
        let until = today.checked_add(jiff::Span::new().days(days)).unwrap_or(jiff::civil::Date::MAX);
        Self { from, until }
    }

    /// From one day until another, the first included.
    #[must_use]
    pub const fn between(from: jiff::civil::Date, until: jiff::civil::Date) -> Self {
        Self { from, until }
    }
}

/// A certificate chain and its key, PEM. The key is wiped when dropped.
pub struct Issued {
    /// Leaf first, then the authority.
    pub chain: String,
    /// PKCS #8.
    pub key: Zeroizing<String>,
}

/// The authority.
pub struct TrialCa {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    validity: Validity,
}

impl TrialCa {
    /// Makes a new authority (ECDSA P-256); it and all it issues are valid for `validity`.
    ///
    /// # Errors
    /// [`TlsError::Provider`] where no key can be made.
    pub fn new(validity: Validity) -> Result<Self, TlsError> {
        let key = KeyPair::generate().map_err(|_| TlsError::Provider)?;
        // two authorities of one name would be taken for each other, and fail with a reason that misleads
        let mark: String = key.public_key_raw().iter().skip(1).take(6).map(|byte| format!("{byte:02x}")).collect();
        let mut params = params(Vec::new(), &format!("Vestibule trial authority {mark}"), validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key).map_err(|_| TlsError::Provider)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate, validity })
    }

    /// The authority's certificate, PEM: what a client is told to trust.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Issues a server certificate for DNS names and IP addresses.
    ///
    /// # Errors
    /// [`TlsError::BadCertificate`] where a name is not one, [`TlsError::Provider`] where no key can be made.
    pub fn issue(&self, names: &[&str]) -> Result<Issued, TlsError> {
        self.issue_for(names, self.validity)
    }

    /// As [`TrialCa::issue`], with other days of validity.
    ///
    /// # Errors
    /// As [`TrialCa::issue`].
    pub fn issue_for(&self, names: &[&str], validity: Validity) -> Result<Issued, TlsError> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = params(names, "Vestibule trial server", validity)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|_| TlsError::Provider)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(|_| TlsError::BadCertificate)?;
        Ok(Issued { chain: format!("{}{}", leaf.pem(), self.certificate), key: Zeroizing::new(key.serialize_pem()) })
    }
}

impl std::fmt::Debug for TrialCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrialCa")
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued")
    }
}

fn params(names: Vec<String>, common_name: &str, validity: Validity) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(names).map_err(|_| TlsError::BadCertificate)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let [from, until] = [validity.from, validity.until]
        .map(|day| date_time_ymd(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs()));
    params.not_before = from;
    params.not_after = until;
    Ok(params)
}
