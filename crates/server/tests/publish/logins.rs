//! Who the brokers take us for: passwords, tokens and certificates come from files, which are read again each time.

use crate::ground::{events, failing, ids, mqtt, nats, place, settled, shop, to_mqtt, to_nats};
use crate::harness::Engine;
use crate::mqtt::{Listener, firsts};
use async_nats::ConnectOptions;
use orderpark_server::publish::settings::{BrokerAddress, Login};
use orderpark_store::deliveries::Publisher;
use orderpark_testbed::{BrokerKind, BrokerServer};
use std::fs;
use std::path::Path;

const PASSWORD: &str = "correct horse battery staple";

/// A certificate for `localhost` and its key, in files of that folder; nobody but itself vouches for it.
fn certify(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    fs::write(folder.join("certificate.pem"), made.cert.pem()).expect("a file");
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
}

fn nats_with(lines: &str) -> BrokerServer {
    BrokerServer::configured(BrokerKind::Nats, |folder| {
        certify(folder);
        lines.replace("FOLDER", &folder.display().to_string())
    })
}

async fn stream(options: ConnectOptions, address: String) -> async_nats::jetstream::Context {
    let context = async_nats::jetstream::new(options.connect(address).await.expect("a connection"));
    context.create_stream(crate::nats::config()).await.expect("a stream");
    context
}

#[tokio::test]
async fn a_wrong_password_is_set_right_in_its_file() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let server = nats_with(&format!("authorization {{ user: \"park\", password: \"{PASSWORD}\" }}\n"));
    let (user, password) = ("park".to_owned(), PASSWORD.to_owned());
    let options = ConnectOptions::new().user_and_password(user, password);
    let context = stream(options, format!("nats://127.0.0.1:{}", server.port())).await;
    let file = server.folder().join("password");
    fs::write(&file, "wrong").expect("a file");
    let mut settings = nats(server.port());
    settings.common.login = Login::Password("park".to_owned(), file.clone());
    let publishers = to_nats(&world.app.store, &world, settings);
    place(&shop, 2).await;
    failing(&world.app.store, Publisher::Nats).await;
    fs::write(&file, format!("{PASSWORD}\n")).expect("a file");
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(crate::nats::kept_ids(&context).await, ids(&events(&world.operator).await));
}

#[tokio::test]
async fn a_token_over_tls_is_sent_to_whom_the_certificate_is_vouched_for() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let server = nats_with(
        "authorization { token: \"a-token\" }\n\
         tls { cert_file: \"FOLDER/certificate.pem\", key_file: \"FOLDER/key.pem\" }\n",
    );
    let address = format!("tls://localhost:{}", server.port());
    let (certificate, token) = (server.folder().join("certificate.pem"), server.folder().join("token"));
    let options = ConnectOptions::new().token("a-token".to_owned()).add_root_certificates(certificate.clone());
    let context = stream(options, address.clone()).await;
    fs::write(&token, "a-token").expect("a file");
    let mut settings = nats(server.port());
    settings.servers = vec![BrokerAddress::nats(&address).expect("an address")];
    settings.common.login = Login::Token(token);
    let untrusting = to_nats(&world.app.store, &world, settings.clone());
    place(&shop, 2).await;
    failing(&world.app.store, Publisher::Nats).await;
    untrusting.stop().await;
    assert_eq!(crate::nats::kept_ids(&context).await, Vec::<String>::new());
    settings.common.ca_file = Some(certificate);
    let publishers = to_nats(&world.app.store, &world, settings);
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(crate::nats::kept_ids(&context).await, ids(&events(&world.operator).await));
}

#[tokio::test]
async fn mqtt_over_tls_with_a_password() {
    let (world, shop) = shop(Engine::Sqlite).await;
    // The listener of the test comes in by the plain door, on a port that is found free the same way.
    let plain = BrokerServer::start(BrokerKind::Mosquitto);
    let port = plain.port();
    drop(plain);
    let server = BrokerServer::configured(BrokerKind::Mosquitto, |folder| {
        certify(folder);
        fs::write(folder.join("users"), format!("park:{PASSWORD}\n")).expect("a file");
        let hashed = std::process::Command::new("mosquitto_passwd").arg("-U").arg(folder.join("users")).status();
        assert!(hashed.is_ok_and(|status| status.success()), "no mosquitto_passwd");
        format!(
            "per_listener_settings true\nallow_anonymous false\npassword_file {0}/users\ncertfile {0}/certificate.pem\n\
             keyfile {0}/key.pem\nlistener {port} 127.0.0.1\nallow_anonymous true\n",
            folder.display()
        )
    });
    let mut listener = Listener::on(port).await;
    let password = server.folder().join("password");
    fs::write(&password, PASSWORD).expect("a file");
    let mut settings = mqtt(server.port());
    settings.server = BrokerAddress::mqtt(&format!("mqtts://localhost:{}", server.port())).expect("an address");
    settings.common.login = Login::Password("park".to_owned(), password);
    let untrusting = to_mqtt(&world.app.store, &world, settings.clone());
    place(&shop, 2).await;
    failing(&world.app.store, Publisher::Mqtt).await;
    untrusting.stop().await;
    settings.common.ca_file = Some(server.folder().join("certificate.pem"));
    let publishers = to_mqtt(&world.app.store, &world, settings);
    settled(&world.app.store, Publisher::Mqtt).await;
    publishers.stop().await;
    let all = ids(&events(&world.operator).await);
    assert_eq!(firsts(listener.until(&all).await), all);
}
