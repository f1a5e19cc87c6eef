//! The demo's products and offers.

use super::parties::{Member, Parties};
use super::stage::Stage;
use orderpark_domain::offer::{CreateOffer, ITEMS_MAX_DEFAULT, NewItem};
use orderpark_domain::product::CreateProduct;
use orderpark_domain::{Action, Command, Notification, NotificationMode, OfferState, ProductKind};
use std::net::SocketAddr;

pub const PLAN: &str = "northnet/plan-basic";
/// The application whose supplier wants to be asked before an order becomes active.
pub const ASKS_FIRST: &str = "meterly/alarms";
pub const SENSORS: &str = "acme/sensors-100";
pub const ALARMS: &str = "acme/alarms";
pub const TRACKERS: &str = "globex/trackers-10";

pub async fn build(stage: &Stage<'_>, parties: &Parties, supplier: SocketAddr) -> anyhow::Result<()> {
    products(stage, parties, supplier).await?;
    let acme = &parties.acme;
    let sensors = [(PLAN, Some(100)), ("meterly/dashboard", None)];
    offer(stage, acme, SENSORS, "100 sensors with dashboard", OfferState::Active, &sensors).await?;
    offer(stage, acme, ALARMS, "Alarms on top", OfferState::Active, &[(ASKS_FIRST, None)]).await?;
    offer(stage, acme, "acme/winter", "Winter special", OfferState::Suspended, &[(PLAN, Some(500))]).await?;
    let trackers = [("northnet/plan-mobile", Some(10)), ("meterly/dashboard", None)];
    offer(stage, &parties.globex, TRACKERS, "10 trackers with dashboard", OfferState::Active, &trackers).await?;
    offer(stage, &parties.globex, "globex/pilot", "The pilot of last year", OfferState::Deactivated, &[(PLAN, Some(1))])
        .await
}

async fn products(stage: &Stage<'_>, parties: &Parties, supplier: SocketAddr) -> anyhow::Result<()> {
    let address = |what| Some(format!("http://{supplier}/{what}"));
    let asks = Notification {
        subscribed_url: address("subscribed"),
        updated_url: address("updated"),
        unsubscribed_url: address("unsubscribed"),
        mode: NotificationMode::TryCommit,
        ..Notification::default()
    };
    let (net, apps) = (&parties.northnet, &parties.meterly);
    product(stage, net, ProductKind::ConnectivityPlan, PLAN, "Basic plan", None).await?;
    product(stage, net, ProductKind::ConnectivityPlan, "northnet/plan-mobile", "Mobile plan", None).await?;
    product(stage, apps, ProductKind::Application, "meterly/dashboard", "Dashboard", None).await?;
    product(stage, apps, ProductKind::Application, ASKS_FIRST, "Alarms", Some(asks)).await
}

async fn product(
    stage: &Stage<'_>,
    supplier: &Member,
    kind: ProductKind,
    id: &str,
    name: &str,
    notification: Option<Notification>,
) -> anyhow::Result<()> {
    let portal_url = (kind == ProductKind::Application).then(|| format!("https://portal.meterly.example/{id}"));
    let command = CreateProduct { kind, id: id.to_owned(), name: name.to_owned(), portal_url, notification };
    stage.act(&supplier.user, Action::WriteProducts, Command::CreateProduct(command)).await?;
    Ok(())
}

async fn offer(
    on: &Stage<'_>,
    vendor: &Member,
    id: &str,
    name: &str,
    state: OfferState,
    items: &[(&str, Option<u64>)],
) -> anyhow::Result<()> {
    let items = items.iter().map(|(id, granted)| NewItem { product_id: (*id).to_owned(), granted: *granted }).collect();
    let items_max = ITEMS_MAX_DEFAULT;
    let command = CreateOffer { id: id.to_owned(), name: name.to_owned(), state, items, items_max, strategies: None };
    on.act(&vendor.user, Action::WriteOffers, Command::CreateOffer(command)).await?;
    Ok(())
}
