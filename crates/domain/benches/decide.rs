//! One order: decided on a working set and applied to it. The goal is below two microseconds.

#[path = "../tests/harness/mod.rs"]
mod harness;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use harness::{Deployment, place};
use orderpark_domain::{Action, Command, Entry, Intent, Needs, RequestKey, Stamp, World};
use std::hint::black_box;

/// A working set that holds what one order needs, as the committer loads it.
fn working_set(shop: &Deployment, intent: &Intent) -> World {
    let mut world = World::working_set(shop.whole.head);
    let mut needs = Needs::default();
    loop {
        intent.needs(&world, &mut needs);
        if needs.is_empty() {
            return world;
        }
        needs.take().iter().for_each(|need| shop.load_into(need, &mut world));
    }
}

fn intent(shop: &Deployment) -> Intent {
    let caller = shop.caller("alice");
    let request = RequestKey { client: caller.user(), key: [1; 16], fingerprint: [2; 16] };
    let scope = caller.may(Action::PlaceOrder).expect("a subscriber may");
    let command = Command::PlaceOrder(place("acme/sensor", caller.party()));
    Intent { request: Some(request), ..Intent::by(caller.user(), scope, command) }
}

fn one_order(criterion: &mut Criterion) {
    let mut shop = Deployment::shop();
    shop.end_batch();
    let intent = intent(&shop);
    let loaded = working_set(&shop, &intent);
    let stamp = Stamp { at: shop.now().plus_seconds(1), chance: 7 };
    criterion.bench_function("decide one order", |bencher| {
        bencher.iter(|| intent.decide(black_box(&loaded), stamp).expect("it can be ordered"));
    });
    criterion.bench_function("decide and apply one order", |bencher| {
        bencher.iter_batched_ref(
            || loaded.clone(),
            |world| {
                let decision = intent.decide(black_box(world), stamp).expect("it can be ordered");
                for event in decision.events {
                    let (seq, at, request) = (world.head.seq + 1, stamp.at, intent.request);
                    world.apply(&Entry { seq, at, by: intent.by, request, event });
                }
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, one_order);
criterion_main!(benches);
