//! Asks the suppliers of an order, all at once.

use crate::App;
use crate::delivery::message::supplier::{Parties, SupplierMessage, try_message};
use crate::limits::Full;
use crate::outage::Sent;
use crate::outside::{Failure, Message, Reply};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use orderpark_domain::order::Refused;
use orderpark_domain::{Notification, Order, PartyKind, PartyRef, Product, ProductRef, Scope, Tenant};
use orderpark_store::deliveries::{Attempt, Target};
use orderpark_store::{ReadError, faults};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long all suppliers of an order may take together.
const ASK_MAX: Duration = Duration::from_secs(5);
/// Questions of one order to one supplier at once.
const OF_ORDER_MAX: usize = 32;
/// How long to wait when this machine had no descriptor to spare.
const OURS_PAUSE: Duration = Duration::from_millis(200);

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
    /// The buyer's own share of a supplier's places was in use, so that not all were asked.
    pub full: Option<Full>,
}

/// What one supplier said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Agreed,
    Declined,
    /// Nobody knows what it did.
    None,
}

/// The result of one question: no attempt, if nothing was sent.
type Asked = (ProductRef, Answer, Option<Attempt>);

/// Asks every supplier of the order who wants to be asked; with the attempts that were made.
pub(super) async fn ask(app: &App, order: &Order) -> Result<(Verdict, Vec<(ProductRef, Attempt)>), ReadError> {
    let until = Instant::now() + ASK_MAX;
    let products = products(app, order).await?;
    let parties = parties(app, order.subscriber).await?;
    let mut of_suppliers: BTreeMap<PartyRef, Vec<(usize, &Product, SupplierMessage)>> = BTreeMap::new();
    for (place, (subscription_ref, subscription)) in order.subscriptions_with_refs().enumerate() {
        let product = products.iter().find(|product| product.product == subscription.product);
        let Some(product) = product else { continue };
        let Some(message) = try_message(product, order, subscription_ref, &parties) else { continue };
        of_suppliers.entry(product.supplier).or_default().push((place, product, message));
    }
    let buyer = Tenant::new(order.subscriber, Some(order.vendor));
    let mut asked = Vec::new();
    for questions in of_suppliers.into_values() {
        asked.push(ask_supplier(app, buyer, questions, until));
    }
    let (asked, full): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().unzip();
    let mut asked: Vec<(usize, Asked)> = asked.into_iter().flatten().collect();
    asked.sort_unstable_by_key(|(place, _)| *place);
    let answers: Vec<_> = asked.iter().map(|(_, (product, answer, _))| (*product, *answer)).collect();
    let attempts = asked.into_iter().filter_map(|(_, (product, _, attempt))| Some((product, attempt?))).collect();
    let verdict = judge(order, &answers);
    // Where a supplier said no, that is what counts.
    let full = full.into_iter().flatten().next().filter(|_| verdict.refused.is_some_and(|refused| refused.unreachable));
    Ok((Verdict { full, ..verdict }, attempts))
}

/// Asks one supplier. Of an order with very many questions to it, some wait here, and not among
/// those of others.
async fn ask_supplier(
    app: &App,
    buyer: Tenant,
    questions: Vec<(usize, &Product, SupplierMessage)>,
    until: Instant,
) -> (Vec<(usize, Asked)>, Option<Full>) {
    let full = OnceLock::new();
    let mut asked = Vec::new();
    for (place, product, message) in questions {
        let asking = ask_one(app, product, buyer, message, until, &full);
        asked.push(async move { (place, asking.await) });
    }
    let asked = stream::iter(asked).buffer_unordered(OF_ORDER_MAX).collect().await;
    (asked, full.into_inner())
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

async fn ask_one(
    app: &App,
    product: &Product,
    buyer: Tenant,
    message: SupplierMessage,
    until: Instant,
    full: &OnceLock<Full>,
) -> Asked {
    // Where one question has found no place, the order is refused anyway.
    if full.get().is_some() {
        return (product.product, Answer::None, None);
    }
    let question = match app.limits.questions.ask(product.supplier, buyer, until).await {
        Err(own @ (Full::Party | Full::Root)) => {
            full.get_or_init(|| own);
            return (product.product, Answer::None, None);
        }
        question => question.ok(),
    };
    let (at, url, id) = (app.now(), message.url.clone(), message.id.clone());
    let reply = match question {
        Some(_question) => reply_of(app, product, message, until).await,
        None => Reply::unsaid(Failure::NotSent),
    };
    faults::point("one TRY answered");
    if reply.failure == Some(Failure::Ours) {
        return (product.product, Answer::None, None);
    }
    let answer = answer_of(&reply);
    tell(app, product, answer, &reply, &url, &id);
    (product.product, answer, Some(reply.attempt(app.ordered_uuid(at), at, id, KIND, url)))
}

/// Tells operators what one supplier said.
fn tell(app: &App, product: &Product, answer: Answer, reply: &Reply, url: &str, id: &str) {
    if answer == Answer::Declined {
        tracing::info!(product = %product.id, id, status = reply.status, "a supplier did not agree");
    }
    let (what, whose) =
        ((Target::Supplier(product.product), Sent::Questions), || format!("the supplier of {}", product.id));
    match &reply.failure {
        Some(failure) if answer == Answer::None => {
            app.outages.failed(what, app.now(), &whose(), url, &failure.in_log());
        }
        _ => app.outages.succeeded(what, app.now(), whose),
    }
}

/// The supplier's answer. That this machine has no descriptor to spare passes by itself.
async fn reply_of(app: &App, product: &Product, message: SupplierMessage, until: Instant) -> Reply {
    let Some(message) = product.notification.as_ref().and_then(|told| signed(app, told, message)) else {
        return Reply::unsaid(Failure::Secret);
    };
    loop {
        let reply = app.outside.send(&message, until.saturating_duration_since(Instant::now())).await;
        if reply.failure != Some(Failure::Ours) || Instant::now() + OURS_PAUSE >= until {
            return reply;
        }
        sleep(OURS_PAUSE).await;
    }
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
        return Verdict { refused, declined: Vec::new(), full: None };
    }
    let knows = |product: &ProductRef| {
        answers.iter().filter(|(of, _)| of == product).all(|(_, answer)| *answer == Answer::Declined)
    };
    let mut declined: Vec<ProductRef> = order.subscriptions.iter().map(|subscription| subscription.product).collect();
    declined.sort_unstable();
    declined.dedup();
    declined.retain(knows);
    Verdict { refused, declined, full: None }
}

#[cfg(test)]
mod tests;
