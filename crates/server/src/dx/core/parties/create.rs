//! `POST /suppliers`, `/vendors`, `/subscribers`.
//!
//! What is missing comes from `primaryUser` (domain.md, "Resources"): the id from its email; the name from its
//! organization, else its first and last name, else its email; a subscriber's contact and organization likewise.

use super::{Shown, party_of};
use crate::Problem;
use crate::access::new_secret;
use crate::dx::Call;
use crate::wire::{Fields, FirstUser, etag, text};
use axum::response::Response;
use orderpark_domain::party::{CreateParty, PrimaryUser};
use orderpark_domain::{Command, PartyKind, SecretHash};

pub(crate) async fn supplier(call: Call) -> Result<Response, Problem> {
    create(call, PartyKind::Supplier).await
}

pub(crate) async fn vendor(call: Call) -> Result<Response, Problem> {
    create(call, PartyKind::Vendor).await
}

pub(crate) async fn subscriber(call: Call) -> Result<Response, Problem> {
    create(call, PartyKind::Subscriber).await
}

async fn create(call: Call, kind: PartyKind) -> Result<Response, Problem> {
    let body = call.json()?;
    let (secret, hash) = new_secret(&*call.app.chance);
    let mut fields = call.fields(&body);
    let command = read(&mut fields, kind, hash);
    let body = fields.finish()?;
    let done = call.commit_once(Command::CreateParty(command), Some(&body)).await?;
    let (secret, replayed) = (done.secret(secret.as_str()), done.replayed);
    let (party, user) = party_of(done.outcome)?;
    let primary_user = user.as_ref().map(|user| FirstUser::of(user, &call.app.settings.default_profile, secret));
    let shown = Shown::of(&party, primary_user);
    Ok(call.made(&shown, &etag::of(party.revision), party.party, replayed))
}

fn read(fields: &mut Fields<'_>, kind: PartyKind, secret: SecretHash) -> CreateParty {
    let is_subscriber = kind == PartyKind::Subscriber;
    let primary_user = fields.object("primaryUser", |fields| read_user(fields, secret));
    let user = primary_user.as_ref();
    let email = user.map(|user| user.email.clone());
    let id = if is_subscriber { None } else { fields.optional("id", text::id) };
    let name = fields.defaulted("name", user.map(name_of), text::name);
    let mut contact_email = None;
    let mut organization = None;
    let mut vendor_id = None;
    if is_subscriber {
        contact_email = fields.defaulted("contactEmail", email.clone(), text::email);
        organization = fields.defaulted("organization", user.and_then(|user| user.organization.clone()), text::name);
        vendor_id = fields.optional("vendorId", text::reference);
    } else if id.is_none() && fields.is_right("id") && email.as_ref().is_none_or(|email| !text::is_segment(email)) {
        fields.refuse("id", text::ID_RULE);
    }
    if name.is_none() && fields.is_right("name") {
        fields.refuse("name", "is missing; send it, or send primaryUser, whose name is used instead");
    }
    CreateParty {
        kind,
        id: id.or(email).unwrap_or_default(),
        name: name.unwrap_or_default(),
        vendor_id,
        contact_email,
        organization,
        primary_user,
    }
}

fn read_user(fields: &mut Fields<'_>, secret: SecretHash) -> PrimaryUser {
    PrimaryUser {
        email: fields.required("email", text::email),
        first_name: fields.optional("firstName", text::name),
        last_name: fields.optional("lastName", text::name),
        organization: fields.optional("organization", text::name),
        secret,
    }
}

fn name_of(user: &PrimaryUser) -> String {
    let full_name = [&user.first_name, &user.last_name].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let full_name = Some(full_name).filter(|name| !name.is_empty());
    let mut name = user.organization.clone().or(full_name).unwrap_or_else(|| user.email.clone());
    if let Some((end, _)) = name.char_indices().nth(text::NAME_MAX) {
        name.truncate(end);
    }
    name
}
