//! The demo's parties: an operator, two suppliers, two vendors with two subscribers each, and a user for each of them.

use super::stage::Stage;
use anyhow::bail;
use orderpark_domain::party::{Bootstrap, CreateParty, PrimaryUser};
use orderpark_domain::{Command, Intent, Outcome, Party, PartyKind, User};
use orderpark_server::access::new_secret;

/// A party with its user.
pub struct Member {
    pub party: Party,
    pub user: User,
}

pub struct Parties {
    pub operator: User,
    /// Sells connectivity.
    pub northnet: Member,
    /// Makes applications.
    pub meterly: Member,
    /// Sells sensors.
    pub acme: Member,
    /// Sells tracking.
    pub globex: Member,
    /// Buys from acme.
    pub waterworks: Member,
    /// Buys from acme.
    pub orchard: Member,
    /// Buys from globex.
    pub shipping: Member,
}

pub async fn build(stage: &Stage<'_>) -> anyhow::Result<Parties> {
    let operator = operator(stage).await?;
    let company = async |kind, id, name| member(stage, &operator, kind, id, name, None).await;
    let northnet = company(PartyKind::Supplier, "northnet", "Northnet LoRaWAN").await?;
    let meterly = company(PartyKind::Supplier, "meterly", "Meterly Applications").await?;
    let acme = company(PartyKind::Vendor, "acme", "Acme Sensors").await?;
    let globex = company(PartyKind::Vendor, "globex", "Globex Tracking").await?;
    let buyer = async |vendor: &Member, id, name| {
        member(stage, &vendor.user, PartyKind::Subscriber, id, name, Some(&vendor.party.id)).await
    };
    // A buyer that has not ordered anything yet.
    buyer(&globex, "museum", "City Museum").await?;
    Ok(Parties {
        waterworks: buyer(&acme, "waterworks", "Springfield Waterworks").await?,
        orchard: buyer(&acme, "orchard", "Hillside Orchard").await?,
        shipping: buyer(&globex, "shipping", "Harbour Shipping").await?,
        operator,
        northnet,
        meterly,
        acme,
        globex,
    })
}

async fn operator(stage: &Stage<'_>) -> anyhow::Result<User> {
    let (_, secret) = new_secret(&*stage.app.chance);
    let operator_id = stage.app.settings.operator_id.clone();
    let command = Command::Bootstrap(Bootstrap { operator_id, login: "operator".to_owned(), secret });
    match stage.commit(Intent::system(command, "the demo's first start")).await? {
        Outcome::User(user) => Ok(*user),
        _ => bail!("the first start made no user"),
    }
}

async fn member(
    stage: &Stage<'_>,
    by: &User,
    kind: PartyKind,
    id: &str,
    name: &str,
    vendor_id: Option<&str>,
) -> anyhow::Result<Member> {
    let email = format!("admin@{id}.example");
    let (_, secret) = new_secret(&*stage.app.chance);
    let is_subscriber = kind == PartyKind::Subscriber;
    let primary_user = PrimaryUser {
        email: email.clone(),
        first_name: None,
        last_name: None,
        organization: Some(name.to_owned()),
        secret,
    };
    let command = Command::CreateParty(CreateParty {
        kind,
        id: id.to_owned(),
        name: name.to_owned(),
        vendor_id: vendor_id.map(str::to_owned),
        contact_email: is_subscriber.then_some(email),
        organization: is_subscriber.then(|| name.to_owned()),
        primary_user: Some(primary_user),
    });
    match stage.act(by, kind.write_action(), command).await? {
        Outcome::Party(party, Some(user)) => Ok(Member { party: *party, user: *user }),
        _ => bail!("{id} was made without a user"),
    }
}
