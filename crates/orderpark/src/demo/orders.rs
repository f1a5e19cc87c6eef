//! The demo's orders: one in every state that lasts, a suspended subscription, and connections in use.

use super::catalogue::{ALARMS, PLAN, SENSORS, TRACKERS};
use super::parties::{Member, Parties};
use super::stage::Stage;
use anyhow::{Context as _, bail};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::order::{CancelOrder, OfferName, PlaceOrder};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::{Action, Command, Order, OrderRef, Outcome, SubscriptionState};

/// Orders that the tour names.
pub struct Orders {
    /// `ACTIVE`; the tour looks at it.
    pub shown: OrderRef,
    /// `ACTIVE`; the tour cancels it.
    pub to_cancel: OrderRef,
}

pub async fn build(stage: &Stage<'_>, parties: &Parties) -> anyhow::Result<Orders> {
    let Parties { waterworks, orchard, shipping, .. } = parties;
    let cancelled = place(stage, waterworks, SENSORS, 1, None).await?;
    cancel(stage, waterworks, cancelled.order).await?;
    let shown = place(stage, waterworks, SENSORS, 2, Some("IOT_FLOW")).await?;
    report_use(stage, parties, &shown, 40).await?;
    let suspended = place(stage, orchard, SENSORS, 1, Some("DATAFLOW")).await?;
    suspend(stage, &parties.acme, &suspended).await?;
    // More than its supplier sells at once.
    stage.settle(place(stage, orchard, ALARMS, 1000, None).await?).await?;
    stage.settle(place(stage, waterworks, ALARMS, 1, None).await?).await?;
    stage.settle(place(stage, orchard, ALARMS, 10, None).await?).await?;
    place(stage, shipping, TRACKERS, 3, Some("ROUTE")).await?;
    let to_cancel = place(stage, waterworks, SENSORS, 5, None).await?;
    Ok(Orders { shown: shown.order, to_cancel: to_cancel.order })
}

async fn place(
    stage: &Stage<'_>,
    buyer: &Member,
    offer_id: &str,
    quantity: u32,
    strategy: Option<&str>,
) -> anyhow::Result<Order> {
    let command = PlaceOrder {
        offer: OfferName::Id(offer_id.to_owned()),
        subscriber: None,
        quantity,
        external_id: None,
        strategy: strategy.map(str::to_owned),
        can_ask_suppliers: true,
    };
    order(stage.act(&buyer.user, Action::PlaceOrder, Command::PlaceOrder(command)).await?)
}

async fn cancel(stage: &Stage<'_>, buyer: &Member, order: OrderRef) -> anyhow::Result<()> {
    let command = CancelOrder { order };
    stage.act(&buyer.user, Action::CancelOrder, Command::CancelOrder(command)).await?;
    Ok(())
}

async fn suspend(stage: &Stage<'_>, vendor: &Member, order: &Order) -> anyhow::Result<()> {
    let (subscription, _) = order.subscriptions_with_refs().next().context("the order made no subscription")?;
    let command = ChangeSubscription {
        subscription,
        state: Some(SubscriptionState::Suspended),
        reason: Some("unpaid invoice".to_owned()),
    };
    stage.act(&vendor.user, Action::WriteSubscriptions, Command::ChangeSubscription(command)).await?;
    Ok(())
}

async fn report_use(stage: &Stage<'_>, parties: &Parties, order: &Order, used: u64) -> anyhow::Result<()> {
    let plan = order.subscriptions.iter().find(|subscription| subscription.product_id == PLAN);
    let product = plan.context("the order has no connectivity plan")?.product;
    let command = ReportUsage { subscriber: order.subscriber, product, used };
    stage.act(&parties.northnet.user, Action::WriteProducts, Command::ReportUsage(command)).await?;
    Ok(())
}

fn order(outcome: Outcome) -> anyhow::Result<Order> {
    match outcome {
        Outcome::Order(order) => Ok(*order),
        _ => bail!("placing an order made no order"),
    }
}
