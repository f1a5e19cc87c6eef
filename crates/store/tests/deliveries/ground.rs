//! What the tests of deliveries stand on.

use super::harness::{Deployment, Engine, acting_for, answer, everything};
use orderpark_domain::endpoint::{CreateEndpoint, DeleteEndpoint, UpdateEndpoint};
use orderpark_domain::{
    Action, Command, Endpoint, EndpointRef, EndpointState, Grant, Instant, Outcome, PartyKind, PartyRef, ProductRef,
    Scope,
};
use orderpark_store::deliveries::{Attempt, Claim, DeliveryStatus, Lease, Node, Retry, RetryState, Settlement, Target};
use orderpark_store::{Epoch, EventPlace, FeedPosition};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

pub const ONE: Node = Node([1; 16]);
pub const OTHER: Node = Node([2; 16]);

/// Long enough for any test.
pub const LONG_MS: u64 = 600_000;

pub fn place(seq: u64, number: u32) -> EventPlace {
    EventPlace { seq, number }
}

pub fn due(seq: u64, number: u32, lane: &str) -> Retry {
    Retry { place: place(seq, number), lane: lane.into(), attempts: 1, state: RetryState::Due(Instant(77)) }
}

pub fn retry(seq: u64, state: RetryState) -> Retry {
    Retry { state, ..due(seq, 0, "lane") }
}

/// An attempt that succeeded, or failed.
pub fn attempt(number: u128, event: Option<EventPlace>, failure: Option<&str>) -> Attempt {
    Attempt {
        id: Uuid::from_u128(number),
        event: event.map(|place| FeedPosition { place, epoch: Epoch::FIRST }),
        webhook_id: "evt_1_0".into(),
        kind: "order.activated".into(),
        number: 1,
        at: Instant(i64::try_from(number).expect("a small number")),
        took_us: 12_000,
        url: "https://hook.example.com/".into(),
        status: failure.is_none().then_some(200),
        failure: failure.map(str::to_owned),
        response: Some("thanks".into()),
        inside: Some(false),
    }
}

impl Deployment {
    pub fn endpoint(&self, kind: PartyKind, party: PartyRef) -> Endpoint {
        let create = CreateEndpoint {
            owner: Some(Grant { kind, party }),
            url: "https://hook.example.com/".into(),
            description: None,
            kinds: None,
            secret: "key.sealed".into(),
        };
        endpoint_of(self.done(Command::CreateEndpoint(create)))
    }

    /// An endpoint of the operator.
    pub fn hook(&self) -> EndpointRef {
        self.endpoint(PartyKind::Operator, PartyRef(1)).endpoint
    }

    pub fn set_state(&self, endpoint: EndpointRef, state: EndpointState) {
        let update = UpdateEndpoint { endpoint, url: None, description: None, kinds: None, state: Some(state) };
        self.done(Command::UpdateEndpoint(update));
    }

    pub fn delete_endpoint(&self, endpoint: EndpointRef) {
        self.done(Command::DeleteEndpoint(DeleteEndpoint { endpoint }));
    }

    pub fn claim(&self, node: Node) -> Vec<Claim> {
        answer(self.store.claim_targets(node, 100, LONG_MS))
    }

    /// The lease of the one target that there is.
    pub fn lease(&self, node: Node) -> Lease {
        let claims = self.claim(node);
        assert_eq!(claims.len(), 1, "{claims:?}");
        claims[0].lease
    }

    pub fn settled(&self, lease: &Lease, settlement: Settlement) -> bool {
        answer(self.store.settle_deliveries(lease, settlement))
    }

    pub fn retries(&self, target: Target) -> Vec<Retry> {
        answer(self.store.page_retries(target, 100))
    }

    pub fn status(&self, endpoint: EndpointRef) -> DeliveryStatus {
        answer(self.store.delivery_status(&everything(), endpoint)).expect("an endpoint")
    }

    /// The last entry of the journal.
    pub fn end(&self) -> EventPlace {
        answer(self.store.events_end()).place
    }

    /// Every row of the bookkeeping but for the leases.
    pub fn books(&self) -> Vec<Vec<String>> {
        let tables = [
            "select kind, ref, active, cursor_seq, cursor_number, epoch, asked, coalesce(failing_since, 0), \
             coalesce(last_attempt_at, 0), coalesce(last_success_at, 0) from delivery_targets order by 1, 2",
            "select ref, seq, number, lane, attempts, state, coalesce(at, 0) from delivery_retries order by 1, 2, 3",
            "select ref, id, cursor_seq, cursor_number, until_seq, until_number from delivery_replays order by 1, 2",
            "select ref, webhook_id, coalesce(failure, '') from delivery_attempts order by id",
        ];
        tables.iter().flat_map(|sql| self.home.look(sql)).collect()
    }

    /// As if every lease were over: on PostgreSQL they are on the server's own time.
    pub fn end_leases(&self) {
        self.clock.pass_seconds(3600);
        if self.home.engine() == Engine::Postgres {
            self.home.execute("update delivery_targets set leased_until = 1 where leased_until > 0");
        }
    }
}

pub fn endpoint_of(outcome: Outcome) -> Endpoint {
    match outcome {
        Outcome::Endpoint(endpoint) => *endpoint,
        other => panic!("not an endpoint: {other:?}"),
    }
}

pub fn supplier(product: ProductRef) -> Target {
    Target::Supplier(product)
}

/// The scope of one who reads endpoints for one party, of whatever kind.
pub fn scope_of(kind: PartyKind, party: PartyRef) -> Scope {
    acting_for(kind, party).may(Action::ReadEndpoints).expect("every kind may")
}

/// A runtime whose tasks go on while the test does something else. Connections live as long as the runtime that made them, so
/// whoever spawns does all its bookkeeping here.
pub fn busy_runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}
