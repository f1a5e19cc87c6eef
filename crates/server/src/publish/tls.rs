//! Encrypted connections to brokers: verified, or not made.

use super::broker::Failure;
use super::settings::Common;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// What a handshake needs, read from its files.
pub(super) async fn config(common: &Common) -> Result<Arc<ClientConfig>, Failure> {
    let common = common.clone();
    let read = spawn_blocking(move || read(&common)).await;
    read.unwrap_or_else(|panic| Err(Failure::Unreachable(panic.to_string())))
}

fn read(common: &Common) -> Result<Arc<ClientConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| Failure::Unreachable(error.to_string()))?;
    let builder = builder.with_root_certificates(roots(common.ca_file.as_deref())?);
    let Some((certificate, key)) = &common.certificate else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
    let config = builder.with_client_auth_cert(certificates(certificate)?, private);
    config.map(Arc::new).map_err(|error| Failure::File { path: certificate.clone(), why: io::Error::other(error) })
}

/// Each certificate of the file must be one: what is named is meant. Of those that the system trusts, one that cannot be
/// read is left out.
fn roots(file: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = file {
        for certificate in certificates(path)? {
            roots
                .add(certificate)
                .map_err(|error| Failure::File { path: path.to_owned(), why: io::Error::other(error) })?;
        }
        return Ok(roots);
    }
    let (taken, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if taken == 0 {
        return Err(Failure::Unreachable("the system trusts no certificates; name some with ca_file".to_owned()));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| unusable(path, &error))?;
    if read.is_empty() {
        return Err(unusable(path, &pem::Error::NoItemsFound));
    }
    Ok(read)
}

fn unusable(path: &Path, error: &pem::Error) -> Failure {
    let why = io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    Failure::File { path: path.to_owned(), why }
}
