//! Who is delivered to, and how that goes.

use super::retries::BY_WAITING;
use crate::query::{Query, Texts, Value, sql_number};
use crate::reads::EventPlace;
use crate::row::{self, Row, number, optional_instant, optional_string, small, text};
use crate::{Epoch, FeedPosition, ReadError, Store, epochs};
use orderpark_domain::{EndpointRef, Instant, PartyRef, ProductRef, Scope, Tenant};

/// What counts are counted to: more is said to be so many.
const COUNTED_MAX: i64 = 100_000;

/// Who is delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A webhook endpoint.
    Endpoint(EndpointRef),
    /// The supplier of a product, by the product's notification.
    Supplier(ProductRef),
    /// Everything, to a message broker.
    Publisher(Publisher),
}

/// A message broker that events are published to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Publisher {
    /// A NATS server.
    Nats,
    /// An MQTT broker.
    Mqtt,
}

impl Publisher {
    const ALL: [Publisher; 2] = [Publisher::Nats, Publisher::Mqtt];

    fn number(self) -> u64 {
        match self {
            Publisher::Nats => 1,
            Publisher::Mqtt => 2,
        }
    }
}

impl Target {
    /// The word for its kind, as in the database and in logs.
    pub fn kind(self) -> &'static str {
        match self {
            Target::Endpoint(_) => "ENDPOINT",
            Target::Supplier(_) => "SUPPLIER",
            Target::Publisher(_) => "PUBLISHER",
        }
    }

    /// The number of the endpoint, the product or the publisher.
    pub fn number(self) -> u64 {
        match self {
            Target::Endpoint(endpoint) => endpoint.0,
            Target::Supplier(product) => product.0,
            Target::Publisher(publisher) => publisher.number(),
        }
    }

    fn of(kind: &str, number: u64) -> Option<Target> {
        match kind {
            "ENDPOINT" => Some(Target::Endpoint(EndpointRef(number))),
            "SUPPLIER" => Some(Target::Supplier(ProductRef(number))),
            "PUBLISHER" => Publisher::ALL.into_iter().find(|it| it.number() == number).map(Target::Publisher),
            _ => None,
        }
    }

    pub(super) fn kind_value(self) -> Value {
        Value::Text(self.kind().to_owned())
    }

    pub(super) fn number_value(self) -> Value {
        Value::Integer(sql_number(self.number()))
    }
}

/// The committer's statement for the targets that it has written the endpoints or products of.
///
/// What happens while an endpoint is disabled is kept for it; a product that had no notification for a while is told of what
/// comes from now on. Who is delivered to again does not begin with old failures. In any case the worker looks anew.
macro_rules! tell_targets {
    ($rows:literal) => {
        concat!(
            "insert into delivery_targets \
             (kind, ref, active, cursor_seq, cursor_number, leased_until, epoch, asked) ",
            $rows,
            " on conflict (kind, ref) do update set active = excluded.active, asked = delivery_targets.asked + 1, \
             failing_since = case when delivery_targets.active = 0 then null else delivery_targets.failing_since end, \
             cursor_seq = case when delivery_targets.active = 0 and excluded.kind = 'SUPPLIER' \
             then excluded.cursor_seq else delivery_targets.cursor_seq end, \
             cursor_number = case when delivery_targets.active = 0 and excluded.kind = 'SUPPLIER' \
             then excluded.cursor_number else delivery_targets.cursor_number end, \
             sides = case when delivery_targets.active = 0 and excluded.kind = 'SUPPLIER' \
             then null else delivery_targets.sides end"
        )
    };
}

pub(crate) const TELL_TARGETS: Texts = Texts {
    sqlite: tell_targets!("values (?, ?, ?, ?, 4294967295, 0, 0, 0)"),
    postgres: tell_targets!(
        "select n.kind, n.ref, n.active, n.seq, 4294967295, 0, 0, 0 \
         from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as n (kind, ref, active, seq)"
    ),
};

/// Reads a target from its kind and number.
pub(super) fn target_at(row: &dyn Row, from: usize) -> row::Read<Target> {
    let found = Target::of(text(row, from)?, number(row, from + 1)?);
    found.ok_or_else(|| row::Unreadable::new(from, "no such target"))
}

/// Reads a place from its entry and number.
pub(super) fn place_at(row: &dyn Row, from: usize) -> row::Read<EventPlace> {
    Ok(EventPlace { seq: number(row, from)?, number: small(row, from + 1)? })
}

/// Adds: columns with such names are this target's.
pub(super) fn of_target(query: &mut Query, target: Target) -> &mut Query {
    query.bind(" kind = ?", target.kind_value()).bind(" and ref = ?", target.number_value())
}

/// How deliveries to a target go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// Everything before is delivered, or waits, or is exhausted.
    pub cursor: FeedPosition,
    /// Since when nothing but failures came.
    pub failing_since: Option<Instant>,
    /// Events that failed and are tried again, and those that wait behind them; at most 100,000 are counted.
    pub waiting: u64,
    /// Events that are given up until somebody asks for them; at most 100,000 are counted.
    pub exhausted: u64,
    /// Replays that are not done.
    pub replays: u64,
    /// When the last request was made.
    pub last_attempt_at: Option<Instant>,
    /// When the last one succeeded.
    pub last_success_at: Option<Instant>,
}

/// The state of a target beside its cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetState {
    /// The address that last took a message.
    pub url: Option<String>,
    /// Whether a message was ever taken.
    pub has_succeeded: bool,
    /// The backlogs of single tenants ([`Settlement::sides`](super::Settlement::sides)).
    pub sides: Vec<(Tenant, EventPlace)>,
}

/// Backlogs as the database holds them: lists of root, party, and the two numbers of a place.
pub(super) fn sides_value(sides: &[(Tenant, EventPlace)]) -> Value {
    if sides.is_empty() {
        return Value::Nothing;
    }
    let numbers =
        |(tenant, place): &(Tenant, EventPlace)| [tenant.root.0, tenant.party.0, place.seq, u64::from(place.number)];
    let rows: Vec<[u64; 4]> = sides.iter().map(numbers).collect();
    Value::Text(serde_json::to_string(&rows).unwrap_or_default())
}

fn sides_at(row: &dyn Row, column: usize) -> row::Read<Vec<(Tenant, EventPlace)>> {
    let wrong = || row::Unreadable::new(column, "no list of backlogs");
    let Some(text) = optional_string(row, column)? else { return Ok(Vec::new()) };
    let rows: Vec<[u64; 4]> = serde_json::from_str(&text).map_err(|_| wrong())?;
    let side = |[root, party, seq, number]: [u64; 4]| {
        let place = EventPlace { seq, number: u32::try_from(number).map_err(|_| wrong())? };
        Ok((Tenant { root: PartyRef(root), party: PartyRef(party) }, place))
    };
    rows.into_iter().map(side).collect()
}

impl Store {
    /// How deliveries to an endpoint go. `None`: there is no such endpoint within the scope.
    pub async fn delivery_status(
        &self,
        scope: &Scope,
        endpoint: EndpointRef,
    ) -> Result<Option<DeliveryStatus>, ReadError> {
        if self.get_endpoint(scope, endpoint).await?.is_none() {
            return Ok(None);
        }
        self.get_delivery_status(Target::Endpoint(endpoint)).await
    }

    /// [`Store::delivery_status`] of any target, for the program itself.
    pub async fn get_delivery_status(&self, target: Target) -> Result<Option<DeliveryStatus>, ReadError> {
        let mut query = Query::new(
            self.dialect(),
            "select t.cursor_seq, t.cursor_number, t.failing_since, t.last_attempt_at, t.last_success_at, \
             (select count(*) from (select 1 from delivery_retries r",
        );
        query.either(BY_WAITING).text(" where r.kind = t.kind and r.ref = t.ref and r.state <> 'EXHAUSTED'");
        query.bind(" limit ?) w), ", COUNTED_MAX);
        query.text(
            "(select count(*) from (select 1 from delivery_retries r where r.kind = t.kind and r.ref = t.ref \
             and r.state = 'EXHAUSTED'",
        );
        query.bind(" limit ?) x), ", COUNTED_MAX);
        query.text("(select count(*) from delivery_replays p where p.kind = t.kind and p.ref = t.ref), ");
        query.text(&epochs::of_entry("t.cursor_seq")).text(", t.sides from delivery_targets t where");
        of_target(&mut query, target);
        self.get(query, status).await
    }
}

impl Store {
    /// The state of a target beside its cursor.
    pub async fn target_state(&self, target: Target) -> Result<TargetState, ReadError> {
        let mut query =
            Query::new(self.dialect(), "select proven_url, last_success_at, sides from delivery_targets where");
        of_target(&mut query, target);
        let state = |row: &dyn Row| {
            Ok(TargetState {
                url: optional_string(row, 0)?,
                has_succeeded: optional_instant(row, 1)?.is_some(),
                sides: sides_at(row, 2)?,
            })
        };
        Ok(self.get(query, state).await?.unwrap_or_default())
    }
}

fn status(row: &dyn Row) -> row::Read<DeliveryStatus> {
    let sides = sides_at(row, 9)?;
    let place = sides.into_iter().map(|(_, place)| place).chain([place_at(row, 0)?]).min();
    Ok(DeliveryStatus {
        cursor: FeedPosition { place: place.unwrap_or(EventPlace::BEGINNING), epoch: Epoch::at(row, 8)? },
        failing_since: optional_instant(row, 2)?,
        last_attempt_at: optional_instant(row, 3)?,
        last_success_at: optional_instant(row, 4)?,
        waiting: number(row, 5)?,
        exhausted: number(row, 6)?,
        replays: number(row, 7)?,
    })
}
