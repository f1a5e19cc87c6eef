//! Fairness: what one party at its worst does to another, for everything that parties share.
//!
//! In each [`Attack`] one vendor with its subscribers acts over many connections, and another
//! vendor goes on with its daily work, one request after the other. The same work is measured alone
//! before. The promise (docs/reference/reliability.md): its p99 is at most three times as long, and
//! it is never refused. `bench/fair` prints the table; a short form of it is a test.

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

macro_rules! attacks {
    ($($(#[$doc:meta])* $name:ident $id:literal on $shared:expr,)+) => {
        /// An attempt of one party to take what all share.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Attack { $($(#[$doc])* $name,)+ }

        impl Attack {
            /// Every row of the table.
            pub const ALL: &[Attack] = &[$(Attack::$name,)+];

            /// Its name in the table and on the command line.
            pub fn id(self) -> &'static str {
                match self { $(Attack::$name => $id,)+ }
            }

            /// The shared resources that it is on, as docs/reference/limits.md names them.
            pub fn on(self) -> &'static [&'static str] {
                match self { $(Attack::$name => &$shared,)+ }
            }
        }
    };
}

attacks! {
    /// Many small orders.
    Orders "orders" on ["committer", "journal"],
    /// Orders of an offer with as many items as may be.
    LargeOrders "large-orders" on ["committer"],
    /// Commands that ask about the whole database, or come to nothing.
    Decisions "decisions" on ["committer"],
    /// Reads of single objects, and refused requests.
    Requests "requests" on ["requests", "requests_at_once"],
    /// Reads of whole lists.
    Lists "lists" on ["lists"],
    /// Pages of events.
    EventPages "event-pages" on ["lists"],
    /// Streams of events.
    Streams "streams" on ["streams"],
    /// Tests of webhook endpoints whose receiver never answers, or whose name leads nowhere.
    EndpointTests "endpoint-tests" on ["endpoint_tests", "names"],
    /// Questions to a supplier that serves both.
    Questions "questions" on ["questions"],
    /// Many endpoints whose receiver never answers.
    Deliveries "deliveries" on ["deliveries", "destinations"],
    /// Replays of the whole feed to one receiver.
    Replays "replays" on ["replays", "destinations"],
    /// Large answers that are not read.
    SlowReaders "slow-readers" on ["memory"],
    /// Connections that send nothing.
    Connections "connections" on ["connections"],
    /// Wrong secrets and large forms without a token.
    Strangers "strangers" on ["token_endpoint"],
    /// A subscriber with many orders, which is deleted over and over, with `force` too.
    Closing "closing" on ["committer"],
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
    /// The attack of the other party.
    pub attack: Attack,
    /// The work of the party.
    pub work: Work,
    /// How it was alone.
    pub alone: Seen,
    /// How it was meanwhile.
    pub beside: Seen,
}

/// Runs attacks on a deployment, whose nodes are at these addresses, one after the other.
pub fn run(nodes: &[SocketAddr], rows: &[Attack], size: Size, tell: impl Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let runtime = one_thread()?;
    tell("a world with two vendors");
    let stage = runtime.block_on(Stage::make(nodes, size))?;
    let mut figures = Vec::new();
    for attack in rows {
        tell(attack.id());
        let alone = runtime.block_on(victim::work(&stage, size.measure));
        let beside = beside(&stage, *attack, size, &runtime)?;
        let pairs = alone.into_iter().zip(beside);
        figures.extend(pairs.map(|((work, alone), (_, beside))| Figure { attack: *attack, work, alone, beside }));
    }
    Ok(figures)
}

/// The work beside an attack, which another thread makes.
fn beside(stage: &Stage, attack: Attack, size: Size, runtime: &Runtime) -> anyhow::Result<Vec<(Work, Seen)>> {
    let warm_up = size.measure / 4;
    let until = Instant::now() + warm_up + size.measure;
    thread::scope(|threads| {
        let attacking =
            threads.spawn(move || one_thread().map(|own| own.block_on(attack::make(stage, attack, size, until))));
        let seen = runtime.block_on(async {
            tokio::time::sleep(warm_up).await;
            victim::work(stage, size.measure).await
        });
        let attacked = attacking.join().ok().context("the attack panicked")?;
        attacked?.with_context(|| format!("attacking {}", attack.id()))?;
        Ok(seen)
    })
}

fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
