//! What answers come to, and who waits for whom.

use super::*;
use orderpark_domain::{Instant as At, OfferRef, OrderRef, OrderState, Subscription, SubscriptionState};

const ALL: [Answer; 3] = [Answer::Agreed, Answer::Declined, Answer::None];

/// An order of these products.
fn order(products: &[u64]) -> Order {
    let subscriptions = products.iter().map(|product| Subscription {
        number: 1,
        product: ProductRef(*product),
        product_id: format!("net/{product}"),
        supplier: PartyRef(2),
        state: SubscriptionState::Pending,
        granted: None,
        since: At(0),
        until: None,
        reason: None,
    });
    Order {
        order: OrderRef::mint(At(0), 0),
        offer: OfferRef(1),
        offer_id: "acme/offer".to_owned(),
        vendor: PartyRef(3),
        subscriber: PartyRef(4),
        quantity: 1,
        external_id: None,
        strategy: None,
        state: OrderState::Pending,
        created_at: At(0),
        closed_at: None,
        revision: 1,
        subscriptions: subscriptions.collect(),
    }
}

fn verdict(products: &[u64], answers: &[(u64, Answer)]) -> Verdict {
    let answers: Vec<_> = answers.iter().map(|(product, answer)| (ProductRef(*product), *answer)).collect();
    judge(&order(products), &answers)
}

#[test]
fn all_have_to_agree() {
    assert_eq!(verdict(&[1, 2], &[(1, Answer::Agreed), (2, Answer::Agreed)]).refused, None);
    // Nobody wants to be asked any more.
    assert_eq!(verdict(&[1, 2], &[]), Verdict { refused: None, declined: vec![], full: None });
}

/// Every supplier hears `CANCEL` of an order that is refused, unless it said no itself, or was not asked.
#[test]
fn who_agreed_or_gave_no_answer_is_to_be_told() {
    for first in ALL {
        for second in ALL {
            let Verdict { refused, declined, .. } = verdict(&[1, 2, 3], &[(1, first), (2, second)]);
            let expected = match (first, second) {
                (Answer::Agreed, Answer::Agreed) => None,
                (Answer::Agreed, other) | (Answer::None, other @ Answer::Declined) => Some((2, other)),
                (other, _) => Some((1, other)),
            };
            let expected = expected
                .map(|(product, answer)| Refused { product: ProductRef(product), unreachable: answer == Answer::None });
            assert_eq!(refused, expected, "{first:?} {second:?}");
            let knows = |product, answer| expected.is_some() && (product == 3 || answer == Answer::Declined);
            let expected: Vec<_> = [(1, first), (2, second), (3, Answer::None)]
                .into_iter()
                .filter(|(product, answer)| knows(*product, *answer))
                .map(|(product, _)| ProductRef(product))
                .collect();
            assert_eq!(declined, expected, "{first:?} {second:?}");
        }
    }
}

/// One supplier who is asked twice, for two subscriptions to one product, may have agreed to one of them.
#[test]
fn a_product_that_stands_twice_knows_only_if_it_said_no_twice() {
    let both = |one, other| verdict(&[1, 1], &[(1, one), (1, other)]).declined;
    assert_eq!(both(Answer::Declined, Answer::Declined), [ProductRef(1)]);
    assert_eq!(both(Answer::Agreed, Answer::Declined), []);
    assert_eq!(both(Answer::Declined, Answer::None), []);
}

#[test]
fn an_answer_is_a_status() {
    let reply = |status: Option<u16>, failure| Reply {
        status,
        failure,
        retry_after_s: None,
        excerpt: None,
        took_us: 1,
        inside: false,
    };
    assert_eq!(answer_of(&reply(Some(204), None)), Answer::Agreed);
    for status in [301, 400, 404, 409, 410, 429, 500, 501] {
        assert_eq!(answer_of(&reply(Some(status), Some(Failure::Status(status)))), Answer::Declined, "{status}");
    }
    for status in NO_ANSWER {
        assert_eq!(answer_of(&reply(Some(status), Some(Failure::Status(status)))), Answer::None, "{status}");
    }
    assert_eq!(answer_of(&reply(None, Some(Failure::Resolve))), Answer::None);
}
