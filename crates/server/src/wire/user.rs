//! Users as the API shows them. Names are always there, empty where there are none: typed clients
//! need them. A secret is shown once, when it is made.

use super::as_text;
use orderpark_domain::{Grant, UserRef};
use serde::{Serialize, Serializer};

/// A user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: UserRef,
    id: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    organization: &'a str,
    #[serde(serialize_with = "as_texts")]
    scopes: &'a [Grant],
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

impl<'a> User<'a> {
    /// Shows a user.
    pub fn of(user: &'a orderpark_domain::User) -> User<'a> {
        User {
            own_ref: user.user,
            id: &user.login,
            first_name: user.first_name.as_deref().unwrap_or_default(),
            last_name: user.last_name.as_deref().unwrap_or_default(),
            email: &user.login,
            organization: user.organization.as_deref().unwrap_or_default(),
            scopes: &user.grants,
            client_id: None,
            client_secret: None,
        }
    }

    /// With how it gets a token; the secret where it was made for this answer.
    #[must_use]
    pub fn with_client(mut self, profile: &str, secret: Option<&'a str>) -> User<'a> {
        self.client_id = Some(client_id(profile, self.id));
        self.client_secret = secret;
        self
    }
}

/// The user that a party starts with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstUser<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: UserRef,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

impl<'a> FirstUser<'a> {
    /// Shows how it gets a token; the secret where it was made for this answer.
    pub fn of(user: &orderpark_domain::User, profile: &str, secret: Option<&'a str>) -> FirstUser<'a> {
        FirstUser { own_ref: user.user, client_id: client_id(profile, &user.login), client_secret: secret }
    }
}

fn client_id(profile: &str, login: &str) -> String {
    format!("{profile}/{login}")
}

fn as_texts<S: Serializer>(grants: &&[Grant], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(grants.iter().map(ToString::to_string))
}
