//! Receivers with certificates, good ones and others.

use crate::harness::{Book, LONG, SHORT, send, to_loopback, trusting};
use orderpark_server::outside::{Failure, Outside, OutsideError, OutsideSettings, SystemNames};
use orderpark_store::SystemClock;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
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
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(issuer.pem().as_bytes()).expect("written");
        Root { issuer, file }
    }

    /// A receiver whose certificate is for `name`, and which answers 200.
    async fn receiver(&self, name: &str) -> SocketAddr {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new([name.to_owned()]).expect("a name").signed_by(&key, &self.issuer);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let chain = vec![certificate.expect("a certificate").der().clone()];
        let mut config =
            config.expect("versions").with_no_client_auth().with_single_cert(chain, key).expect("a server");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        serve(TlsAcceptor::from(Arc::new(config))).await
    }
}

async fn serve(acceptor: TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a place to listen");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
            while crate::harness::read(&mut stream).await.is_some() {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ntls";
                if stream.write_all(answer).await.is_err() {
                    break;
                }
            }
        }
    });
    address
}

#[tokio::test]
async fn a_certificate_of_the_operators_file_is_trusted_for_its_name() {
    let root = Root::new();
    let receiver = root.receiver("hooks.example").await;
    let outside = trusting(root.file.path(), Book::of("hooks.example", &[&["127.0.0.1"]]));
    let reply = send(&outside, &format!("https://hooks.example:{}/", receiver.port()), LONG).await;
    assert!(reply.is_success(), "{reply:?}");
    assert_eq!(reply.excerpt.as_deref(), Some("tls"));
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_nobody_we_know_is_refused() {
    let (root, stranger) = (Root::new(), Root::new());
    let book = || Book::of("hooks.example", &[&["127.0.0.1"]]);
    for receiver in [root.receiver("other.example").await, stranger.receiver("hooks.example").await] {
        let outside = trusting(root.file.path(), book());
        let reply = send(&outside, &format!("https://hooks.example:{}/", receiver.port()), LONG).await;
        assert_eq!(reply.failure.as_ref().map(Failure::slug), Some("tls_failed"), "{reply:?}");
        assert_eq!(reply.status, None);
    }
}

#[tokio::test]
async fn a_certificate_for_an_address_by_number_is_good_for_that_number() {
    let root = Root::new();
    let outside = trusting(root.file.path(), Arc::new(SystemNames::default()));
    let good = root.receiver("127.0.0.1").await;
    assert!(send(&outside, &format!("https://{good}/"), LONG).await.is_success());
    let other = root.receiver("127.0.0.2").await;
    assert!(!send(&outside, &format!("https://{other}/"), LONG).await.is_success());
}

#[tokio::test]
async fn plain_http_where_tls_is_expected_is_a_failure() {
    let receiver = crate::harness::Receiver::content().await;
    let plain = TcpListener::bind("127.0.0.1:0").await.expect("a place to listen");
    let address = plain.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let reply = send(&to_loopback(), &format!("https://{address}/"), SHORT).await;
    assert_eq!(reply.failure.as_ref().map(Failure::slug), Some("tls_failed"), "{reply:?}");
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn a_file_with_no_good_certificates_is_refused_at_start() {
    let mut empty = NamedTempFile::new().expect("a file");
    let missing = empty.path().with_extension("missing");
    let open = |ca_file: &std::path::Path| {
        let settings = OutsideSettings { ca_file: Some(ca_file.to_owned()), ..OutsideSettings::default() };
        Outside::new(&settings, Arc::new(SystemClock::default()), Arc::new(SystemNames::default())).map(drop)
    };
    assert!(matches!(open(&missing), Err(OutsideError::Certificates(_))));
    assert!(matches!(open(empty.path()), Err(OutsideError::Certificates(_))));
    empty.write_all(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
    let said = open(empty.path()).expect_err("no certificate").to_string();
    assert!(said.contains(empty.path().to_str().expect("text")), "{said}");
}
