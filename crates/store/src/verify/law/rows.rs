//! The law of everything else: what is made is new, what is changed keeps its identity and its owner (I6), what is
//! deleted lived and was needed by nobody.

use super::Broken;
use orderpark_domain::user::folded;
use orderpark_domain::{
    Abridge, Endpoint, Event, Offer, Party, PartyKind, PartyRef, Product, ProductRef, Strategy, User, World,
};

pub(super) fn changed(world: &World, event: &Event, broken: &mut Broken) {
    match event {
        Event::PartyCreated(party) => party_created(world, party, broken),
        Event::PartyUpdated(party) => kept(world.parties.get(&party.party), party, "party", broken),
        Event::PartyClosing(party) => party_closing(world, party, broken),
        Event::QuotasSet { party, .. } => lived(world.parties.get(party).is_some_and(Row::lives), "party", broken),
        Event::PartyDeleted(party) => party_deleted(world, *party, broken),
        Event::UserCreated(user) => {
            // An older version let in logins that differ by letter case.
            let namesake = world.logins.get(&folded(&user.login)).and_then(|user| world.users.get(user));
            let new_login = namesake.is_none_or(|namesake| namesake.login != user.login);
            created(world.users.get(&user.user).is_none(), new_login, "user", broken);
        }
        Event::UserUpdated(user) => user_updated(world, user, broken),
        Event::UserDeleted(user) => lived(world.users.get(user).is_some_and(Row::lives), "user", broken),
        Event::ProductCreated(product) => {
            let new_id = world.product_ids.get(&product.id).is_none();
            created(world.products.get(&product.product).is_none(), new_id, "product", broken);
        }
        Event::ProductUpdated(product) => kept(world.products.get(&product.product), product, "product", broken),
        Event::ProductDeleted(product) => product_deleted(world, *product, broken),
        Event::OfferCreated(offer) => {
            created(
                world.offers.get(&offer.offer).is_none(),
                world.offer_ids.get(&offer.id).is_none(),
                "offer",
                broken,
            );
        }
        Event::OfferUpdated(offer) => kept(world.offers.get(&offer.offer), offer, "offer", broken),
        Event::OfferDeleted(offer) => {
            let row = world.offers.get(offer);
            lived(row.is_some_and(Row::lives), "offer", broken);
            let open = row.map_or(0, |offer| offer.open_orders);
            broken.unless(open == 0, || format!("offer {offer} was deleted with {open} open orders"));
        }
        Event::StrategyCreated(strategy) => {
            let new_id = world.strategy_ids.get(&strategy.id).is_none();
            created(world.strategies.get(&strategy.strategy).is_none(), new_id, "strategy", broken);
        }
        Event::StrategyUpdated(strategy) => {
            kept(world.strategies.get(&strategy.strategy), strategy, "strategy", broken);
        }
        Event::StrategyDeleted(strategy) => {
            lived(world.strategies.get(strategy).is_some_and(Row::lives), "strategy", broken);
        }
        Event::EndpointCreated(endpoint) => endpoint_created(world, endpoint, broken),
        Event::EndpointUpdated(endpoint) => {
            kept(world.endpoints.get(&endpoint.endpoint), endpoint, "webhook endpoint", broken);
        }
        Event::EndpointDeleted(endpoint) => {
            lived(world.endpoints.get(endpoint).is_some_and(Row::lives), "webhook endpoint", broken);
        }
        // The law of orders, usage and tokens stands beside its caller.
        _ => {}
    }
}

/// What never changes of a row, and whether it lives.
trait Row {
    fn lives(&self) -> bool;
    fn is_the_same_as(&self, other: &Self) -> bool;
}

macro_rules! rows {
    ($($row:ident: $($field:ident),+;)+) => {
        $(impl Row for $row {
            fn lives(&self) -> bool {
                self.deleted_at.is_none()
            }

            fn is_the_same_as(&self, other: &Self) -> bool {
                $(self.$field == other.$field)&&+
            }
        })+
    };
}

rows! {
    Party: kind, id, vendor, vendor_id;
    User: login;
    Product: kind, supplier, id;
    Offer: vendor, id, items, strategies;
    Strategy: vendor, id;
    Endpoint: owner, created_at;
}

fn kept<R: Row + Abridge>(before: Option<&R>, after: &R, what: &str, broken: &mut Broken) {
    let same = before.is_some_and(|before| {
        before.lives() && before.is_the_same_as(&after.clone().completed(before)) && after.lives()
    });
    broken.unless(same, || format!("a {what} was changed that does not live, or in what never changes (I6)"));
}

fn created(new_ref: bool, new_id: bool, what: &str, broken: &mut Broken) {
    broken.unless(new_ref, || format!("a {what} was made whose ref exists already"));
    broken.unless(new_id, || format!("a {what} was made whose id a living one has"));
}

fn lived(lives: bool, what: &str, broken: &mut Broken) {
    broken.unless(lives, || format!("a {what} was deleted that does not live"));
}

fn party_created(world: &World, party: &Party, broken: &mut Broken) {
    let new_id = world.party_ids.get(&(party.kind, party.id.clone())).is_none();
    created(world.parties.get(&party.party).is_none(), new_id, "party", broken);
    let first = world.head.seq == 0;
    broken.unless((party.kind == PartyKind::Operator) == first, || "there is one operator, and it is first".into());
    if let Some(vendor) = party.vendor {
        let lives = world.parties.get(&vendor).is_some_and(|it| it.kind == PartyKind::Vendor && it.lives());
        broken.unless(lives, || format!("subscriber {} is of no living vendor (I6)", party.party));
    }
}

/// It begins once, changes nothing else, and never with connections in use.
fn party_closing(world: &World, party: &Party, broken: &mut Broken) {
    let before = world.parties.get(&party.party);
    let expected =
        before.map(|before| Party { closing_at: party.closing_at, revision: before.revision + 1, ..before.clone() });
    let begins = before.is_some_and(|before| before.lives() && before.closing_at.is_none());
    let is_it = expected.as_ref() == Some(party) && party.closing_at.is_some() && party.kind != PartyKind::Operator;
    broken.unless(begins && is_it, || format!("party {} began to be closed twice, or was changed by it", party.party));
    let uses = world.balances.values().any(|it| it.subscriber == party.party && it.used > 0);
    broken
        .unless(!uses, || format!("party {} began to be closed while its connections were in use (I10)", party.party));
}

/// It moves to another party only where it gives up all that it holds of its own.
fn user_updated(world: &World, user: &User, broken: &mut Broken) {
    let before = world.users.get(&user.user);
    kept(before, user, "user", broken);
    let Some(before) = before.filter(|before| before.party != user.party) else { return };
    let lives = world.parties.get(&user.party).is_some_and(Row::lives);
    let holds = |party| user.grants.iter().any(|grant| grant.party == party);
    let is_less = user.grants.iter().all(|grant| before.grants.contains(grant));
    broken.unless(lives && holds(user.party) && !holds(before.party) && is_less, || {
        format!("user {} moved to a party that is not the first of its others (I6)", user.user)
    });
}

fn party_deleted(world: &World, party: PartyRef, broken: &mut Broken) {
    lived(world.parties.get(&party).is_some_and(Row::lives), "party", broken);
    let needed = world.parties.values().any(|it| it.vendor == Some(party) && it.lives())
        || world.offers.values().any(|it| it.vendor == party && it.lives())
        || world.products.values().any(|it| it.supplier == party && it.lives())
        || world.users.values().any(|it| it.party == party && it.lives())
        || world.orders.values().any(|it| it.subscriber == party && it.state.is_open());
    // Its webhook endpoints die with it; only a node of the version before, which knows none, leaves them.
    broken.unless(!needed, || format!("party {party} was deleted while something still needed it (I6)"));
}

fn endpoint_created(world: &World, endpoint: &Endpoint, broken: &mut Broken) {
    let is_new = world.endpoints.get(&endpoint.endpoint).is_none();
    broken.unless(is_new, || "a webhook endpoint was made whose ref exists already".into());
    let owner = world.parties.get(&endpoint.owner.party);
    let is_its_own = owner.is_some_and(|party| party.kind == endpoint.owner.kind && party.lives());
    broken.unless(is_its_own && endpoint.lives(), || {
        format!("webhook endpoint {} is of no living party of its kind (I6)", endpoint.endpoint)
    });
}

fn product_deleted(world: &World, product: ProductRef, broken: &mut Broken) {
    lived(world.products.get(&product).is_some_and(Row::lives), "product", broken);
    let offered = |offer: &Offer| offer.lives() && offer.items.iter().any(|item| item.product == product);
    broken.unless(!world.offers.values().any(offered), || format!("product {product} was deleted while offers had it"));
}
