//! Drills without a standby: nodes killed, nodes stopped in good order, PostgreSQL killed below its nodes.

use super::cluster::{Blow, Cluster};
use super::stage::{Ended, Stage, title};
use super::{Engine, Setting};
use crate::figures::{self, progress};
use anyhow::Context;
use std::time::Instant;

/// So often it is said how far a drill is.
const SAY_EVERY: u64 = 20;

/// One node, killed and started again.
pub fn one(setting: &Setting, engine: Engine) -> anyhow::Result<bool> {
    let what = title("one node, kill -9", engine, setting.rounds);
    let ended = on(setting, engine, 1, |stage, _| {
        stage.let_write()?;
        stage.fault()?;
        stage.nodes[0].kill();
        stage.nodes[0].start()
    });
    Ok(ended?.tell(&what, &[]))
}

/// Two nodes, either killed and started again.
pub fn either(setting: &Setting) -> anyhow::Result<bool> {
    let what = title("two nodes, kill -9 of either", Engine::Postgres, setting.rounds);
    let ended = on(setting, Engine::Postgres, 2, |stage, _| {
        stage.let_write()?;
        let node = stage.chance.index(2);
        stage.fault()?;
        stage.nodes[node].kill();
        // Sometimes it comes back at once, sometimes the other one goes on alone for a while.
        if stage.chance.below(2) == 0 {
            stage.let_write()?;
        }
        stage.nodes[node].start()
    });
    Ok(ended?.tell(&what, &[]))
}

/// Two nodes, PostgreSQL killed below them and started again.
pub fn postgres(setting: &Setting) -> anyhow::Result<bool> {
    let what = title("two nodes, PostgreSQL killed", Engine::Postgres, setting.rounds);
    let mut back = Vec::new();
    let ended = on(setting, Engine::Postgres, 2, |stage, base| {
        stage.let_write()?;
        let cluster = base.cluster.as_mut().context("a server")?;
        let blow = Blow::any(&mut stage.chance);
        stage.fault()?;
        let killed = Instant::now();
        cluster.kill(blow)?;
        cluster.start(stage)?;
        back.push(killed.elapsed());
        Ok(())
    })?;
    back.sort_unstable();
    let more = [("kill until PostgreSQL takes connections", figures::spread(&back))];
    Ok(ended.tell(&what, &more))
}

/// Every node stopped with SIGTERM and started again, one after the other.
pub fn roll(setting: &Setting, engine: Engine) -> anyhow::Result<bool> {
    let what = title("rolling restart", engine, setting.rounds);
    let nodes = if engine == Engine::Postgres { 2 } else { 1 };
    let ended = on(setting, engine, nodes, |stage, _| {
        for node in 0..nodes {
            stage.let_write()?;
            stage.fault()?;
            stage.nodes[node].end()?;
            stage.nodes[node].start()?;
        }
        Ok(())
    })?;
    let failed = figures::failures(&ended.record.entries);
    failed.iter().take(5).for_each(|entry| progress(&format!("failed: {entry}")));
    let more = [("requests that failed by more than a connection", failed.len().to_string())];
    Ok(ended.tell(&what, &more) && failed.is_empty())
}

/// A database, and the server that it is on if it needs one.
pub(super) struct Base {
    /// Its URL.
    pub url: String,
    cluster: Option<Cluster>,
}

impl Base {
    /// Makes it.
    pub fn make(stage: &mut Stage, setting: &Setting, engine: Engine) -> anyhow::Result<Base> {
        if engine == Engine::Sqlite {
            return Ok(Base { url: stage.sqlite(), cluster: None });
        }
        let address = stage.free_address()?;
        let mut cluster = Cluster::make(setting.postgres_bin.as_deref(), stage.folder(), "server", address)?;
        cluster.start(stage)?;
        cluster.make_database()?;
        Ok(Base { url: cluster.url(), cluster: Some(cluster) })
    }
}

/// Deals a blow so often to a database with nodes and writers on it.
fn on(
    setting: &Setting,
    engine: Engine,
    nodes: usize,
    mut blow: impl FnMut(&mut Stage, &mut Base) -> anyhow::Result<()>,
) -> anyhow::Result<Ended> {
    let mut stage = Stage::new(setting)?;
    let mut base = Base::make(&mut stage, setting, engine)?;
    stage.start(&base.url, nodes)?;
    for round in 1..=setting.rounds {
        blow(&mut stage, &mut base)?;
        say(round, setting.rounds);
    }
    stage.flows(1)?;
    stage.finish(&base.url)
}

fn say(round: u64, rounds: u64) {
    if round.is_multiple_of(SAY_EVERY) || round == rounds {
        progress(&format!("{round} of {rounds}"));
    }
}
