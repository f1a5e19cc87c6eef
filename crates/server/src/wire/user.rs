//! Users as the API shows them. Names are always there, empty where there are none: typed clients
//! need them. A secret is shown once, when it is made.

use super::time::Time;
use super::{Endpoint, as_text};
use orderpark_domain::{Grant, Role, UserRef};
use orderpark_store::Creators;
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
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_date: Option<Time>,
    #[serde(flatten)]
    creator: Creator,
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
            role: Role::as_str(user.role()),
            creation_date: user.created_at.map(Time),
            creator: Creator::unknown(user.created_by),
            client_id: None,
            client_secret: None,
        }
    }

    /// With its maker, where the reader may know it.
    #[must_use]
    pub fn made_by(self, creators: &Creators) -> User<'a> {
        User { creator: self.creator.among(creators), ..self }
    }

    /// With how it gets a token; the secret where it was made for this answer.
    #[must_use]
    pub fn with_client(mut self, profile: &str, secret: Option<&'a str>) -> User<'a> {
        self.client_id = Some(client_id(profile, self.id));
        self.client_secret = secret;
        self
    }
}

/// The maker of an object: its ref and its login, or nothing where the reader may not know it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Creator {
    #[serde(skip)]
    maker: Option<UserRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_login: Option<String>,
}

impl Creator {
    pub(super) fn unknown(maker: Option<UserRef>) -> Creator {
        Creator { maker, created_by: None, created_by_login: None }
    }

    pub(super) fn among(self, creators: &Creators) -> Creator {
        let login = self.maker.and_then(|maker| creators.get(&maker)).cloned();
        let created_by = self.maker.filter(|_| login.is_some()).map(|maker| maker.to_string());
        Creator { created_by, created_by_login: login, ..self }
    }
}

/// The result of containing a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contained<'a> {
    user: User<'a>,
    users: Vec<Made<'a>>,
    webhook_endpoints: Vec<Endpoint<'a>>,
    ended: bool,
    more: bool,
}

/// A user that a contained user made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made<'a> {
    #[serde(flatten)]
    user: User<'a>,
    had_token: bool,
}

impl<'a> Contained<'a> {
    /// Shows it.
    pub fn of(contained: &'a orderpark_domain::Contained, creators: &Creators) -> Contained<'a> {
        let made = contained.users.iter();
        Contained {
            user: User::of(&contained.user).made_by(creators),
            users: made
                .map(|it| Made { user: User::of(&it.user).made_by(creators), had_token: it.had_token })
                .collect(),
            webhook_endpoints: contained.endpoints.iter().map(|it| Endpoint::of(it).made_by(creators)).collect(),
            ended: contained.ended,
            more: contained.more,
        }
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
