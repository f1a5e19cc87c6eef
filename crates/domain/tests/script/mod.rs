//! Random commands for the shop: every one that there is, mostly on things that exist.

use super::harness::chance::Chance;
use super::harness::{
    Deployment, Wish, endpoint, offer, party, place, plan, primary_user, rename_endpoint, secret, strategy, subscriber,
};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::endpoint::{
    CreateEndpoint, DeleteEndpoint, DisableEndpoint, RotateEndpointSecret, UpdateEndpoint,
};
use orderpark_domain::offer::{CreateOffer, DeleteOffer, UpdateOffer};
use orderpark_domain::order::{CancelOrder, OfferName, PlaceOrder, Refused, SettleOrder};
use orderpark_domain::party::{ContinueClosing, DeleteParty, PARTS_AT_ONCE, UpdateParty};
use orderpark_domain::product::{DeleteProduct, UpdateProduct};
use orderpark_domain::quota::SetQuotas;
use orderpark_domain::strategy::{DeleteStrategy, UpdateStrategy};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::user::{ContainUser, CreateUser, DeleteUser, RotateSecret, UpdateUser};
use orderpark_domain::{
    Command, DisabledWhy, EndpointState, Event, Grant, Instant, Offer, OfferState, Order, Party, PartyKind, Product,
    Quota, Role, Strategy, StrategyState, SubscriptionState, Token, User,
};

/// Makes one wish after the other.
pub struct Script {
    pub chance: Chance,
}

const OFFER_STATES: [OfferState; 4] =
    [OfferState::Active, OfferState::Active, OfferState::Suspended, OfferState::Deactivated];

impl Script {
    pub fn new(seed: u64) -> Script {
        Script { chance: Chance::seeded(seed) }
    }

    /// What somebody asks next; it may well be refused.
    pub fn wish(&mut self, shop: &Deployment) -> Wish {
        let command = match self.chance.below(42) {
            0..=11 => self.place(shop),
            12..=14 => self.cancel(shop),
            15..=17 => self.settle(shop),
            18..=20 => self.change(shop),
            21..=23 => self.report(shop),
            24..=26 => self.token(shop),
            27..=29 => self.of_users(shop),
            30..=32 => self.of_parties(shop),
            33..=34 => self.of_products(shop),
            35..=37 => self.of_offers(shop),
            38..=39 => self.of_endpoints(shop),
            _ => self.of_strategies(shop),
        };
        let by_program = matches!(
            command,
            Command::ContinueClosing(_)
                | Command::SettleOrder(_)
                | Command::DisableEndpoint(_)
                | Command::IssueToken(_)
                | Command::RevokeToken(_)
        );
        if by_program {
            return Wish::by_system(command);
        }
        let wish = shop.by("operator", command);
        if self.chance.below(3) == 0 { wish.key(&format!("key {}", self.chance.below(1_000))) } else { wish }
    }

    /// One of many in the order of the journal, so that the same seed asks for the same.
    fn one<'s, T>(&mut self, of: &[&'s T]) -> &'s T {
        self.chance.pick(of)
    }

    fn party<'s>(&mut self, shop: &'s Deployment, kind: PartyKind) -> &'s Party {
        self.one(&told(shop, |event| match event {
            Event::PartyCreated(party) if party.kind == kind => Some(party),
            _ => None,
        }))
    }

    fn user<'s>(&mut self, shop: &'s Deployment) -> &'s User {
        // Not the operator's, who asks for everything here.
        self.one(&told(shop, |event| match event {
            Event::UserCreated(user) if user.login != "operator@test" => Some(user),
            _ => None,
        }))
    }

    fn product<'s>(&mut self, shop: &'s Deployment) -> &'s Product {
        self.one(&told(shop, |event| match event {
            Event::ProductCreated(product) => Some(product),
            _ => None,
        }))
    }

    fn offer<'s>(&mut self, shop: &'s Deployment) -> &'s Offer {
        self.one(&told(shop, |event| match event {
            Event::OfferCreated(offer) => Some(offer),
            _ => None,
        }))
    }

    fn strategy<'s>(&mut self, shop: &'s Deployment) -> &'s Strategy {
        self.one(&told(shop, |event| match event {
            Event::StrategyCreated(strategy) if strategy.vendor.is_some() => Some(strategy),
            _ => None,
        }))
    }

    /// An order, as it was placed; none before the first one.
    fn order<'s>(&mut self, shop: &'s Deployment, pending: bool) -> Option<&'s Order> {
        let placed = told(shop, |event| match event {
            Event::OrderPlaced(order) => Some(order),
            _ => None,
        });
        let open = |order: &&&Order| shop.whole.orders.get(&order.order).is_some_and(|now| now.state.is_open());
        let pending = |order: &&&Order| !pending || order.offer_id == "acme/asks";
        let open: Vec<&Order> = placed.iter().filter(open).filter(pending).copied().collect();
        (!open.is_empty()).then(|| self.one(&open))
    }

    fn place(&mut self, shop: &Deployment) -> Command {
        let offer = self.offer(shop);
        let of_vendor = told(shop, |event| match event {
            Event::PartyCreated(party) if party.vendor == Some(offer.vendor) => Some(party),
            _ => None,
        });
        let named = self.chance.below(4) == 0;
        let external_id = named.then(|| format!("PO-{}", self.chance.below(3)));
        let subscriber = self.one(&of_vendor).party;
        let quantity = u32::try_from(1 + self.chance.below(3)).expect("a small number");
        let offer = OfferName::Ref(offer.offer);
        Command::PlaceOrder(PlaceOrder { offer, quantity, external_id, ..place("", subscriber) })
    }

    fn cancel(&mut self, shop: &Deployment) -> Command {
        match self.order(shop, false) {
            Some(order) => Command::CancelOrder(CancelOrder { order: order.order }),
            None => self.place(shop),
        }
    }

    fn settle(&mut self, shop: &Deployment) -> Command {
        let Some(order) = self.order(shop, true) else { return self.place(shop) };
        let refused = (self.chance.below(2) == 0).then(|| order.subscriptions[0].product);
        let declined = refused.into_iter().filter(|_| self.chance.below(2) == 0).collect();
        let refused = refused.map(|product| Refused { product, unreachable: self.chance.below(2) == 0 });
        Command::SettleOrder(SettleOrder { order: order.order, refused, declined })
    }

    fn change(&mut self, shop: &Deployment) -> Command {
        let Some(order) = self.order(shop, false) else { return self.place(shop) };
        let state = Some(self.chance.pick(&[SubscriptionState::Suspended, SubscriptionState::Active]));
        Command::ChangeSubscription(ChangeSubscription {
            subscription: order.order.subscription(1),
            state,
            reason: None,
        })
    }

    fn report(&mut self, shop: &Deployment) -> Command {
        let Some(order) = self.order(shop, false) else { return self.place(shop) };
        let (subscriber, product) = (order.subscriber, order.subscriptions[0].product);
        Command::ReportUsage(ReportUsage { subscriber, product, used: self.chance.below(3) })
    }

    fn token(&mut self, shop: &Deployment) -> Command {
        let user = self.user(shop);
        let hash = [u8::try_from(self.chance.below(250)).expect("a small number"); 32];
        let held = shop.whole.tokens.get(&user.user).filter(|_| self.chance.below(2) == 0);
        if let Some(held) = held {
            return Command::RevokeToken(RevokeToken { user: user.user, hash: held.hash });
        }
        let proved = shop.whole.users.get(&user.user).expect("a user, though it may be deleted").secrets[0];
        let token = Token {
            user: user.user,
            hash,
            jti: format!("jti {}", hash[0]),
            client_id: "tpx/test".into(),
            grants: user.grants.clone(),
            issued_at: shop.now(),
            expires_at: None,
        };
        Command::IssueToken(IssueToken { token, proved, renew: true, validity_max_s: None })
    }

    fn of_users(&mut self, shop: &Deployment) -> Command {
        let user = self.user(shop).user;
        let number = u8::try_from(self.chance.below(4)).expect("a small number");
        match self.chance.below(6) {
            0 | 1 => Command::CreateUser(CreateUser {
                email: format!("clerk{number}@test"),
                first_name: None,
                last_name: None,
                organization: None,
                grants: vec![shop.grant("operator")],
                secret: secret(number),
                role: Role::Admin,
            }),
            2 => Command::DeleteUser(DeleteUser { user }),
            // The first user made nearly all others, who are still wanted.
            3 if number == 0 => {
                let end_created = user != shop.user("operator");
                Command::ContainUser(ContainUser { user, since: Instant(0), end_created })
            }
            3 => Command::RotateSecret(RotateSecret { user, secret: secret(number), keep_previous: false }),
            _ => Command::UpdateUser(UpdateUser {
                user,
                first_name: Some(format!("Name {number}")),
                last_name: None,
                organization: None,
                grants: None,
                role: (number == 0).then_some(Role::Member).or((number == 1).then_some(Role::Admin)),
            }),
        }
    }

    fn of_parties(&mut self, shop: &Deployment) -> Command {
        let kind =
            self.chance.pick(&[PartyKind::Supplier, PartyKind::Vendor, PartyKind::Subscriber, PartyKind::Subscriber]);
        let (number, old) = (self.chance.below(3), self.party(shop, kind).party);
        match self.chance.below(8) {
            0..=2 => {
                let id = format!("{}{number}", kind.as_str().to_lowercase());
                let new = if kind == PartyKind::Subscriber { subscriber(&id, "acme") } else { party(kind, &id) };
                let primary_user = (self.chance.below(2) == 0).then(|| primary_user(&id));
                Command::CreateParty(orderpark_domain::party::CreateParty { primary_user, ..new })
            }
            3 => {
                let (force, parts_max) = (self.chance.below(2) == 0, self.chance.pick(&[2, PARTS_AT_ONCE]));
                Command::DeleteParty(DeleteParty { kind, party: old, force, parts_max })
            }
            4 if self.chance.below(2) == 0 => {
                let closing = told(shop, |event| match event {
                    Event::PartyClosing(party) => Some(party),
                    _ => None,
                });
                let party = closing.last().map_or(old, |party| party.party);
                Command::ContinueClosing(ContinueClosing { party, parts_max: 2 })
            }
            4 | 5 => {
                let value = (number > 0).then(|| u32::try_from(self.chance.below(4)).expect("a small number"));
                let quota = self.chance.pick(&[Quota::OpenOrders, Quota::OpenOrders, Quota::Users, Quota::Endpoints]);
                Command::SetQuotas(SetQuotas { party: old, changes: vec![(quota, value)] })
            }
            _ => Command::UpdateParty(UpdateParty {
                kind,
                party: old,
                name: Some(format!("Name {number}")),
                contact_email: None,
                organization: None,
            }),
        }
    }

    fn of_products(&mut self, shop: &Deployment) -> Command {
        let (number, old) = (self.chance.below(3), self.product(shop));
        let (kind, product) = (old.kind, old.product);
        match self.chance.below(5) {
            0 | 1 => Command::CreateProduct(plan(&format!("net/new{number}"))),
            2 => Command::DeleteProduct(DeleteProduct { kind, product }),
            _ => {
                let name = Some(format!("Name {number}"));
                Command::UpdateProduct(UpdateProduct { kind, product, name, portal_url: None, notification: None })
            }
        }
    }

    fn of_offers(&mut self, shop: &Deployment) -> Command {
        let number = self.chance.below(4);
        match self.chance.below(6) {
            0 | 1 => {
                let product = self.product(shop).id.clone();
                Command::CreateOffer(CreateOffer { ..offer(&format!("acme/new{number}"), &[(&product, Some(5))]) })
            }
            2 => Command::DeleteOffer(DeleteOffer { offer: self.offer(shop).offer }),
            _ => {
                let (offer, name) = (self.offer(shop).offer, Some(format!("Name {number}")));
                Command::UpdateOffer(UpdateOffer { offer, name, state: Some(self.chance.pick(&OFFER_STATES)) })
            }
        }
    }

    fn of_endpoints(&mut self, shop: &Deployment) -> Command {
        let number = self.chance.below(4);
        let kind = self.chance.pick(&[PartyKind::Supplier, PartyKind::Vendor, PartyKind::Subscriber]);
        let owner = Some(Grant { kind, party: self.party(shop, kind).party });
        let url = format!("https://{number}.test");
        let created = CreateEndpoint { owner, ..endpoint(&url) };
        let made = told(shop, |event| match event {
            Event::EndpointCreated(endpoint) => Some(endpoint),
            _ => None,
        });
        if made.is_empty() {
            return Command::CreateEndpoint(created);
        }
        let old = self.one(&made).endpoint;
        let revision = shop.whole.endpoints.get(&old).map_or(0, |endpoint| endpoint.revision);
        match self.chance.below(7) {
            0 | 1 => Command::CreateEndpoint(created),
            2 => Command::DeleteEndpoint(DeleteEndpoint { endpoint: old }),
            3 => {
                let secret = format!("sealed {number}");
                Command::RotateEndpointSecret(RotateEndpointSecret { endpoint: old, secret })
            }
            4 => Command::DisableEndpoint(DisableEndpoint { endpoint: old, revision, why: DisabledWhy::Failing }),
            _ => Command::UpdateEndpoint(UpdateEndpoint {
                state: Some(self.chance.pick(&EndpointState::ALL)),
                ..rename_endpoint(old, &url)
            }),
        }
    }

    fn of_strategies(&mut self, shop: &Deployment) -> Command {
        let (number, old) = (self.chance.below(3), self.strategy(shop).strategy);
        match self.chance.below(5) {
            0 | 1 => Command::CreateStrategy(strategy(&format!("acme/new{number}"))),
            2 => Command::DeleteStrategy(DeleteStrategy { strategy: old }),
            _ => Command::UpdateStrategy(UpdateStrategy {
                strategy: old,
                name: Some(format!("Name {number}")),
                description: None,
                state: Some(self.chance.pick(&[StrategyState::Active, StrategyState::Deactivated])),
                settings: None,
            }),
        }
    }
}

/// What the journal tells of one kind of thing, in its order.
fn told<'s, T>(shop: &'s Deployment, tells: impl Fn(&'s Event) -> Option<&'s T>) -> Vec<&'s T> {
    shop.journal.iter().filter_map(|entry| tells(&entry.event)).collect()
}
