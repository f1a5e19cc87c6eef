//! Against a server that speaks TLS and then only listens: whom is the password told to?

use super::super::Limits;
use super::super::connect::{Connector, Role};
use super::super::scratch::Scratch;
use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::io::Write;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Somebody who signs certificates, and the file that says so.
struct Root {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Root {
    fn new() -> Root {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(issuer.pem().as_bytes()).unwrap();
        Root { issuer, file }
    }

    /// A server whose certificate is for `name`.
    fn server(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What a client of the server hears, and what the server is told once the connection is encrypted.
async fn meet(server: TlsAcceptor, parameters: &str) -> (ConnectError, Option<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://orderpark:secret@{}/orders?{parameters}", listener.local_addr().unwrap());
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(asked[4..], 80_877_103_u32.to_be_bytes(), "it asks for TLS first");
        stream.write_all(b"S").await.unwrap();
        let mut encrypted = server.accept(stream).await.ok()?;
        let mut told = vec![0; 4096];
        let length = encrypted.read(&mut told).await.ok()?;
        Some(String::from_utf8_lossy(&told[..length]).into_owned())
    };
    let connector = Connector::new(&url.parse().unwrap(), &Limits::default()).unwrap();
    let (connected, told) = tokio::join!(connector.connect(Role::Writer), serve);
    (connected.map(drop).unwrap_err(), told)
}

#[tokio::test]
async fn only_who_is_trusted_and_has_the_name_is_spoken_to() {
    let (root, other) = (Root::new(), Root::new());
    let trusting = |root: &Root, mode: &str| format!("sslmode={mode}&sslrootcert={}", root.file.path().display());
    for mode in ["require", "verify-full"] {
        let (_, told) = meet(root.server("127.0.0.1"), &trusting(&root, mode)).await;
        assert!(told.is_some_and(|told| told.contains("orderpark writer")), "{mode}: it must come so far");
        let (refused, told) = meet(root.server("127.0.0.1"), &trusting(&other, mode)).await;
        assert!(refused.to_string().contains("invalid peer certificate"), "{mode}: {refused}");
        assert_eq!(told, None);
        let (refused, told) = meet(root.server("db.example.com"), &trusting(&root, mode)).await;
        assert!(refused.to_string().contains("not valid for name"), "{mode}: {refused}");
        assert_eq!(told, None);
    }
}

#[tokio::test]
async fn what_the_system_does_not_trust_is_not_spoken_to() {
    let (refused, told) = meet(Root::new().server("127.0.0.1"), "sslmode=require").await;
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    assert_eq!(told, None);
}

/// The server that tests use speaks no TLS: then it is not spoken to at all.
#[tokio::test]
async fn encryption_that_is_asked_for_is_not_given_up() {
    let scratch = Scratch::new().await;
    let root = Root::new();
    let url = scratch.url(&format!("sslmode=require&sslrootcert={}", root.file.path().display()));
    let connector = Connector::new(&url.parse().unwrap(), &Limits::default()).unwrap();
    let refused = connector.connect(Role::Reader).await.map(drop).unwrap_err();
    assert!(refused.to_string().contains("TLS"), "{refused}");
}

#[test]
fn a_file_of_trust_must_hold_some() {
    let connector = |path: &Path| {
        let url = format!("postgres://u@db/d?sslrootcert={}", path.display());
        Connector::new(&url.parse().unwrap(), &Limits::default()).map(drop)
    };
    let empty = NamedTempFile::new().unwrap();
    assert!(connector(empty.path()).unwrap_err().to_string().contains("no certificate"));
    let mut broken = NamedTempFile::new().unwrap();
    broken.write_all(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    connector(broken.path()).unwrap_err();
    let missing = connector(&broken.path().join("missing")).unwrap_err().to_string();
    assert!(missing.contains("missing"), "{missing}");
    connector(Root::new().file.path()).unwrap();
}
