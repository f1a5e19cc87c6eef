//! How much of a batch is loaded.

use super::*;
use crate::committer::{Begun, Written};
use crate::journal::Hash;
use crate::load::lookups;
use crate::query::Dialect;
use orderpark_domain::order::{CancelOrder, OfferName, PlaceOrder};
use orderpark_domain::party::DeleteParty;
use orderpark_domain::{
    Command, Entry, Head, Offer, OfferItem, OfferRef, OfferState, OrderRef, Party, PartyKind, PartyRef, ProductRef,
    Quotas,
};

const ITEMS: u64 = 30;
const OPEN_ORDERS: u64 = 10_000;

/// Holds offers of [`ITEMS`] items, a subscriber with [`OPEN_ORDERS`] orders, and nothing else.
#[derive(Default)]
struct Shelf {
    loaded: Vec<BTreeSet<Need>>,
}

impl Shelf {
    fn count(&self, which: fn(&Need) -> bool) -> Vec<usize> {
        self.loaded.iter().map(|needs| needs.iter().filter(|need| which(need)).count()).collect()
    }
}

impl Writer for Shelf {
    fn load(&mut self, world: &mut World, needs: BTreeSet<Need>) -> Result<(), Failure> {
        self.loaded.push(needs.clone());
        for lookup in lookups(Dialect::Sqlite, needs.clone()) {
            lookup.begin(world);
        }
        for need in needs {
            match need {
                Need::Party(party) => world.parties.load(party, Some(subscriber(party))),
                Need::Offer(offer) => world.offers.load(offer, Some(large(offer))),
                Need::OpenOrdersOf(party, max) => {
                    world.load_open_orders_of(party, max, (0..OPEN_ORDERS).map(order).collect());
                }
                Need::UsersOf(party, max) => world.load_users_of(party, max, Vec::new()),
                Need::EndpointsOf(party, max) => world.load_endpoints_of(party, max, Vec::new()),
                _ => {}
            }
        }
        Ok(())
    }

    fn begin(&mut self, _: Option<(&Head, &Hash)>) -> Result<Begun, Failure> {
        unreachable!("it only loads")
    }

    fn entry_at(&mut self, _: u64) -> Result<Option<Entry>, Failure> {
        unreachable!("it only loads")
    }

    fn commit(&mut self, _: &Written<'_>) -> Result<(), Failure> {
        unreachable!("it only loads")
    }

    fn probe(&mut self) -> Result<(), Failure> {
        unreachable!("it only loads")
    }

    fn is_open(&self) -> bool {
        false
    }

    fn roll_back(&mut self) {}
}

fn order(number: u64) -> OrderRef {
    OrderRef::mint(orderpark_domain::Instant(1_000_000), number)
}

fn subscriber(party: PartyRef) -> Party {
    Party {
        party,
        kind: PartyKind::Subscriber,
        id: "s".into(),
        name: "S".into(),
        vendor: Some(PartyRef(1)),
        vendor_id: Some("v".into()),
        contact_email: None,
        organization: None,
        closing_at: None,
        quotas: Quotas::default(),
        revision: 1,
        deleted_at: None,
    }
}

fn large(offer: OfferRef) -> Offer {
    let item = |number| OfferItem { product: ProductRef(number), product_id: "s/p".into(), granted: None };
    Offer {
        offer,
        vendor: PartyRef(1),
        id: "v/o".into(),
        name: "O".into(),
        state: OfferState::Active,
        items: (0..ITEMS).map(item).collect(),
        strategies: None,
        open_orders: 0,
        revision: 1,
        deleted_at: None,
    }
}

fn place(offer: u64) -> Intent {
    let place = PlaceOrder {
        offer: OfferName::Ref(OfferRef(offer)),
        subscriber: Some(PartyRef(2)),
        quantity: 1,
        external_id: None,
        strategy: None,
        can_ask_suppliers: true,
    };
    Intent::system(Command::PlaceOrder(place), "a test")
}

fn loaded(intents: &[Intent], budget: Budget) -> (Vec<Size>, Shelf) {
    let (mut shelf, mut world) = (Shelf::default(), World::working_set(Head::EMPTY));
    let sizes = load(&mut shelf, &mut world, intents, budget).expect("nothing fails");
    for (intent, size) in intents.iter().zip(&sizes).filter(|(_, size)| !size.is_too_large) {
        let mut needs = Needs::default();
        intent.needs(&world, &mut needs);
        assert!(needs.is_empty(), "{size:?} is not loaded");
    }
    (sizes, shelf)
}

#[test]
fn a_batch_takes_as_many_as_it_has_parts_for_and_one_at_least() {
    let orders: Vec<Intent> = (0..10).map(place).collect();
    for (batch_parts, fit) in [(100, 3), (ITEMS, 1), (1, 1), (1000, 10)] {
        let (sizes, shelf) = loaded(&orders, Budget { batch_parts, intent_parts: 5000 });
        assert_eq!(sizes, vec![Size { parts: ITEMS, asks: false, is_too_large: false }; fit], "of {batch_parts}");
        let products = shelf.count(|need| matches!(need, Need::Product(_))).iter().sum::<usize>();
        assert_eq!(products as u64, ITEMS, "each product is loaded once");
    }
}

#[test]
fn one_that_is_too_large_is_known_before_it_is_loaded_and_the_others_fit() {
    // A command that has no bound of its own.
    let (kind, parts_max) = (PartyKind::Subscriber, u16::MAX);
    let delete = DeleteParty { kind, party: PartyRef(2), force: true, parts_max };
    let delete = Intent::system(Command::DeleteParty(delete), "a test");
    let (sizes, shelf) = loaded(&[place(1), delete.clone(), place(2)], Budget::default());
    assert_eq!(sizes.iter().map(|size| size.is_too_large).collect::<Vec<_>>(), [false, true, false]);
    let (sizes, alone) = loaded(&[delete], Budget::default());
    assert!(sizes[0].is_too_large);
    for shelf in [shelf, alone] {
        let orders = shelf.count(|need| matches!(need, Need::Order(_)));
        assert!(orders.iter().sum::<usize>() <= PIECE_MAX / 100, "{orders:?}");
    }
    let (sizes, shelf) = loaded(&[place(1)], Budget { batch_parts: 10, intent_parts: ITEMS - 1 });
    assert!(sizes[0].is_too_large);
    assert_eq!(shelf.count(|need| matches!(need, Need::Product(_))).iter().sum::<usize>(), 0);
}

#[test]
fn orders_and_offers_are_loaded_in_pieces() {
    let cancel = |number| Intent::system(Command::CancelOrder(CancelOrder { order: order(number) }), "a test");
    let (sizes, shelf) =
        loaded(&(0..500).map(cancel).collect::<Vec<_>>(), Budget { batch_parts: 500, ..Budget::default() });
    assert_eq!(sizes.len(), 500);
    let pieces = shelf.count(|need| matches!(need, Need::Order(_)));
    assert_eq!(pieces.iter().sum::<usize>(), 500, "each order is loaded once");
    assert!(pieces.iter().all(|piece| *piece <= 32), "{pieces:?}");
}
