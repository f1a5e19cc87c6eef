//! Random worlds and random steps in them.

use super::model::Right;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// What exists at the start: two suppliers, two vendors, three subscribers, and what chance made of them.
#[derive(Clone, Debug)]
pub struct World {
    /// The vendor of each subscriber.
    pub subscribers: Vec<usize>,
    /// The supplier of each product, and whether it wants to be asked first.
    pub products: Vec<(usize, bool)>,
    pub offers: Vec<Offer>,
    /// Callers with more than one right.
    pub mixed: Vec<Vec<Right>>,
}

#[derive(Clone, Debug)]
pub struct Offer {
    pub vendor: usize,
    pub state: &'static str,
    /// Product and connections granted for each unit.
    pub items: Vec<(usize, u64)>,
    pub listed: Option<Vec<usize>>,
}

/// One thing that somebody asks for.
#[derive(Clone, Debug)]
pub enum Step {
    Place {
        caller: usize,
        offer: usize,
        subscriber: Option<usize>,
        quantity: u32,
        external: Option<u8>,
        strategy: Option<usize>,
        can_ask: bool,
        key: Option<u8>,
    },
    Cancel {
        caller: usize,
        order: usize,
        dry_run: bool,
        revision: Option<u32>,
    },
    Settle {
        order: usize,
        agreed: bool,
    },
    Change {
        caller: usize,
        order: usize,
        position: usize,
        suspend: bool,
    },
    Report {
        caller: usize,
        subscriber: usize,
        product: usize,
        used: u64,
    },
    SetOffer {
        caller: usize,
        offer: usize,
        state: &'static str,
    },
    DeleteOffer {
        caller: usize,
        offer: usize,
    },
    DeleteProduct {
        caller: usize,
        product: usize,
    },
    DeleteSubscriber {
        caller: usize,
        subscriber: usize,
        force: bool,
    },
    Continue {
        subscriber: usize,
    },
    SetStrategy {
        caller: usize,
        strategy: usize,
        active: bool,
    },
}

fn offer_state() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just("ACTIVE"), 1 => Just("SUSPENDED"), 1 => Just("DEACTIVATED")]
}

fn offer() -> impl Strategy<Value = Offer> {
    let items = btree_map(0..3_usize, 0..20_u64, 1..3).prop_map(|items| items.into_iter().collect());
    let listed = option::weighted(0.3, vec(0..3_usize, 1..3));
    (0..2_usize, offer_state(), items, listed).prop_map(|(vendor, state, items, listed)| {
        // An offer may only list strategies of the operator and of its own vendor.
        let listed = listed.map(|ids| ids.into_iter().filter(|id| *id == 0 || *id == vendor + 1).collect());
        Offer { vendor, state, items, listed }
    })
}

fn right() -> impl Strategy<Value = Right> {
    prop_oneof![
        (0..2_usize).prop_map(Right::Supplier),
        (0..2_usize).prop_map(Right::Vendor),
        (0..3_usize).prop_map(Right::Subscriber),
    ]
}

/// A random world.
pub fn world() -> impl Strategy<Value = World> {
    let subscribers = vec(0..2_usize, 3);
    let products = vec((0..2_usize, proptest::bool::weighted(0.2)), 3);
    let mixed = vec(vec(right(), 2..4), 2).prop_map(|mut mixed| {
        for rights in &mut mixed {
            let mut seen = Vec::new();
            rights.retain(|right| !seen.contains(right) && (seen.push(*right), true).1);
        }
        mixed
    });
    (subscribers, products, vec(offer(), 4), mixed).prop_map(|(subscribers, products, offers, mixed)| World {
        subscribers,
        products,
        offers,
        mixed,
    })
}

/// The operator often, so that much happens; everybody else as well.
fn caller() -> impl Strategy<Value = usize> {
    prop_oneof![2 => Just(0_usize), 3 => 0..10_usize]
}

/// A random step; `orders` is how many there are so far. The last of each index names what does not exist.
pub fn step(orders: usize) -> impl Strategy<Value = Step> {
    let order = 0..=orders;
    let place =
        (
            (caller(), 0..5_usize, option::weighted(0.8, 0..4_usize), 1..4_u32),
            (option::weighted(0.3, 0..3_u8), option::weighted(0.2, 0..4_usize), proptest::bool::weighted(0.9)),
            option::weighted(0.2, 0..3_u8),
        )
            .prop_map(|((caller, offer, subscriber, quantity), (external, strategy, can_ask), key)| {
                Step::Place { caller, offer, subscriber, quantity, external, strategy, can_ask, key }
            });
    let cancel = (caller(), order.clone(), proptest::bool::weighted(0.2), option::weighted(0.2, 1..4_u32))
        .prop_map(|(caller, order, dry_run, revision)| Step::Cancel { caller, order, dry_run, revision });
    let settle = (order.clone(), any::<bool>()).prop_map(|(order, agreed)| Step::Settle { order, agreed });
    let change = (caller(), order, 0..3_usize, any::<bool>())
        .prop_map(|(caller, order, position, suspend)| Step::Change { caller, order, position, suspend });
    let report = (caller(), 0..4_usize, 0..4_usize, 0..25_u64)
        .prop_map(|(caller, subscriber, product, used)| Step::Report { caller, subscriber, product, used });
    prop_oneof![12 => place, 6 => cancel, 3 => settle, 4 => change, 4 => report, 4 => rare()]
}

fn rare() -> impl Strategy<Value = Step> {
    let set_offer = (caller(), 0..5_usize, offer_state()).prop_map(|(caller, offer, state)| Step::SetOffer {
        caller,
        offer,
        state,
    });
    let delete_offer = (caller(), 0..5_usize).prop_map(|(caller, offer)| Step::DeleteOffer { caller, offer });
    let delete_product = (caller(), 0..4_usize).prop_map(|(caller, product)| Step::DeleteProduct { caller, product });
    let delete_subscriber = (caller(), 0..4_usize, any::<bool>())
        .prop_map(|(caller, subscriber, force)| Step::DeleteSubscriber { caller, subscriber, force });
    let set_strategy = (caller(), 0..4_usize, any::<bool>()).prop_map(|(caller, strategy, active)| Step::SetStrategy {
        caller,
        strategy,
        active,
    });
    let go_on = (0..4_usize).prop_map(|subscriber| Step::Continue { subscriber });
    prop_oneof![
        3 => set_offer,
        1 => delete_offer,
        1 => delete_product,
        2 => delete_subscriber,
        2 => go_on,
        2 => set_strategy
    ]
}
