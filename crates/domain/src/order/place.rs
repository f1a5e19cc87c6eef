//! Place an order: the main job.

use super::FoundOrder;
use crate::{
    Decision, Event, Instant, Intent, Needs, Offer, OfferRef, OfferState, Order, OrderRef, OrderState, Outcome, Party,
    PartyKind, PartyRef, Refusal, Scope, Stamp, StrategyState, Subscription, SubscriptionState, World, balance, quota,
};

/// The largest quantity of one order.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// How the caller names the offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferName {
    /// By `offerId`.
    Id(String),
    /// By `offerRef`.
    Ref(OfferRef),
}

/// Take an offer for a subscriber.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// What.
    pub offer: OfferName,
    /// For whom; absent: the one subscriber of the scope.
    pub subscriber: Option<PartyRef>,
    /// How many times; 1 to [`QUANTITY_MAX`].
    pub quantity: u32,
    /// The caller's own name for it.
    pub external_id: Option<String>,
    /// The id of a processing strategy.
    pub strategy: Option<String>,
    /// Whether this server can ask suppliers; if not, offers that need it are refused.
    pub can_ask_suppliers: bool,
}

impl PlaceOrder {
    pub(crate) fn needs(&self, intent: &Intent, world: &World, needs: &mut Needs) {
        if let OfferName::Id(id) = &self.offer {
            needs.offer_id(world, id);
        }
        if let Some(strategy) = &self.strategy {
            needs.strategy_named(world, strategy);
        }
        let subscriber = self.subscriber(&intent.scope);
        if let Some(subscriber) = subscriber {
            needs.party(world, subscriber);
            quota::needs_of_order(intent, world, needs, subscriber);
            if let Some(external_id) = &self.external_id {
                needs.external_id(world, subscriber, external_id);
            }
        }
        let Some(offer) = self.offer_ref(world) else { return };
        needs.offer(world, offer);
        for item in world.offers.get_known(&offer).iter().flat_map(|offer| &offer.items) {
            needs.product(world, item.product);
            if let Some(subscriber) = subscriber {
                needs.balance(world, subscriber, item.product);
            }
        }
    }

    /// The items of the offer, or the subscriptions of the order that it matches.
    pub(crate) fn parts(&self, scope: &Scope, world: &World) -> usize {
        let offer = self.offer_ref(world).map_or(0, |offer| world.parts_of_offer(offer));
        let named = self.subscriber(scope).zip(self.external_id.clone());
        let matched = named.and_then(|name| world.external_ids.get_known(&name).copied());
        offer.max(matched.map_or(0, |order| world.parts_of_order(order)))
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let subscriber = self.find_subscriber(&intent.scope, world)?;
        if let Some(order) = self.same_external_id(world, subscriber.party) {
            return self.match_existing(intent, order);
        }
        subscriber.check_open()?;
        let offer = self.find_offer(&intent.scope, world, subscriber)?;
        if offer.state != OfferState::Active {
            let knows = intent.scope.is_everything() || intent.scope.has_vendor(offer.vendor);
            return Err(Refusal::OfferNotOrderable { state: knows.then(|| offer.state.as_str()) });
        }
        self.check_strategy(world, offer)?;
        quota::check_order(intent, world, subscriber)?;
        let order = self.make(world, offer, subscriber.party, stamp)?;
        balance::check_granting(world, &order)?;
        Ok(Decision::of(Event::OrderPlaced(order.clone()), Outcome::Order(Box::new(order))))
    }

    fn subscriber(&self, scope: &Scope) -> Option<PartyRef> {
        self.subscriber.or_else(|| scope.only_subscriber())
    }

    fn offer_ref(&self, world: &World) -> Option<OfferRef> {
        match &self.offer {
            OfferName::Ref(offer) => Some(*offer),
            OfferName::Id(id) => world.offer_ids.get_known(id).copied(),
        }
    }

    fn find_subscriber<'w>(&self, scope: &Scope, world: &'w World) -> Result<&'w Party, Refusal> {
        let needed = || Refusal::Invalid {
            attribute: "subscriberId",
            rule: "is needed (or subscriberRef), because your token does not hold exactly one SUBSCRIBER scope".into(),
        };
        let subscriber = self.subscriber(scope).ok_or_else(needed)?;
        world
            .parties
            .get(&subscriber)
            .filter(|party| party.kind == PartyKind::Subscriber && party.is_within(scope))
            .ok_or(Refusal::Unknown { attribute: "subscriberId" })
    }

    /// An offer can be ordered for subscribers of its own vendor only; whoever sees the subscriber learns no more.
    /// The operator sees all offers, and is told which vendors it mixed.
    fn find_offer<'w>(&self, scope: &Scope, world: &'w World, subscriber: &Party) -> Result<&'w Offer, Refusal> {
        let attribute = if matches!(self.offer, OfferName::Id(_)) { "offerId" } else { "offerRef" };
        let offer = self.offer_ref(world).and_then(|offer| world.offers.get(&offer));
        match offer.filter(|offer| offer.deleted_at.is_none()) {
            Some(offer) if Some(offer.vendor) == subscriber.vendor => Ok(offer),
            Some(offer) if scope.is_everything() => {
                let (sells, _) = offer.id.split_once('/').unwrap_or_default();
                let (buyer, buys) = (&subscriber.id, subscriber.vendor_id.as_deref().unwrap_or_default());
                let rule = format!(
                    "is an offer of vendor '{sells}', but subscriber '{buyer}' belongs to vendor '{buys}': a subscriber \
                     can order offers of its own vendor only"
                );
                Err(Refusal::Invalid { attribute, rule: rule.into() })
            }
            _ => Err(Refusal::Unknown { attribute }),
        }
    }

    fn same_external_id<'w>(&self, world: &'w World, subscriber: PartyRef) -> Option<&'w Order> {
        let external_id = self.external_id.as_ref()?;
        let order = world.external_ids.get(&(subscriber, external_id.clone()))?;
        world.orders.get(order)
    }

    /// The same `externalId` with the same content is the same order (domain.md, "Orders"), also
    /// after it was cancelled, and whatever became of its offer: that it can still be ordered does
    /// not matter. A rejected order is not found here.
    fn match_existing(&self, intent: &Intent, order: &Order) -> Result<Decision, Refusal> {
        let same_offer = match &self.offer {
            OfferName::Id(id) => *id == order.offer_id,
            OfferName::Ref(offer) => *offer == order.offer,
        };
        let same = same_offer && order.quantity == self.quantity && order.strategy == self.strategy;
        if !same {
            return Err(Refusal::ExternalIdTaken);
        }
        // Where a key came with it, the key is kept: it must find this order again, and refuse another body.
        let events = intent.request.map(|_| Event::OrderFound(FoundOrder::of(order))).into_iter().collect();
        Ok(Decision::first_of(events, Outcome::Order(Box::new(order.clone()))))
    }

    fn check_strategy(&self, world: &World, offer: &Offer) -> Result<(), Refusal> {
        let Some(id) = &self.strategy else { return Ok(()) };
        let usable = world.strategy_named(id).is_some_and(|strategy| {
            strategy.state == StrategyState::Active && strategy.vendor.is_none_or(|vendor| vendor == offer.vendor)
        });
        let listed = offer.strategies.as_ref().is_none_or(|ids| ids.contains(id));
        if usable && listed { Ok(()) } else { Err(Refusal::UnknownStrategy) }
    }

    fn make(&self, world: &World, offer: &Offer, subscriber: PartyRef, stamp: Stamp) -> Result<Order, Refusal> {
        let asks =
            offer.items.iter().find(|item| world.products.get(&item.product).is_some_and(crate::Product::asks_first));
        if let Some(item) = asks
            && !self.can_ask_suppliers
        {
            return Err(Refusal::SupplierCannotBeAsked { product_id: item.product_id.clone() });
        }
        let pending = asks.is_some();
        Ok(Order {
            order: OrderRef::mint(stamp.at, stamp.chance),
            offer: offer.offer,
            offer_id: offer.id.clone(),
            vendor: offer.vendor,
            subscriber,
            quantity: self.quantity,
            external_id: self.external_id.clone(),
            strategy: self.strategy.clone(),
            state: if pending { OrderState::Pending } else { OrderState::Active },
            created_at: stamp.at,
            closed_at: None,
            revision: Order::FIRST_REVISION,
            subscriptions: self.subscriptions(world, offer, pending, stamp.at),
        })
    }

    fn subscriptions(&self, world: &World, offer: &Offer, pending: bool, at: Instant) -> Vec<Subscription> {
        let state = if pending { SubscriptionState::Pending } else { SubscriptionState::Active };
        (world.head.next_subscription..)
            .zip(&offer.items)
            .filter_map(|(number, item)| {
                let product = world.products.get(&item.product)?;
                Some(Subscription {
                    number,
                    product: item.product,
                    product_id: item.product_id.clone(),
                    supplier: product.supplier,
                    state,
                    granted: item.granted.map(|granted| granted.saturating_mul(u64::from(self.quantity))),
                    since: at,
                    until: None,
                    reason: None,
                })
            })
            .collect()
    }
}
