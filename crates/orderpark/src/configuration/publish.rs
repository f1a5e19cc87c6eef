//! The tables `[publish.nats]` and `[publish.mqtt]`: message brokers that every event is published to (docs/publishers.md).

use anyhow::{Context as _, bail, ensure};
use orderpark_server::publish::PublishSettings;
use orderpark_server::publish::settings::{
    Begin, BrokerAddress, Common, IN_FLIGHT, IN_FLIGHT_MAX, Login, MqttSettings, NatsSettings, is_prefix,
};
use serde::Deserialize;
use std::path::PathBuf;

const NAME: &str = "orderpark";
/// What an MQTT broker has to take as a client's id is that long; most take more.
const CLIENT_ID_MAX: usize = 128;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Publish {
    nats: Option<Nats>,
    mqtt: Option<Mqtt>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nats {
    servers: Vec<String>,
    subject_prefix: Option<String>,
    stream: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    credentials_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    allow_plain: Option<bool>,
    in_flight: Option<u16>,
    begin: Option<BeginWord>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mqtt {
    server: String,
    topic_prefix: Option<String>,
    client_id: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    allow_plain: Option<bool>,
    in_flight: Option<u16>,
    begin: Option<BeginWord>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BeginWord {
    Now,
    Beginning,
}

impl Publish {
    /// The settings, where they can be meant and this program has what they need.
    pub(super) fn settings(&self) -> anyhow::Result<PublishSettings> {
        let settings = PublishSettings {
            nats: self.nats.as_ref().map(Nats::settings).transpose().context("publish.nats")?,
            mqtt: self.mqtt.as_ref().map(Mqtt::settings).transpose().context("publish.mqtt")?,
        };
        settings.check()?;
        Ok(settings)
    }
}

impl Nats {
    fn settings(&self) -> anyhow::Result<NatsSettings> {
        let address = |text: &String| BrokerAddress::nats(text).map_err(|rule| anyhow::anyhow!("servers: each {rule}"));
        let servers: Vec<BrokerAddress> = self.servers.iter().map(address).collect::<Result<_, _>>()?;
        ensure!(!servers.is_empty(), "servers: there must be one");
        let is_encrypted = servers[0].is_encrypted;
        ensure!(
            servers.iter().all(|server| server.is_encrypted == is_encrypted),
            "servers: all must be tls://, or all nats://"
        );
        plain("servers", servers.iter().find(|server| server.is_exposed()), self.allow_plain)?;
        let prefix = self.subject_prefix.clone().unwrap_or_else(|| NAME.to_owned());
        ensure!(
            is_prefix(&prefix, '.'),
            "subject_prefix: it must be words of letters, digits, - and _, with . between"
        );
        let login = match (&self.token_file, &self.credentials_file) {
            (None, None) => password(self.user.as_ref(), self.password_file.as_ref())?,
            (Some(token), None) if self.user.is_none() => Login::Token(token.clone()),
            (None, Some(credentials)) if self.user.is_none() => Login::Credentials(credentials.clone()),
            _ => bail!("user with password_file, token_file and credentials_file exclude each other"),
        };
        Ok(NatsSettings {
            servers,
            prefix,
            stream: self.stream.clone(),
            common: Common {
                login,
                ca_file: self.ca_file.clone(),
                certificate: certificate(self.certificate_file.as_ref(), self.key_file.as_ref())?,
                in_flight: in_flight(self.in_flight)?,
                begin: begin(self.begin),
            },
        })
    }
}

impl Mqtt {
    fn settings(&self) -> anyhow::Result<MqttSettings> {
        let server = BrokerAddress::mqtt(&self.server).map_err(|rule| anyhow::anyhow!("server: it {rule}"))?;
        plain("server", Some(&server).filter(|server| server.is_exposed()), self.allow_plain)?;
        let prefix = self.topic_prefix.clone().unwrap_or_else(|| NAME.to_owned());
        ensure!(is_prefix(&prefix, '/'), "topic_prefix: it must be words of letters, digits, - and _, with / between");
        let client_id = self.client_id.clone().unwrap_or_else(|| NAME.to_owned());
        let fits = (1..=CLIENT_ID_MAX).contains(&client_id.len()) && client_id.chars().all(|c| c.is_ascii_graphic());
        ensure!(fits, "client_id: it must be 1 to {CLIENT_ID_MAX} printable characters of ASCII without spaces");
        Ok(MqttSettings {
            server,
            prefix,
            client_id,
            common: Common {
                login: password(self.user.as_ref(), self.password_file.as_ref())?,
                ca_file: self.ca_file.clone(),
                certificate: certificate(self.certificate_file.as_ref(), self.key_file.as_ref())?,
                in_flight: in_flight(self.in_flight)?,
                begin: begin(self.begin),
            },
        })
    }
}

/// What is published is everybody's business data, so it goes over a network in plain only if somebody has said so.
fn plain(key: &str, exposed: Option<&BrokerAddress>, allowed: Option<bool>) -> anyhow::Result<()> {
    match exposed {
        Some(server) if !allowed.unwrap_or(false) => {
            bail!("{key}: {server} is not encrypted and not on this machine; allow_plain = true allows that")
        }
        _ => Ok(()),
    }
}

fn password(user: Option<&String>, file: Option<&PathBuf>) -> anyhow::Result<Login> {
    match (user, file) {
        (None, None) => Ok(Login::Nothing),
        (Some(user), Some(file)) => Ok(Login::Password(user.clone(), file.clone())),
        _ => bail!("user and password_file are said together or not at all"),
    }
}

fn certificate(certificate: Option<&PathBuf>, key: Option<&PathBuf>) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some((certificate.clone(), key.clone()))),
        _ => bail!("certificate_file and key_file are said together or not at all"),
    }
}

fn in_flight(asked: Option<u16>) -> anyhow::Result<u16> {
    let in_flight = asked.unwrap_or(IN_FLIGHT);
    ensure!((1..=IN_FLIGHT_MAX).contains(&in_flight), "in_flight: it must be between 1 and {IN_FLIGHT_MAX}");
    Ok(in_flight)
}

fn begin(word: Option<BeginWord>) -> Begin {
    match word {
        None | Some(BeginWord::Now) => Begin::Now,
        Some(BeginWord::Beginning) => Begin::Beginning,
    }
}

#[cfg(test)]
mod tests;
