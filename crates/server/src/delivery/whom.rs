//! Who a target is: the endpoint or the product, as it is now.

use super::DeliverySettings;
use super::line::Met;
use super::message::supplier::supplier_message;
use super::message::webhook::webhook_message;
use crate::App;
use crate::limits::Rate;
use crate::outside::{Message, address};
use crate::suppliers::{parties, signed};
use orderpark_domain::feed::{About, Kind};
use orderpark_domain::{Endpoint, PartyKind, PartyRef, Product, ProductRef, Scope, Tenant};
use orderpark_store::deliveries::{Target, TargetState};
use orderpark_store::{FeedEvent, ReadError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Who is delivered to.
pub(crate) enum Whom {
    Endpoint(Box<Endpoint>),
    Supplier(Box<Product>),
}

/// How often a target is asked for whose wishes may have changed between two events.
const LOAD_EVERY: Duration = Duration::from_millis(100);
/// What the events are read for.
const WHY: &str = "events are delivered to those who asked for them";

impl Whom {
    /// Who it is; none, if there is nobody to deliver to now.
    pub(super) async fn load(app: &App, target: Target) -> Result<Option<Whom>, ReadError> {
        let scope = Scope::system(WHY);
        Ok(match target {
            Target::Endpoint(endpoint) => {
                let found = app.store.get_endpoint(&scope, endpoint).await?;
                found.filter(Endpoint::is_active).map(|endpoint| Whom::Endpoint(Box::new(endpoint)))
            }
            Target::Supplier(product) => {
                let found = app.store.get_supplier_target(product).await?;
                found.map(|product| Whom::Supplier(Box::new(product)))
            }
            Target::Publisher(_) => None,
        })
    }

    /// The tenant that its requests count for.
    pub(crate) async fn owner(&self, app: &App) -> Result<Tenant, ReadError> {
        let party = match self {
            Whom::Endpoint(endpoint) if endpoint.owner.kind == PartyKind::Subscriber => endpoint.owner.party,
            Whom::Endpoint(endpoint) => return Ok(Tenant::alone(endpoint.owner.party)),
            Whom::Supplier(product) => return Ok(Tenant::alone(product.supplier)),
        };
        let found = app.store.get_party(&Scope::system(WHY), PartyKind::Subscriber, party).await?;
        Ok(Tenant::new(party, found.and_then(|found| found.vendor)))
    }

    /// The rate at which its receiver may be sent messages; none: no rate. What operators and
    /// suppliers are told follows from what others buy, and is limited where the operator says so.
    pub(crate) fn rate(&self, settings: &DeliverySettings) -> Option<Rate> {
        let is_partys = matches!(self, Whom::Endpoint(endpoint) if endpoint.owner.kind != PartyKind::Operator);
        settings.rate_of(&address::host(self.url()), is_partys)
    }

    /// Whether its receiver has taken a message.
    pub(super) fn is_proven(&self, proof: &TargetState) -> bool {
        match self {
            Whom::Endpoint(endpoint) => proof.url.as_ref() == Some(&endpoint.url),
            Whom::Supplier(_) => proof.has_succeeded,
        }
    }

    /// The kinds of events that it wants; none: all.
    pub(super) fn kinds(&self) -> Option<&[Kind]> {
        match self {
            Whom::Endpoint(endpoint) => endpoint.kinds.as_deref(),
            Whom::Supplier(_) => None,
        }
    }

    /// What of the feed is read for it.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Whom::Endpoint(endpoint) => endpoint.hears(),
            Whom::Supplier(_) => Scope::system(WHY),
        }
    }

    pub(super) fn wants(&self, event: &FeedEvent) -> bool {
        match self {
            Whom::Endpoint(endpoint) => endpoint.wants(&event.notice),
            Whom::Supplier(product) => product_of(event) == Some(product.product),
        }
    }

    /// Whether it wants whatever it may hear: then nothing is passed over that it may have come to want.
    fn wants_all(&self) -> bool {
        self.kinds().is_none()
    }

    /// Its revision, as what was tried.
    pub(super) fn revision(&self) -> u32 {
        match self {
            Whom::Endpoint(endpoint) => endpoint.revision,
            Whom::Supplier(product) => product.revision,
        }
    }

    /// Its name in the operator's log.
    pub(super) fn name(&self) -> String {
        match self {
            Whom::Endpoint(endpoint) => format!("webhook endpoint {} of {}", endpoint.endpoint, endpoint.owner),
            Whom::Supplier(product) => format!("the supplier of {}", product.id),
        }
    }

    /// Where it is told, as far as that is one place.
    pub(super) fn url(&self) -> &str {
        match self {
            Whom::Endpoint(endpoint) => &endpoint.url,
            Whom::Supplier(product) => {
                let told = product.notification.as_ref();
                told.and_then(|told| told.subscribed_url.as_deref()).unwrap_or_default()
            }
        }
    }

    /// The message that tells of an event; none, where there is nothing to tell.
    pub(super) async fn message(&self, app: &App, event: &FeedEvent) -> Result<Option<Message>, Unsayable> {
        match self {
            Whom::Endpoint(endpoint) => {
                let message = webhook_message(&app.sealer, endpoint, event, app.now());
                Ok(Some(message.map_err(|_| Unsayable::Secret)?))
            }
            Whom::Supplier(product) => {
                let About::Subscription(told) = &event.notice.about else { return Ok(None) };
                let parties = parties(app, told.subscriber).await.map_err(Unsayable::Database)?;
                let Some(message) = supplier_message(product, event, &parties) else { return Ok(None) };
                let Some(notification) = &product.notification else { return Ok(None) };
                signed(app, notification, message).map(Some).ok_or(Unsayable::Secret)
            }
        }
    }
}

/// Why there is no message.
#[derive(Debug)]
pub(super) enum Unsayable {
    /// A secret cannot be read: this counts as an attempt that failed.
    Secret,
    /// What belongs into it cannot be read now.
    Database(ReadError),
}

/// The product that an event is about, if it is about a subscription.
pub(super) fn product_of(event: &FeedEvent) -> Option<ProductRef> {
    match &event.notice.about {
        About::Subscription(told) => Some(told.subscription.product),
        _ => None,
    }
}

/// What keeps the order of an event: all that is about one order, one offer or one subscriber.
fn lane_of(event: &FeedEvent) -> String {
    match &event.notice.about {
        About::Order(order) => format!("order:{}", order.order),
        About::Subscription(told) => format!("order:{}", told.subscription_ref.order()),
        About::Offer(offer) => format!("offer:{}", offer.offer),
        About::Subscriber(party) => format!("subscriber:{}", party.party),
    }
}

/// The event as its line knows it.
pub(super) fn met(event: &FeedEvent) -> Met {
    let nobody = PartyRef(0);
    let audience = event.notice.audience();
    let tenant = audience
        .map_or(Tenant::alone(nobody), |of| Tenant { root: of.vendor, party: of.subscriber.unwrap_or(of.vendor) });
    Met {
        place: event.place,
        lane: lane_of(event),
        tenant,
        parts: u64::try_from(event.notice.parts()).unwrap_or(u64::MAX),
        at: event.at,
    }
}

/// What was last known, and as of when.
type Last = Option<(Option<Arc<Whom>>, Instant)>;

/// What is known of a target, and since when; read again when it is too old.
pub(super) struct Known {
    target: Target,
    fresh: Duration,
    last: Mutex<Last>,
}

impl Known {
    pub(super) fn new(target: Target, fresh: Duration) -> Known {
        Known { target, fresh, last: Mutex::new(None) }
    }

    pub(super) fn target(&self) -> Target {
        self.target
    }

    /// Who it is by now.
    pub(super) async fn now(&self, app: &App) -> Result<Option<Arc<Whom>>, ReadError> {
        let mut last = self.last.lock().await;
        if let Some((whom, _)) = last.as_ref().filter(|(_, at)| at.elapsed() < self.fresh) {
            return Ok(whom.clone());
        }
        self.load(app, &mut last).await
    }

    /// Who it was at a time or later, so that nothing is passed over that was wanted by then. An error says when to ask again:
    /// it was asked for just before that time.
    pub(super) async fn as_of(
        &self,
        app: &App,
        time: Instant,
    ) -> Result<Result<Option<Arc<Whom>>, Instant>, ReadError> {
        let mut last = self.last.lock().await;
        if let Some((whom, at)) = last.as_ref() {
            if *at >= time || whom.as_ref().is_some_and(|whom| whom.wants_all()) {
                return Ok(Ok(whom.clone()));
            }
            if at.elapsed() < LOAD_EVERY {
                return Ok(Err(*at + LOAD_EVERY));
            }
        }
        Ok(Ok(self.load(app, &mut last).await?))
    }

    /// Who it is just now.
    pub(super) async fn anew(&self, app: &App) -> Result<Option<Arc<Whom>>, ReadError> {
        let mut last = self.last.lock().await;
        self.load(app, &mut last).await
    }

    async fn load(&self, app: &App, last: &mut Last) -> Result<Option<Arc<Whom>>, ReadError> {
        let asked_at = Instant::now();
        let whom = Whom::load(app, self.target).await?.map(Arc::new);
        *last = Some((whom.clone(), asked_at));
        Ok(whom)
    }

    /// It may have changed.
    pub(super) async fn forget(&self) {
        *self.last.lock().await = None;
    }
}
