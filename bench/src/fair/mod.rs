//! Fairness: what one party at its worst does to another, for everything that parties share.
//!
//! For each row of [`Shared`] one vendor with its subscribers attacks over many connections, and
//! another vendor goes on with its daily work, one request after the other. The same work is measured
//! alone before. The promise (docs/reference/reliability.md): its p99 is at most three times as long,
//! and it is never refused. `bench/fair` prints the table; a short form of it is a test.

mod attack;
mod receiver;
mod stage;
mod victim;

pub use victim::{Seen, Work};

use anyhow::Context;
use stage::Stage;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

macro_rules! shared {
    ($($(#[$doc:meta])* $name:ident $id:literal,)+) => {
        /// Something that parties share, and that one of them tries to take.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Shared { $($(#[$doc])* $name,)+ }

        impl Shared {
            /// Every row of the table.
            pub const ALL: &[Shared] = &[$(Shared::$name,)+];

            /// Its name in the table and on the command line.
            pub fn id(self) -> &'static str {
                match self { $(Shared::$name => $id,)+ }
            }
        }
    };
}

shared! {
    /// The committer's queue: many small orders.
    Committer "committer",
    /// The committer's batches: orders of an offer with as many items as may be.
    Batches "batches",
    /// Commands that ask about the whole database, or come to nothing.
    Decisions "decisions",
    /// Processors and workers: reads of single objects, and refused requests.
    Requests "requests",
    /// Reads of whole lists.
    ListReads "list-reads",
    /// Pages of events.
    EventPages "event-pages",
    /// Streams of events.
    Streams "streams",
    /// Tests of webhook endpoints, whose receiver never answers.
    EndpointTests "endpoint-tests",
    /// Questions to a supplier that serves both.
    Questions "supplier-questions",
    /// Places and time of deliveries: many endpoints whose receiver never answers.
    Deliveries "deliveries",
    /// Replays of the whole feed to one receiver.
    Replays "replays",
    /// Memory: large answers that are not read.
    Memory "memory",
    /// Connections that send nothing.
    Connections "connections",
    /// The token endpoint: wrong secrets and large forms without a token.
    TokenEndpoint "token-endpoint",
    /// A subscriber with many orders, which is deleted over and over, at last with `force`.
    Closing "closing",
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Connections of the attack.
    pub connections: usize,
    /// How long the work is measured alone, and beside each attack.
    pub measure: Duration,
    /// Orders that the attacking vendor has before, for lists and events.
    pub orders: usize,
}

/// One kind of work beside one attack.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was attacked.
    pub shared: Shared,
    /// What another party did.
    pub work: Work,
    /// How it was alone.
    pub alone: Seen,
    /// How it was meanwhile.
    pub beside: Seen,
}

/// Runs attacks on a deployment, whose nodes are at these addresses, one after the other.
pub fn run(nodes: &[SocketAddr], rows: &[Shared], size: Size, tell: impl Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let runtime = one_thread()?;
    tell("a world with two vendors");
    let stage = runtime.block_on(Stage::make(nodes, size))?;
    let mut figures = Vec::new();
    for shared in rows {
        tell(shared.id());
        let alone = runtime.block_on(victim::work(&stage, size.measure));
        let beside = beside(&stage, *shared, size, &runtime)?;
        let pairs = alone.into_iter().zip(beside);
        figures.extend(pairs.map(|((work, alone), (_, beside))| Figure { shared: *shared, work, alone, beside }));
    }
    Ok(figures)
}

/// The work beside an attack, which another thread makes.
fn beside(stage: &Stage, shared: Shared, size: Size, runtime: &Runtime) -> anyhow::Result<Vec<(Work, Seen)>> {
    let warm_up = size.measure / 4;
    let until = Instant::now() + warm_up + size.measure;
    thread::scope(|threads| {
        let attacking =
            threads.spawn(move || one_thread().map(|own| own.block_on(attack::make(stage, shared, size, until))));
        let seen = runtime.block_on(async {
            tokio::time::sleep(warm_up).await;
            victim::work(stage, size.measure).await
        });
        let attacked = attacking.join().ok().context("the attack panicked")?;
        attacked?.with_context(|| format!("attacking {}", shared.id()))?;
        Ok(seen)
    })
}

fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
