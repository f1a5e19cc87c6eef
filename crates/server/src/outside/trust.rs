//! TLS to receivers: rustls with aws-lc-rs, the certificates that the system trusts and those that the operator adds.

use super::OutsideError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// What handshakes need, read once: certificates are files.
pub(super) fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, OutsideError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        add(&mut roots, path)?;
    }
    if roots.is_empty() {
        tracing::warn!(
            "the system trusts no certificates: https receivers will not be reached; name some in deliveries.ca_file"
        );
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| OutsideError::Client(error.to_string()))?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Each certificate of the file must be one: what is named is meant.
fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), OutsideError> {
    let failed = |why: String| OutsideError::Certificates(format!("{}: {why}", path.display()));
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))? {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if roots.len() == before { Err(failed("there is no certificate in it".to_owned())) } else { Ok(()) }
}
