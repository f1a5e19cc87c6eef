//! Nodes killed while they deliver to a receiver that checks everything.

use super::kills::Base;
use super::stage::{Stage, title};
use super::{Engine, Setting};
use crate::figures::{self, Table, progress, seconds};
use crate::listen::{self, Receiver};
use anyhow::Context;
use orderpark_bench::world::Login;
use std::time::{Duration, Instant};

/// A blow comes after so many deliveries at most.
const DELIVERIES_MAX: u64 = 1_000;
/// Deliveries go on within this after a blow: leases have to run out first.
const FLOW_MAX: Duration = Duration::from_mins(2);
/// When nothing more happens, everything is delivered within this.
const REST_MAX: Duration = Duration::from_mins(10);
/// So many broken promises are shown.
const SHOWN: usize = 10;

/// Kills any of the nodes so often, until so many deliveries were made.
pub fn run(setting: &Setting, engine: Engine, endpoints: usize, deliveries: u64) -> anyhow::Result<bool> {
    let operator = Login::default();
    let mut stage = Stage::new(setting)?;
    let base = Base::make(&mut stage, setting, engine)?;
    let nodes = if engine == Engine::Postgres { 2 } else { 1 };
    stage.start_nodes(&base.url, nodes)?;
    let first = stage.nodes.first().context("a node")?.address;
    let chance = stage.chance.part();
    let receiver = stage.on_runtime(Receiver::listen(chance))?;
    let secrets = stage.on_runtime(listen::register(first, &operator, receiver.address, endpoints))?;
    receiver.expect(&secrets)?;
    stage.start_writers()?;

    let (mut kills, mut pauses) = (0, Vec::new());
    while kills < setting.rounds || receiver.accepted() < deliveries {
        let more = receiver.accepted() + 1 + stage.chance.below(DELIVERIES_MAX);
        stage.until("deliveries", FLOW_MAX, || Ok(receiver.accepted() >= more))?;
        stage.pause();
        if kills < setting.rounds {
            let node = stage.chance.index(nodes);
            stage.fault()?;
            stage.nodes[node].kill();
            let (killed, before) = (Instant::now(), receiver.accepted());
            stage.nodes[node].start()?;
            stage.until("deliveries", FLOW_MAX, || Ok(receiver.accepted() > before + 1))?;
            pauses.push(killed.elapsed());
            kills += 1;
            progress(&format!("{kills} kills, {} deliveries", receiver.accepted()));
        }
    }
    let what = title(&format!("kill -9 while delivering to {endpoints} endpoints"), engine, kills);
    tell(stage, &base, &receiver, &what, endpoints, pauses)
}

/// Lets everything be written and delivered, and holds it against what came.
fn tell(
    mut stage: Stage,
    base: &Base,
    receiver: &Receiver,
    what: &str,
    endpoints: usize,
    mut pauses: Vec<Duration>,
) -> anyhow::Result<bool> {
    let judged = stage.judge()?;
    let node = stage.nodes.first().context("a node")?.address;
    let events = stage.on_runtime(listen::feed(node, &Login::default()))?;
    let (all, rest) = ((events.len() * endpoints) as u64, Instant::now());
    // Whoever waits for the last ones to no end has lost them; the check says which.
    let _ = stage.until("everything delivered", REST_MAX, || Ok(receiver.accepted() >= all));
    let rest = rest.elapsed();
    let mut ended = stage.end(judged, &base.url)?;
    let ledger = receiver.take();
    let wrong = ledger.judge(&events, endpoints);
    pauses.sort_unstable();
    let mut table: Table = ended.table(what);
    table.row("events of the feed", &events.len());
    table.row("deliveries", &all);
    table.row("requests that were repetitions, or refused", &ledger.repeats(endpoints));
    table.row("requests whose signature was wrong", &ledger.unsigned);
    table.row("from a kill until deliveries go on", &figures::spread(&pauses));
    table.row("from the last order until all is delivered", &seconds(rest));
    table.row("broken promises of deliveries", &wrong.len());
    table.print();
    figures::show(&ended.found.violations);
    wrong.iter().take(SHOWN).for_each(|wrong| progress(&format!("VIOLATION: {wrong}")));
    Ok(wrong.is_empty() && ended.found.violations.is_empty() && ended.verified)
}
