//! Sending many messages, so many of them under way at once.

use super::broker::{Connection, Failure, STEP_MAX};
use super::message::Message;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// After this no more are begun: what is under way must be confirmed within [`STEP_MAX`].
const BEGIN_MAX: Duration = Duration::from_secs(2);

/// What became of messages.
#[derive(Debug)]
pub(super) struct Sent {
    /// So many, from the first on, the broker has confirmed.
    pub confirmed: usize,
    /// What is wrong. Without it the rest, if there is any, is to be sent at once.
    pub failure: Option<Failure>,
}

/// Sends messages in their order, as many as there is time for.
pub(super) async fn send<C: Connection>(connection: &mut C, messages: &[Message], in_flight: usize) -> Sent {
    let begun = Instant::now();
    let (last_begin, until) = (begun + BEGIN_MAX, begun + STEP_MAX);
    let (mut next, mut confirmed, mut failure) = (0, 0, None);
    let mut under_way = VecDeque::with_capacity(in_flight.min(messages.len()));
    loop {
        while failure.is_none() && next < messages.len() && under_way.len() < in_flight && Instant::now() < last_begin {
            let before = next.checked_sub(1).map(|before| &messages[before]);
            match timeout_at(until, connection.publish(&messages[next], before)).await {
                Ok(Ok(confirmation)) => under_way.push_back(confirmation),
                Ok(Err(error)) => failure = Some(error),
                Err(_) => failure = Some(Failure::Unconfirmed(messages[next].id.clone())),
            }
            next += usize::from(failure.is_none());
        }
        let Some(confirmation) = under_way.pop_front() else { return Sent { confirmed, failure } };
        let message = &messages[confirmed];
        let failed = match timeout_at(until, connection.confirmed(message, confirmation)).await {
            Ok(Ok(true)) => {
                confirmed += 1;
                continue;
            }
            // None of those behind it is taken either.
            Ok(Ok(false)) if confirmed > 0 => return Sent { confirmed, failure: None },
            Ok(Ok(false)) => Failure::Refused(message.id.clone(), "it follows nothing, and was not taken".to_owned()),
            Ok(Err(error)) => error,
            Err(_) => Failure::Unconfirmed(message.id.clone()),
        };
        return Sent { confirmed, failure: Some(failed) };
    }
}

#[cfg(test)]
mod tests;
