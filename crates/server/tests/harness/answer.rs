//! What came back.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What was asked, for messages.
    pub asked: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{} answered {} with no JSON ({error}): {}", self.asked, self.status, self.text()),
        }
    }

    /// The body as JSON, after a look at the status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.text());
        self.json()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `reason` of an error; empty where there is none.
    pub fn reason(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// Checks status and reason of an error, and that it is whole.
    #[track_caller]
    pub fn refused(&self, status: u16, reason: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["reason"], reason, "{} answered {}", self.asked, self.text());
        assert_eq!(body["code"], status, "{body}");
        assert!(body["message"].is_string() && body["errorId"].is_string(), "{body}");
        body
    }

    /// The body with `$` in place of `sent` wherever it is shown again in quotes.
    pub fn but_for(&self, sent: &str) -> String {
        let blanked = |(n, part): (usize, &str)| match part {
            _ if n % 2 == 0 => part.to_owned(),
            _ if part == sent => "$".to_owned(),
            _ if sent.is_empty() => part.to_owned(),
            _ => part.replace(sent, "$"),
        };
        self.text().split('\'').enumerate().map(blanked).collect::<Vec<_>>().join("'")
    }

    /// A header, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A text attribute of an object.
#[track_caller]
pub fn text(object: &Value, attribute: &str) -> String {
    match object[attribute].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("no text {attribute} in {object}"),
    }
}
