//! Rows, over a connection that does what it is told.

use super::*;
use bytes::Bytes;
use std::collections::HashMap;

/// What a broker does with a message, by its number.
#[derive(Clone, Copy)]
enum Mood {
    Refuse,
    Forget,
    FindAnotherBefore,
    CannotBeSent,
    TakeSeconds(u64),
}

#[derive(Default)]
struct Fake {
    moods: HashMap<usize, Mood>,
    under_way: usize,
    most: usize,
    begun: Vec<(usize, Option<usize>)>,
}

fn number(message: &Message) -> usize {
    message.id.parse().expect("a number")
}

impl Connection for Fake {
    type Confirmation = usize;

    async fn publish(&mut self, message: &Message, before: Option<&Message>) -> Result<usize, Failure> {
        let number = number(message);
        if let Some(Mood::CannotBeSent) = self.moods.get(&number) {
            return Err(Failure::Lost("it was closed".to_owned()));
        }
        self.begun.push((number, before.map(|before| before.id.parse().expect("a number"))));
        self.under_way += 1;
        self.most = self.most.max(self.under_way);
        Ok(number)
    }

    async fn confirmed(&mut self, message: &Message, confirmation: usize) -> Result<bool, Failure> {
        assert_eq!(number(message), confirmation, "confirmations are asked for in their order");
        self.under_way -= 1;
        match self.moods.get(&confirmation) {
            Some(Mood::Refuse) => Err(Failure::Refused(message.id.clone(), "no room".to_owned())),
            Some(Mood::Forget) => std::future::pending().await,
            Some(Mood::FindAnotherBefore) => Ok(false),
            Some(Mood::TakeSeconds(seconds)) => {
                tokio::time::sleep(Duration::from_secs(*seconds)).await;
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    async fn ended(&mut self) -> Failure {
        std::future::pending().await
    }

    async fn close(self) {}
}

fn messages(count: usize) -> Vec<Message> {
    (0..count).map(|number| Message { id: number.to_string(), kind: "order.activated", body: Bytes::new() }).collect()
}

async fn sent(fake: &mut Fake, count: usize, in_flight: usize) -> (usize, Option<String>) {
    let sent = send(fake, &messages(count), in_flight).await;
    (sent.confirmed, sent.failure.map(|failure| failure.to_string()))
}

#[tokio::test(start_paused = true)]
async fn all_are_sent_in_order_and_only_so_many_at_once() {
    for in_flight in [1, 7, 100, 1000] {
        let mut fake = Fake::default();
        assert_eq!(sent(&mut fake, 100, in_flight).await, (100, None));
        assert_eq!(fake.most, in_flight.min(100));
        let expected: Vec<_> = (0..100).map(|number: usize| (number, number.checked_sub(1))).collect();
        assert_eq!(fake.begun, expected);
    }
    assert_eq!(sent(&mut Fake::default(), 0, 5).await, (0, None));
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_only_what_was_confirmed_before_counts() {
    for (mood, text) in [
        (Mood::Refuse, "the broker refuses 40: no room"),
        (Mood::Forget, "the broker has not confirmed 40 in time"),
        (Mood::CannotBeSent, "the connection was lost: it was closed"),
    ] {
        let mut fake = Fake { moods: HashMap::from([(40, mood)]), ..Fake::default() };
        assert_eq!(sent(&mut fake, 100, 16).await, (40, Some(text.to_owned())));
    }
}

#[tokio::test(start_paused = true)]
async fn where_another_came_between_the_rest_is_sent_again_at_once() {
    let mut fake = Fake { moods: HashMap::from([(40, Mood::FindAnotherBefore)]), ..Fake::default() };
    assert_eq!(sent(&mut fake, 100, 16).await, (40, None));
    // The first follows nothing, so there is nothing that could have come between.
    let mut fake = Fake { moods: HashMap::from([(0, Mood::FindAnotherBefore)]), ..Fake::default() };
    assert_eq!(sent(&mut fake, 100, 16).await.0, 0);
    let mut fake = Fake { moods: HashMap::from([(0, Mood::FindAnotherBefore)]), ..Fake::default() };
    assert!(sent(&mut fake, 100, 16).await.1.is_some());
}

/// A broker that is slow and sure loses nothing: what there is no time for is not begun.
#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_for_is_left_for_the_next_step() {
    let moods = (0..100).map(|number| (number, Mood::TakeSeconds(1))).collect();
    let mut fake = Fake { moods, ..Fake::default() };
    let begun = Instant::now();
    assert_eq!(sent(&mut fake, 100, 3).await, (4, None));
    assert!(begun.elapsed() <= STEP_MAX);
}
