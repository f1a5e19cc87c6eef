//! The event feed against the fold of the journal, and its audience against a table.
//!
//! Random scripts make a journal. Folded entry by entry, the world before an entry and the world after it differ in what
//! the entry did: a model reads off what has to be told, and how each object was at that moment. What the feed tells, of
//! rows as they are at the end of the script and at any moment between, must be the same. A failure prints its seed.

mod harness;
mod script;

use harness::chance::Chance;
use harness::{Deployment, Wish};
use orderpark_domain::feed::{About, Kind, Missing, Notice, needs, notices};
use orderpark_domain::{
    Action, Caller, Entry, Event, Grant, Need, Offer, Order, OrderState, Party, PartyKind, PartyRef, SubscriptionState,
    User, UserRef, World,
};
use script::Script;
use std::collections::{BTreeMap, BTreeSet};

const SCRIPTS: u64 = 80;
const COMMANDS: u64 = 150;

/// Who hears of what, as docs/events.md says it.
const AUDIENCES: &str = "
    noun          OPERATOR  SUPPLIER  VENDOR  SUBSCRIBER
    order         yes       -         yes     yes
    subscription  yes       yes       yes     yes
    offer         yes       -         yes     -
    subscriber    yes       -         yes     yes
";

/// A shop that went through a random script.
fn played(seed: u64) -> Deployment {
    let (mut shop, mut script) = (Deployment::shop(), Script::new(seed));
    for _ in 0..COMMANDS {
        let wish: Wish = script.wish(&shop);
        let _ = shop.asks(wish);
    }
    shop
}

/// What was told: the kind, and the object in words.
type Told = Vec<(&'static str, String)>;

fn in_words(notice: &Notice) -> (&'static str, String) {
    let words = match &notice.about {
        About::Order(order) => format!("{order:?}"),
        About::Subscription(told) => {
            let (order, position) = (told.subscription_ref.order(), told.subscription_ref.position());
            let of = (order, position, told.vendor, told.subscriber, &told.offer_id, told.quantity, &told.strategy);
            format!("{of:?} {:?}", told.subscription)
        }
        About::Offer(offer) => format!("{:?}", uncounted(offer)),
        About::Subscriber(party) => format!("{party:?}"),
    };
    (notice.kind.as_str(), words)
}

/// No event tells how many orders of an offer are open.
fn uncounted(offer: &Offer) -> Offer {
    Offer { open_orders: 0, ..offer.clone() }
}

/// The model: what differs between two worlds.
fn difference(before: &World, after: &World) -> Told {
    let mut told = Vec::new();
    let mut orders: Vec<&Order> = after.orders.values().collect();
    orders.sort_by_key(|order| order.order);
    for order in orders {
        of_order(before.orders.get(&order.order), order, &mut told);
    }
    for offer in after.offers.values() {
        let was = before.offers.get(&offer.offer).map(uncounted);
        let (is, words) = (uncounted(offer), format!("{:?}", uncounted(offer)));
        let kinds = ["offer.created", "offer.updated", "offer.deleted"];
        if was.as_ref() != Some(&is) {
            told.push((kinds[came(was.is_none(), is.deleted_at.is_some())], words));
        }
    }
    for party in after.parties.values().filter(|party| party.kind == PartyKind::Subscriber) {
        let was: Option<&Party> = before.parties.get(&party.party);
        let kinds = ["subscriber.created", "subscriber.updated", "subscriber.deleted"];
        // That it begins to be closed is told by what becomes of its orders, and of itself at the
        // end.
        let begins_to_close = was.is_some_and(|was| was.closing_at != party.closing_at);
        if was != Some(party) && !begins_to_close {
            told.push((kinds[came(was.is_none(), party.deleted_at.is_some())], format!("{party:?}")));
        }
    }
    told
}

/// Which of created, updated and deleted.
fn came(new: bool, deleted: bool) -> usize {
    if new { 0 } else { 1 + usize::from(deleted) }
}

fn of_order(was: Option<&Order>, order: &Order, told: &mut Told) {
    if was.map(|was| was.state) != Some(order.state) {
        let kind = match order.state {
            OrderState::Pending => "order.pending",
            OrderState::Active => "order.activated",
            OrderState::Rejected => "order.rejected",
            OrderState::Cancelled => "order.cancelled",
        };
        told.push((kind, format!("{order:?}")));
    }
    for (index, subscription) in order.subscriptions.iter().enumerate() {
        let was = was.map(|was| was.subscriptions[index].state);
        if was == Some(subscription.state) {
            continue;
        }
        let kind = match (was, subscription.state) {
            (Some(SubscriptionState::Suspended), SubscriptionState::Active) => "subscription.resumed",
            (_, SubscriptionState::Active) => "subscription.activated",
            (_, SubscriptionState::Suspended) => "subscription.suspended",
            (_, SubscriptionState::Cancelled) => "subscription.cancelled",
            (_, SubscriptionState::Rejected) => "subscription.rejected",
            (_, SubscriptionState::Pending) => continue,
        };
        let position = u16::try_from(index + 1).expect("few");
        let of =
            (order.order, position, order.vendor, order.subscriber, &order.offer_id, order.quantity, &order.strategy);
        told.push((kind, format!("{of:?} {subscription:?}")));
    }
}

/// Only the rows that the feed asks for, as they are in `world`.
fn rows_for(entry: &Entry, world: &World) -> World {
    let mut rows = World::working_set(world.head);
    match needs(&entry.event) {
        None => {}
        Some(Need::Order(order)) => rows.orders.load(order, world.orders.get(&order).cloned()),
        Some(Need::Offer(offer)) => rows.offers.load(offer, world.offers.get(&offer).cloned()),
        Some(Need::Party(party)) => rows.parties.load(party, world.parties.get(&party).cloned()),
        Some(other) => panic!("nothing that a feed needs: {other:?}"),
    }
    rows
}

/// As the entry is read from the journal.
fn as_kept(entry: &Entry) -> Entry {
    let text = serde_json::to_string(&entry.event).expect("is JSON");
    Entry { event: serde_json::from_str(&text).expect("can be read"), ..entry.clone() }
}

#[test]
fn every_notice_shows_its_object_as_it_was_right_after_the_entry() {
    let mut kinds = BTreeSet::new();
    let mut outdated = 0;
    for seed in 0..SCRIPTS {
        let shop = played(seed);
        let mut chance = Chance::seeded(seed);
        let mut worlds = vec![World::whole()];
        for entry in &shop.journal {
            let mut world = worlds[worlds.len() - 1].clone();
            world.apply(entry);
            worlds.push(world);
        }
        for (place, entry) in shop.journal.iter().enumerate() {
            // Quotas are between the operator and the party; the feed tells nobody.
            let is_told = !matches!(entry.event, Event::QuotasSet { .. });
            let expected = if is_told { difference(&worlds[place], &worlds[place + 1]) } else { Told::new() };
            let later = place + 1 + usize::try_from(chance.below((worlds.len() - place - 1) as u64)).expect("fits");
            for now in [place + 1, later, worlds.len() - 1] {
                let told = notices(&as_kept(entry), &rows_for(entry, &worlds[now])).expect("the rows are there");
                let said: Told = told.iter().map(in_words).collect();
                assert_eq!(said, expected, "seed {seed}, entry {}, rows of entry {now}", entry.seq);
                let numbers: Vec<_> = told.iter().map(|notice| (notice.sequence, notice.number)).collect();
                let counted: Vec<_> = (0..).take(told.len()).map(|number| (entry.seq, number)).collect();
                assert_eq!(numbers, counted, "seed {seed}");
                outdated += usize::from(
                    rows_for(entry, &worlds[now])
                        .orders
                        .values()
                        .any(|row| worlds[place + 1].orders.get(&row.order) != Some(row)),
                );
                kinds.extend(told.iter().map(|notice| notice.kind));
            }
        }
    }
    assert_eq!(kinds.len(), Kind::ALL.len(), "only {kinds:?} came up");
    assert!(outdated > 300, "rows were seldom newer than the entry: {outdated}");
}

fn table() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut lines =
        AUDIENCES.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty());
    let head = lines.next().expect("a head");
    lines
        .map(|row| {
            let kinds = head.iter().zip(&row).filter(|(_, cell)| **cell == "yes").map(|(kind, _)| *kind).collect();
            (row[0], kinds)
        })
        .collect()
}

/// The parties that a notice is about, read from the text of the world and not from the notice.
fn concerned(notice: &Notice, world: &World) -> BTreeSet<Grant> {
    let vendor_of = |subscriber: PartyRef| world.parties.get(&subscriber).and_then(|party| party.vendor);
    let grant = |kind, party| Grant { kind, party };
    let order = |order: &Order| {
        let vendor = world.offers.get(&order.offer).expect("its offer").vendor;
        [grant(PartyKind::Vendor, vendor), grant(PartyKind::Subscriber, order.subscriber)]
    };
    match &notice.about {
        About::Order(of) => order(of).into(),
        About::Subscription(of) => {
            let row = world.orders.get(&of.subscription_ref.order()).expect("its order");
            let product = world.products.get(&of.subscription.product).expect("its product");
            let mut grants: BTreeSet<Grant> = order(row).into();
            grants.insert(grant(PartyKind::Supplier, product.supplier));
            grants
        }
        About::Offer(of) => {
            let (vendor_id, _) = of.id.split_once('/').expect("a vendor before the slash");
            let vendor = world.parties.values().find(|party| party.kind == PartyKind::Vendor && party.id == vendor_id);
            [grant(PartyKind::Vendor, vendor.expect("its vendor").party)].into()
        }
        About::Subscriber(of) => {
            let vendor = vendor_of(of.party).expect("a subscriber has one");
            [grant(PartyKind::Subscriber, of.party), grant(PartyKind::Vendor, vendor)].into()
        }
    }
}

fn holding(grants: Vec<Grant>) -> Caller {
    Caller::of(&User {
        user: UserRef(9),
        party: PartyRef(1),
        login: String::new(),
        first_name: None,
        last_name: None,
        organization: None,
        grants,
        secrets: Vec::new(),
        role: None,
        created_by: None,
        created_at: None,
        revision: 1,
        deleted_at: None,
    })
}

#[test]
fn a_notice_is_heard_by_its_audience_and_by_nobody_else() {
    let table = table();
    let (mut heard, mut unheard) = (0_u64, 0_u64);
    for seed in 0..SCRIPTS / 4 {
        let shop = played(seed);
        let mut chance = Chance::seeded(seed);
        let parties: Vec<u64> = shop.whole.parties.values().map(|party| party.party.0).collect();
        for entry in &shop.journal {
            for notice in notices(&as_kept(entry), &shop.whole).expect("the rows are there") {
                let (noun, _) = notice.kind.as_str().split_once('.').expect("noun.what");
                let concerned = concerned(&notice, &shop.whole);
                for _ in 0..8 {
                    let count = 1 + chance.below(3);
                    let grants: Vec<Grant> = (0..count)
                        .map(|_| Grant { kind: chance.pick(&PartyKind::ALL), party: PartyRef(chance.pick(&parties)) })
                        .collect();
                    let concerns = grants.iter().any(|grant| {
                        let named = table[noun].contains(grant.kind.as_str());
                        named && (grant.kind == PartyKind::Operator || concerned.contains(grant))
                    });
                    let scope = holding(grants.clone()).may(Action::ReadEvents).expect("every kind may");
                    assert_eq!(notice.is_for(&scope), concerns, "seed {seed}: {notice:?} for {grants:?}");
                    if concerns { heard += 1 } else { unheard += 1 }
                }
            }
        }
    }
    assert!(heard > 5_000 && unheard > 5_000, "too little was tried: {heard}, {unheard}");
}

#[test]
fn a_row_that_is_not_there_is_said_to_be_missing() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/sensor", "alice");
    let (seq, at) = (shop.whole.head.seq + 1, shop.now());
    let cancelled = Entry { seq, at, by: None, request: None, event: Event::OrderCancelled(order.order) };
    assert_eq!(notices(&cancelled, &World::working_set(shop.whole.head)), Err(Missing));
}
