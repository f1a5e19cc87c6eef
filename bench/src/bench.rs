//! The running comparison: one program, its bare reference, and the rounds between them.

use crate::http::{Connection, Request};
use crate::load::{self, Generator, Measured};
use crate::plan::{Plan, ROUNDS, limit};
use crate::program::Program;
use crate::raw_sqlite::{self, Raw};
use crate::report::{Goal, Row, median, progress, row};
use crate::world::World;
use crate::{disk, wal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::slice;

/// Orders in the database before the first round.
pub const SMALL: u64 = 10_000;

/// Short rounds of a lone caller beside the bare disk, whose mood changes within a second.
const LONE_ROUNDS: usize = 4 * ROUNDS;

/// The group size that is assumed until the log of a round tells it.
const GROUP: f64 = 32.0;

/// A running comparison.
pub struct Bench<'p> {
    plan: &'p Plan,
    generator: Generator,
    folder: PathBuf,
    program: Program,
    database: PathBuf,
    world: World,
    posts: Vec<Request>,
    group: f64,
    small_page: f64,
    rounds: Rounds,
}

/// The figures of the rounds; each round adds one to each.
#[derive(Default)]
struct Rounds {
    post: Vec<f64>,
    bare_post: Vec<f64>,
    raw: Vec<f64>,
    get: Vec<f64>,
    bare_get: Vec<f64>,
    lone: Vec<f64>,
    sync: Vec<f64>,
}

impl<'p> Bench<'p> {
    /// Starts the program in `folder` and makes a small world in it.
    pub fn start(plan: &'p Plan, folder: &Path) -> anyhow::Result<Bench<'p>> {
        let generator = Generator::new()?;
        let data = folder.join("data");
        let program = Program::orderpark(&plan.program, &data)?;
        let world = generator.wait(World::make(program.address))?;
        Ok(Bench {
            plan,
            generator,
            folder: folder.to_owned(),
            program,
            database: data.join("orderpark.db"),
            posts: world.posts(),
            world,
            group: GROUP,
            small_page: f64::NAN,
            rounds: Rounds::default(),
        })
    }

    /// The rounds: writing and reading, each beside its reference.
    pub fn rounds(&mut self, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        progress(&format!("{SMALL} orders to begin with"));
        self.post(self.plan.connections, SMALL)?;
        self.small_page = self.page("?limit=100")?;
        let (get, answer) = self.sample()?;
        let bare = Program::reference(&answer)?;
        let mut raw = Raw::copy_of(&self.database, &self.folder.join("raw.db"))?;
        for round in 1..=ROUNDS {
            progress(&format!("round {round} of {ROUNDS}"));
            self.round(&mut raw, bare.address, &get)?;
        }
        progress("a lone caller");
        for _ in 0..LONE_ROUNDS {
            // Not in the rounds above: a lone caller's small transactions would be counted into their groups.
            let lone = self.post(1, 250)?.quantile(0.5);
            self.rounds.lone.push(lone);
            self.rounds.sync.push(load::quantile(&disk::sync_times(&self.folder, 250)?, 0.5));
        }
        rows.extend(self.rounds.rows(self.plan.connections, self.group));
        Ok(())
    }

    fn round(&mut self, raw: &mut Raw, bare: SocketAddr, get: &Request) -> anyhow::Result<()> {
        let (lanes, count) = (self.plan.connections, self.plan.orders);
        let posts = self.posts.clone();
        let post = self.post(lanes, count)?.rate;
        let bare_post = self.closed(bare, &posts, lanes, count * 5)?.rate;
        self.group = wal::mean_group(&self.database)?.unwrap_or(self.group);
        let again = raw.write_again(&self.database, self.group)?;
        let get = slice::from_ref(get);
        let got = self.closed(self.program.address, get, lanes, count * 5)?.rate;
        let bare_got = self.closed(bare, get, lanes, count * 5)?.rate;
        self.rounds.add([post, bare_post, again, got, bare_got]);
        Ok(())
    }

    /// Places one order; answers a GET of it, and a file with the bytes that it answers.
    fn sample(&mut self) -> anyhow::Result<(Request, PathBuf)> {
        self.post(1, 1)?;
        let mut get = self.world.get(&format!("/{}", raw_sqlite::order_at(&self.database, 0)?));
        let body = self.generator.wait(async {
            let mut connection = Connection::open(self.program.address).await?;
            let answer = connection.exchange(get.numbered(0)).await?;
            anyhow::Ok(connection.body(answer).to_vec())
        })?;
        let answer = self.folder.join("answer.json");
        std::fs::write(&answer, body)?;
        Ok((get, answer))
    }

    /// The same load on a disk with slower syncs: groups grow, so the rate should not fall in step.
    pub fn slow_disk(&mut self) -> anyhow::Result<Row> {
        progress("a disk with 1 ms more per sync");
        let slow = Program::orderpark_with(&self.plan.slow_sync, &self.plan.program, &self.folder.join("slow"))?;
        let posts = self.generator.wait(World::make(slow.address))?.posts();
        self.closed(slow.address, &posts, self.plan.connections, SMALL)?;
        let (mut delayed, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            delayed.push(self.closed(slow.address, &posts, self.plan.connections, self.plan.orders)?.rate);
            plain.push(self.post(self.plan.connections, self.plan.orders)?.rate);
        }
        Ok(Row {
            what: "POST /orders on a disk with 1 ms more per sync".to_owned(),
            unit: "/s",
            figure: median(&delayed),
            against: "the plain disk".to_owned(),
            reference: median(&plain),
            goal: Goal::AtLeast(0.45),
        })
    }

    /// A rate held for some seconds, three times, because one stall of the disk decides a p99. Where the machine does not
    /// keep up with the rate, the times are those of a growing queue and say nothing: the row falls short.
    pub fn pace(&mut self, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        progress("70 % of the peak");
        let rate = median(&self.rounds.post) * 0.7;
        let (mut half, mut tail, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let count = (rate * 4.0) as u64;
            let (address, posts) = (self.program.address, self.posts.clone());
            let measured = self.generator.paced(address, &posts, self.plan.connections, (count, rate))?;
            half.push(measured.quantile(0.5));
            tail.push(measured.quantile(0.99));
            held.push(measured.rate);
        }
        let held = median(&held);
        let kept_up = held >= rate * 0.95;
        rows.push(Row {
            what: format!("POST p99 at 70 % of the peak ({rate:.0}/s)"),
            unit: "us",
            figure: if kept_up { median(&tail) } else { f64::INFINITY },
            against: if kept_up { "its p50".to_owned() } else { format!("its p50; only {held:.0}/s were answered") },
            reference: median(&half),
            goal: Goal::AtMost(5.0),
        });
        Ok(())
    }

    /// Grows the database, then writes and pages again.
    pub fn grow(&mut self, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        let has = raw_sqlite::orders(&self.database)?;
        progress(&format!("growing from {has} to {} orders", self.plan.grown));
        if self.plan.grown > has {
            self.post(self.plan.connections, self.plan.grown - has)?;
        }
        let has = raw_sqlite::orders(&self.database)?;
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(self.post(self.plan.connections, self.plan.orders)?.rate);
        }
        rows.push(Row {
            what: format!("POST at {has} orders"),
            unit: "/s",
            figure: median(&rates),
            against: format!("in the rounds, from {SMALL} orders"),
            reference: median(&self.rounds.post),
            goal: Goal::AtLeast(0.7),
        });
        let pages = (has / 100).min(1000);
        let deep = raw_sqlite::order_at(&self.database, (pages * 100).saturating_sub(101))?;
        for (page, rest) in [(1, "?limit=100".to_owned()), (pages, format!("?limit=100&after={deep}"))] {
            let figure = self.page(&rest)?;
            rows.push(self.page_row(has, page, figure));
        }
        rows.push(limit("memory, at most, under full load", "MiB", self.program.memory_most()?, 160.0));
        Ok(())
    }

    fn page_row(&self, has: u64, page: u64, figure: f64) -> Row {
        Row {
            what: format!("page {page} of 100 orders, at {has}"),
            unit: "us",
            figure,
            against: format!("page 1, at {SMALL}"),
            reference: self.small_page,
            goal: Goal::AtMost(1.3),
        }
    }

    /// What `orderpark verify` is to look at.
    pub fn database(&self) -> String {
        format!("sqlite:{}", self.database.display())
    }

    /// The usual time of one page for a lone caller.
    fn page(&mut self, rest: &str) -> anyhow::Result<f64> {
        let request = self.world.get(rest);
        Ok(self.closed(self.program.address, &[request], 1, 500)?.quantile(0.5))
    }

    fn post(&mut self, lanes: u64, count: u64) -> anyhow::Result<Measured> {
        let posts = self.posts.clone();
        self.closed(self.program.address, &posts, lanes, count)
    }

    fn closed(&mut self, at: SocketAddr, requests: &[Request], lanes: u64, count: u64) -> anyhow::Result<Measured> {
        self.generator.closed(&[at], requests, lanes, count)
    }
}

impl Rounds {
    fn add(&mut self, figures: [f64; 5]) {
        let all = [&mut self.post, &mut self.bare_post, &mut self.raw, &mut self.get, &mut self.bare_get];
        all.into_iter().zip(figures).for_each(|(list, figure)| list.push(figure));
    }

    fn rows(&self, lanes: u64, group: f64) -> Vec<Row> {
        let post = format!("POST /orders, durable, {lanes} connections");
        let raw = format!("the same rows by a raw loop, {group:.1} a group");
        let get = format!("GET /orders/{{ref}}, {lanes} connections");
        let lone = "POST p50 of a lone caller".to_owned();
        let sync = median(&self.sync) + 300.0;
        let bare = |method: &str| format!("bare axum {method}");
        let (post_bare, get_bare) = (median(&self.bare_post), median(&self.bare_get));
        vec![
            row(post.clone(), "/s", &self.post, bare("POST"), post_bare, Goal::AtLeast(0.3)),
            row(post, "/s", &self.post, raw, median(&self.raw), Goal::AtLeast(0.8)),
            row(get, "/s", &self.get, bare("GET, same bytes"), get_bare, Goal::AtLeast(0.6)),
            row(lone, "us", &self.lone, "fdatasync of 4 KiB p50 + 300 us".to_owned(), sync, Goal::AtMost(1.5)),
        ]
    }
}
