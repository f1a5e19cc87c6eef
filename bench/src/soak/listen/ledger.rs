//! What came to a receiver, and whether it is what should have come.

use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// One request that came.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Which endpoint it came to.
    pub endpoint: usize,
    /// `webhook-id`.
    pub id: String,
    /// What was in it.
    pub body: String,
    /// Which of all moments it came at.
    pub came: u64,
    /// Which of all moments it was answered with 200 at, if it was.
    pub accepted: Option<u64>,
}

/// What a receiver has written down.
#[derive(Debug, Default)]
pub struct Ledger {
    /// In the order in which they came.
    pub arrivals: Vec<Arrival>,
    /// Requests without a signature that fits, or too old.
    pub unsigned: usize,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// An event was never accepted by this endpoint.
    Lost(usize, String),
    /// It came with another body than the feed has, or than it had before.
    Changed(usize, String),
    /// It is not in the feed.
    Invented(usize, String),
    /// It came before one of its lane was accepted that it follows.
    Overtook(usize, String, String),
    /// So many requests could have been anybody's.
    Unsigned(usize),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Lost(endpoint, id) => write!(f, "endpoint {endpoint} was never told of {id}"),
            Wrong::Changed(endpoint, id) => write!(f, "endpoint {endpoint} was told of {id} in other words"),
            Wrong::Invented(endpoint, id) => write!(f, "endpoint {endpoint} was told of {id}, which did not happen"),
            Wrong::Overtook(endpoint, id, other) => {
                write!(f, "at endpoint {endpoint}, {id} came before {other} was accepted")
            }
            Wrong::Unsigned(count) => write!(f, "{count} requests had no signature that fits"),
        }
    }
}

/// What an event is about, which is what keeps its order.
fn lane(event: &Value) -> String {
    let data = &event["data"];
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    match event["type"].as_str().unwrap_or_default().split('.').next() {
        Some("subscription") => format!("order {}", text("orderRef")),
        Some(noun) => format!("{noun} {}", text("ref")),
        None => String::new(),
    }
}

/// What webhooks call an event.
fn id(event: &Value) -> String {
    format!("evt_{}", event["id"].as_str().unwrap_or_default().replace('.', "_"))
}

impl Ledger {
    /// How many events each endpoint has accepted, repeats not counted.
    pub fn accepted(&self, endpoints: usize) -> Vec<usize> {
        let mut accepted = vec![std::collections::HashSet::new(); endpoints];
        for arrival in self.arrivals.iter().filter(|arrival| arrival.accepted.is_some()) {
            if let Some(accepted) = accepted.get_mut(arrival.endpoint) {
                accepted.insert(arrival.id.as_str());
            }
        }
        accepted.iter().map(std::collections::HashSet::len).collect()
    }

    /// How many requests were more than an event and an endpoint need.
    pub fn repeats(&self, endpoints: usize) -> usize {
        self.arrivals.len() - self.accepted(endpoints).iter().sum::<usize>()
    }

    /// Holds what came against the feed.
    pub fn judge(&self, events: &[Value], endpoints: usize) -> Vec<Wrong> {
        let told: HashMap<String, String> = events.iter().map(|event| (id(event), event.to_string())).collect();
        let mut wrong: Vec<Wrong> = (self.unsigned > 0).then_some(Wrong::Unsigned(self.unsigned)).into_iter().collect();
        for endpoint in 0..endpoints {
            let mut first_came: HashMap<&str, u64> = HashMap::new();
            let mut first_accepted: HashMap<&str, u64> = HashMap::new();
            for arrival in self.arrivals.iter().filter(|arrival| arrival.endpoint == endpoint) {
                match told.get(&arrival.id) {
                    None => wrong.push(Wrong::Invented(endpoint, arrival.id.clone())),
                    Some(body) if *body != arrival.body => wrong.push(Wrong::Changed(endpoint, arrival.id.clone())),
                    Some(_) => {}
                }
                first_came.entry(&arrival.id).or_insert(arrival.came);
                if let Some(accepted) = arrival.accepted {
                    let first = first_accepted.entry(&arrival.id).or_insert(accepted);
                    *first = accepted.min(*first);
                }
            }
            wrong.extend(overtaken(endpoint, events, &first_came, &first_accepted));
        }
        wrong.sort();
        wrong.dedup();
        wrong
    }
}

/// What is missing, and what came before one of its lane that it follows was accepted.
fn overtaken(
    endpoint: usize,
    events: &[Value],
    first_came: &HashMap<&str, u64>,
    first_accepted: &HashMap<&str, u64>,
) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    for event in events {
        let name = id(event);
        if !first_accepted.contains_key(name.as_str()) {
            wrong.push(Wrong::Lost(endpoint, name.clone()));
        }
        let previous = before.insert(lane(event), name.clone());
        let came = first_came.get(name.as_str());
        if let (Some(previous), Some(came)) = (previous, came)
            && first_accepted.get(previous.as_str()).is_none_or(|accepted| accepted > came)
        {
            wrong.push(Wrong::Overtook(endpoint, name, previous));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(seq: u64, order: &str) -> Value {
        json!({"id": format!("{seq}.0"), "type": "order.activated", "data": {"ref": order}})
    }

    fn arrival(event: &Value, came: u64, accepted: Option<u64>) -> Arrival {
        Arrival { endpoint: 0, id: id(event), body: event.to_string(), came, accepted }
    }

    fn judged(arrivals: Vec<Arrival>, unsigned: usize) -> Vec<Wrong> {
        let events = [event(1, "a"), event(2, "b"), event(3, "a")];
        Ledger { arrivals, unsigned }.judge(&events, 1)
    }

    #[test]
    fn what_came_in_order_is_right_however_often_it_came() {
        let (one, two, three) = (event(1, "a"), event(2, "b"), event(3, "a"));
        let arrivals = vec![
            arrival(&two, 1, Some(2)),
            arrival(&one, 3, None),
            arrival(&one, 4, Some(5)),
            arrival(&three, 6, Some(7)),
            arrival(&one, 8, Some(9)),
        ];
        assert_eq!(judged(arrivals, 0), []);
    }

    #[test]
    fn every_lie_is_seen() {
        let (one, two, three) = (event(1, "a"), event(2, "b"), event(3, "a"));
        let whole = || vec![arrival(&one, 1, Some(2)), arrival(&two, 3, Some(4)), arrival(&three, 5, Some(6))];
        assert_eq!(judged(whole(), 0), []);
        assert_eq!(judged(whole(), 2), [Wrong::Unsigned(2)]);
        let mut lies = whole();
        lies[1].accepted = None;
        assert_eq!(judged(lies, 0), [Wrong::Lost(0, id(&two))]);
        let mut lies = whole();
        lies[1].body.push(' ');
        assert_eq!(judged(lies, 0), [Wrong::Changed(0, id(&two))]);
        let mut lies = whole();
        lies.push(arrival(&event(9, "a"), 9, Some(10)));
        assert_eq!(judged(lies, 0), [Wrong::Invented(0, "evt_9_0".to_owned())]);
        let mut lies = whole();
        lies[0].accepted = Some(5);
        lies[2].came = 4;
        assert_eq!(judged(lies, 0), [Wrong::Overtook(0, id(&three), id(&one))]);
    }
}
