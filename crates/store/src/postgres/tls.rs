//! TLS to the server: rustls with aws-lc-rs, and never without verifying whom we speak to.

use super::address::Address;
use super::connect::{ConnectError, sentence};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::Socket;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The encrypted stream, or the plain one where the address says so.
pub(super) type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// What handshakes need, read once: certificates are files.
pub(super) fn tls(address: &Address) -> Result<MakeRustlsConnect, ConnectError> {
    let roots = match address.root_certificates() {
        _ if !address.needs_tls() => RootCertStore::empty(),
        Some(path) => from_file(path)?,
        None => from_system()?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| ConnectError::Tls(sentence(&error)))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Each certificate of the file must be one: what is named is meant.
fn from_file(path: &Path) -> Result<RootCertStore, ConnectError> {
    let failed = |why: String| ConnectError::Tls(format!("{}: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(sentence(&error)))? {
        let certificate = certificate.map_err(|error| failed(sentence(&error)))?;
        roots.add(certificate).map_err(|error| failed(sentence(&error)))?;
    }
    if roots.is_empty() {
        return Err(failed("there is no certificate in it".into()));
    }
    Ok(roots)
}

/// What the system trusts; a certificate among hundreds that cannot be read is left out.
fn from_system() -> Result<RootCertStore, ConnectError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        let why = "the system trusts no certificates; name some with sslrootcert=FILE";
        return Err(ConnectError::Tls(why.into()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
