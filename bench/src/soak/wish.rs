//! What the writers want. Everything about an order follows from its number, so that an order that is found tells which
//! wish it is, even where its key and its `externalId` would not: quantity and subscriber together are the number.
//!
//! Every second round of wishes carries no `externalId`: there the key alone keeps a retry from making a second order.

use serde_json::{Value, json};

/// All wishes of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Wishes {
    /// What tells this run's keys and ids from those of every other.
    pub run: String,
    /// What is ordered.
    pub offer: String,
    /// For whom.
    pub subscribers: Vec<String>,
}

/// One order that a writer wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// For whom.
    pub subscriber: String,
    /// How many.
    pub quantity: u64,
    /// The second net against doubles, for every second round.
    pub external_id: Option<String>,
}

impl Wishes {
    /// The wish with this number.
    pub fn wish(&self, number: u64) -> Wish {
        let (round, turn) = (number / self.count(), number % self.count());
        let subscriber = usize::try_from(turn).ok().and_then(|turn| self.subscribers.get(turn));
        Wish {
            subscriber: subscriber.cloned().unwrap_or_default(),
            quantity: round + 1,
            external_id: (round % 2 == 0).then(|| format!("{}-{number}", self.run)),
        }
    }

    /// The number that an order must have been placed under.
    pub fn number(&self, order: &Value) -> Option<u64> {
        let subscriber = order["subscriberId"].as_str()?;
        let turn = self.subscribers.iter().position(|known| known == subscriber)?;
        let round = order["quantity"].as_u64()?.checked_sub(1)?;
        Some(round * self.count() + turn as u64)
    }

    /// The body that places it.
    pub fn body(&self, number: u64) -> String {
        let Wish { subscriber, quantity, external_id } = self.wish(number);
        let mut body = json!({"offerId": self.offer, "subscriberId": subscriber, "quantity": quantity});
        if let Some(external_id) = external_id {
            body["externalId"] = Value::String(external_id);
        }
        body.to_string()
    }

    /// As the first line of a log.
    pub fn json(&self) -> Value {
        json!({"run": self.run, "offer": self.offer, "subscribers": self.subscribers})
    }

    /// From the first line of a log.
    pub fn parse(line: &Value) -> Option<Wishes> {
        let ids = line["subscribers"].as_array()?.iter();
        let subscribers: Option<_> = ids.map(|id| id.as_str().map(str::to_owned)).collect();
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        Some(Wishes { run: text("run")?, offer: text("offer")?, subscribers: subscribers? })
    }

    fn count(&self) -> u64 {
        self.subscribers.len().max(1) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Wishes;

    #[test]
    fn an_order_tells_its_number() {
        let subscribers = ["a", "b", "c"].map(str::to_owned).to_vec();
        let wishes = Wishes { run: "r".to_owned(), offer: "o".to_owned(), subscribers };
        for number in [0, 1, 2, 3, 100] {
            let order = wishes.body(number).parse().unwrap();
            assert_eq!(wishes.number(&order), Some(number), "{order}");
        }
        assert_eq!(wishes.number(&r#"{"subscriberId":"d","quantity":1}"#.parse().unwrap()), None);
        assert_eq!(Wishes::parse(&wishes.json()), Some(wishes));
    }
}
