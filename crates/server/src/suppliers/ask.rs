//! Asks the suppliers of an order, all at once.

use crate::App;
use crate::delivery::message::supplier::{Parties, SupplierMessage, try_message};
use crate::outage::Sent;
use crate::outside::{Failure, Message, Reply};
use crate::turns::Turns;
use futures_util::future::join_all;
use orderpark_domain::order::Refused;
use orderpark_domain::{Notification, Order, PartyKind, PartyRef, Product, ProductRef, Scope};
use orderpark_store::deliveries::{Attempt, Target};
use orderpark_store::{ReadError, faults};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long all suppliers of an order may take together.
const ASK_MAX: Duration = Duration::from_secs(5);
/// Questions that may be on their way at once; to one supplier an eighth of them: one that does not answer delays nobody else.
const QUESTIONS_MAX: usize = 512;

/// Answers with these statuses come from a gateway: the supplier itself gave no answer, or cannot
/// answer now.
const NO_ANSWER: [u16; 3] = [502, 503, 504];
/// The kind under which the attempts are logged.
const KIND: &str = "subscription.try";

/// What came of the asking.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The first product whose supplier said no, or else the first whose supplier gave no answer;
    /// none: all agreed.
    pub refused: Option<Refused>,
    /// The products whose suppliers need not be told that the order is refused: they said no themselves, or were not asked.
    pub declined: Vec<ProductRef>,
}

/// What one supplier said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Agreed,
    Declined,
    /// Nobody knows what it did.
    None,
}

/// The questions that are on their way from this node.
pub struct Asking(Turns);

impl Default for Asking {
    fn default() -> Asking {
        Asking(Turns::new(QUESTIONS_MAX))
    }
}

/// Asks every supplier of the order who wants to be asked; with the attempts that were made.
pub(super) async fn ask(app: &App, order: &Order) -> Result<(Verdict, Vec<(ProductRef, Attempt)>), ReadError> {
    let until = Instant::now() + ASK_MAX;
    let products = products(app, order).await?;
    let parties = parties(app, order.subscriber).await?;
    let questions = order.subscriptions_with_refs().filter_map(|(subscription_ref, subscription)| {
        let product = products.iter().find(|product| product.product == subscription.product)?;
        Some((product, try_message(product, order, subscription_ref, &parties)?))
    });
    let asked = questions.map(|(product, message)| async move {
        let (answer, attempt) = ask_one(app, product, message, until).await;
        faults::point("one TRY answered");
        ((product.product, answer), (product.product, attempt))
    });
    let (answers, attempts): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().unzip();
    Ok((judge(order, &answers), attempts))
}

/// Logs the attempts. An order waits for them, but is settled without them.
pub(super) async fn log(app: &App, attempts: Vec<(ProductRef, Attempt)>) {
    let logged =
        attempts.into_iter().map(|(product, attempt)| app.store.log_attempt(Target::Supplier(product), attempt));
    for error in join_all(logged).await.into_iter().filter_map(Result::err) {
        tracing::warn!(%error, "an attempt to ask a supplier could not be logged");
    }
}

/// The products of an order, as they are now.
pub(super) async fn products(app: &App, order: &Order) -> Result<Vec<Product>, ReadError> {
    let scope = Scope::system("suppliers are asked and told about what they are sold");
    let refs: Vec<ProductRef> = order.subscriptions.iter().map(|subscription| subscription.product).collect();
    app.store.get_products(&scope, &refs).await
}

/// What messages to suppliers say of parties.
pub(crate) async fn parties(app: &App, subscriber: PartyRef) -> Result<Parties, ReadError> {
    let scope = Scope::system("suppliers are told who bought");
    let name = app.store.get_subscriber_name(&scope, subscriber).await?;
    Ok(Parties { operator_id: app.settings.operator_id.clone(), subscriber_name: name.unwrap_or_default() })
}

async fn ask_one(app: &App, product: &Product, message: SupplierMessage, until: Instant) -> (Answer, Attempt) {
    let (at, url, id) = (app.now(), message.url.clone(), message.id.clone());
    let reply = reply_of(app, product, message, until).await;
    let answer = answer_of(&reply);
    if answer == Answer::Declined {
        tracing::info!(product = %product.id, id, status = reply.status, "a supplier did not agree");
    }
    let (what, whose) =
        ((Target::Supplier(product.product), Sent::Questions), || format!("the supplier of {}", product.id));
    match &reply.failure {
        Some(failure) if answer == Answer::None => {
            app.outages.failed(what, app.now(), &whose(), &url, &failure.in_log());
        }
        _ => app.outages.succeeded(what, app.now(), whose),
    }
    (answer, reply.attempt(app.ordered_uuid(at), at, id, KIND, url))
}

async fn reply_of(app: &App, product: &Product, message: SupplierMessage, until: Instant) -> Reply {
    let Ok(Some(_turn)) = timeout_at(until, app.asking.0.turn(product.supplier)).await else {
        return Reply::unsaid(Failure::NotSent);
    };
    let Some(message) = product.notification.as_ref().and_then(|told| signed(app, told, message)) else {
        return Reply::unsaid(Failure::Secret);
    };
    app.outside.send(&message, until.saturating_duration_since(Instant::now())).await
}

/// The message with the secrets that live; nothing where they cannot be read.
pub(crate) fn signed(app: &App, notification: &Notification, message: SupplierMessage) -> Option<Message> {
    let secrets = app.sealer.open_live(&notification.secrets, app.now()).ok()?;
    let SupplierMessage { url, id, content_type, event, body } = message;
    Some(Message { url, kind: PartyKind::Supplier, id, content_type, event, body, secrets })
}

fn answer_of(reply: &Reply) -> Answer {
    match reply.status {
        _ if reply.is_success() => Answer::Agreed,
        Some(status) if !NO_ANSWER.contains(&status) => Answer::Declined,
        _ => Answer::None,
    }
}

/// What the answers come to. A product may stand in an order several times; only who said no to all of it knows.
fn judge(order: &Order, answers: &[(ProductRef, Answer)]) -> Verdict {
    let first = |wanted| answers.iter().find(|(_, answer)| *answer == wanted).map(|(product, _)| *product);
    // Trying again is worth it only where nobody said no.
    let no = first(Answer::Declined).map(Refused::by);
    let refused = no.or(first(Answer::None).map(Refused::unreachable));
    if refused.is_none() {
        return Verdict { refused, declined: Vec::new() };
    }
    let knows = |product: &ProductRef| {
        answers.iter().filter(|(of, _)| of == product).all(|(_, answer)| *answer == Answer::Declined)
    };
    let mut declined: Vec<ProductRef> = order.subscriptions.iter().map(|subscription| subscription.product).collect();
    declined.sort_unstable();
    declined.dedup();
    declined.retain(knows);
    Verdict { refused, declined }
}

#[cfg(test)]
mod tests;
