//! A primary and its synchronous standby: the primary is killed, the standby promoted, and another standby made in the
//! place of the dead one, again and again. What was acknowledged was on both, so nothing may be lost.
//!
//! Who promotes here waits for nothing: the time without writes is what PostgreSQL and the program need, and whatever
//! finds out in real life that a primary is dead comes on top of it.

use super::Setting;
use super::cluster::{Blow, Cluster};
use super::stage::Stage;
use crate::check::Kind;
use crate::figures::{self, progress};
use std::time::{Duration, Instant};

/// A standby follows within this.
const FOLLOW_MAX: Duration = Duration::from_mins(1);
/// With so many more acknowledged writes, they go on.
const FLOWING: u64 = 50;
const NAMES: [&str; 2] = ["server-1", "server-2"];

/// A primary and what follows it.
struct Pair {
    primary: Cluster,
    standby: Cluster,
}

/// Runs it.
pub fn run(setting: &Setting, is_control: bool) -> anyhow::Result<bool> {
    let mut stage = Stage::new(setting)?;
    let addresses = [stage.free_address()?, stage.free_address()?];
    let mut primary = Cluster::make(setting.postgres_bin.as_deref(), stage.folder(), NAMES[0], addresses[0])?;
    primary.start(&stage)?;
    primary.make_database()?;
    let mut standby = primary.standby(NAMES[1], addresses[1])?;
    standby.start(&stage)?;
    let url = primary.url_with(&standby);
    let mut pair = Pair { primary, standby };
    pair.follow(&stage, is_control)?;
    stage.start(&url, 2)?;
    let mut promotions = Vec::new();
    for round in 1..=setting.rounds {
        if round > 1 {
            pair = pair.turn(&stage, is_control)?;
        }
        promotions.push(pair.fail(&mut stage, is_control)?);
        progress(&format!("{round} of {}", setting.rounds));
    }
    promotions.sort_unstable();
    conclude(&mut stage, &url, is_control, &promotions)
}

impl Pair {
    /// Waits until the standby follows, and from then on lets every commit wait for it.
    fn follow(&self, stage: &Stage, is_control: bool) -> anyhow::Result<()> {
        let wanted = if is_control { "async" } else { "sync" };
        if !is_control {
            self.primary.set("synchronous_standby_names", "standby")?;
        }
        let following = "select string_agg(sync_state, ',') from pg_stat_replication where state = 'streaming'";
        stage.until("standby", FOLLOW_MAX, || Ok(self.primary.sql(following)? == wanted))
    }

    /// Kills the primary under load and promotes the standby; answers how long it took until it was one.
    fn fail(&mut self, stage: &mut Stage, is_control: bool) -> anyhow::Result<Duration> {
        stage.let_write()?;
        if is_control {
            self.cut(stage)?;
            stage.flows(FLOWING)?;
        }
        let blow = Blow::any(&mut stage.chance);
        stage.fault()?;
        let begin = Instant::now();
        self.primary.kill(blow)?;
        self.standby.promote()?;
        let took = begin.elapsed();
        stage.flows(FLOWING)?;
        Ok(took)
    }

    /// Takes the standby away from its primary, which goes on without it.
    fn cut(&self, stage: &Stage) -> anyhow::Result<()> {
        self.standby.set("primary_conninfo", "")?;
        let left = "select count(*) from pg_stat_replication";
        stage.until("lonely primary", FOLLOW_MAX, || Ok(self.primary.sql(left)? == "0"))
    }

    /// The standby is the primary now; another standby comes into the place of the dead one, under load.
    fn turn(self, stage: &Stage, is_control: bool) -> anyhow::Result<Pair> {
        let Pair { primary: dead, standby: primary } = self;
        let mut standby = primary.standby(dead.name(), dead.address)?;
        standby.start(stage)?;
        let pair = Pair { primary, standby };
        pair.follow(stage, is_control)?;
        Ok(pair)
    }
}

fn conclude(stage: &mut Stage, url: &str, is_control: bool, promotions: &[Duration]) -> anyhow::Result<bool> {
    let mut ended = stage.finish(url)?;
    let what = if is_control { "failover, control: no synchronous standby" } else { "failover" };
    let mut table = ended.table(what);
    table.row("kill until the standby is primary", &figures::spread(promotions));
    let lost = figures::count(&ended.found.violations, Kind::Lost);
    table.row("RPO: acknowledged orders lost, as each node says", &lost);
    table.print();
    if !is_control {
        figures::show(&ended.found.violations);
        return Ok(ended.found.violations.is_empty() && ended.verified);
    }
    progress(&format!("the control lost {lost}, as it must: {}", if lost > 0 { "yes" } else { "NO" }));
    Ok(lost > 0 && ended.verified)
}
