//! The same on PostgreSQL, with one node and with two, beside pgbench on the same server.
//!
//! pgbench writes into a database of its own that a deployment made like the program's. It does so twice: with the journal's
//! head, which orders wait for one by one, as any program would that keeps a chain and commits order by order; and without,
//! which is the sterner reference. Before each part of a round the server writes out what is dirty.

mod scripts;
mod server;

pub use server::Server;

use crate::bench::SMALL;
use crate::http::Request;
use crate::load::{Generator, Measured};
use crate::plan::{Plan, ROUNDS};
use crate::program::{self, Program};
use crate::report::{Goal, Row, median, progress, row};
use crate::world::World;
use anyhow::Context;
use scripts::Chain;
use server::Script;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Connections of pgbench that write.
const WRITERS: u64 = 16;

/// A running comparison.
pub struct Postgres<'p> {
    plan: &'p Plan,
    folder: PathBuf,
    generator: Generator,
    database: String,
    written_by_pgbench: String,
    nodes: [Program; 2],
    posts: Vec<Request>,
    get: Request,
    orders: [Script; 2],
    read: Script,
    rounds: Rounds,
}

/// The figures of the rounds; each round adds one to each.
#[derive(Default)]
struct Rounds {
    one: Vec<f64>,
    two: Vec<f64>,
    chained: Vec<f64>,
    unchained: Vec<f64>,
    get: Vec<f64>,
    reads: Vec<f64>,
    one_tail: Vec<f64>,
    two_tail: Vec<f64>,
}

impl<'p> Postgres<'p> {
    /// Makes two databases with as much in them, and starts two nodes on one of them.
    pub fn start(plan: &'p Plan, folder: &Path) -> anyhow::Result<Postgres<'p>> {
        progress(&format!("{SMALL} orders to begin with on PostgreSQL, twice"));
        let (server, folders) = (&plan.server, ["first", "second", "other"].map(|name| folder.join(name)));
        let mut generator = Generator::new()?;
        let written_by_pgbench = server.make("bench_pgbench")?;
        fill(plan, &mut generator, &node(plan, &folders[2], &written_by_pgbench)?)?;
        scripts::make_sequence(server, &written_by_pgbench)?;
        let script = |chain| scripts::order(server, &written_by_pgbench, folder, chain);
        let orders = [script(Chain::Kept)?, script(Chain::Left)?];
        let database = server.make("bench_orderpark")?;
        let first = node(plan, &folders[0], &database)?;
        let world = fill(plan, &mut generator, &first)?;
        program::hand_on_keys(&folders[0], &folders[1])?;
        let nodes = [first, node(plan, &folders[1], &database)?];
        let placed = server.ask(&database, "select encode(ref, 'hex')::uuid from orders order by ref desc limit 1")?;
        let get = world.get(&format!("/{placed}"));
        generator.closed(&[nodes[0].address], std::slice::from_ref(&get), plan.connections, 100)?;
        let read = scripts::read(server, &database, folder, &placed)?;
        let (posts, rounds) = (world.posts(), Rounds::default());
        let folder = folder.to_owned();
        Ok(Postgres { plan, folder, generator, database, written_by_pgbench, nodes, posts, get, orders, read, rounds })
    }

    /// The rounds: one node, pgbench, two nodes; then reading.
    pub fn rounds(&mut self, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        for round in 1..=ROUNDS {
            progress(&format!("round {round} of {ROUNDS} on PostgreSQL"));
            self.round()?;
        }
        rows.extend(self.rounds.rows(self.plan.connections));
        Ok(())
    }

    fn round(&mut self) -> anyhow::Result<()> {
        let (plan, server) = (self.plan, &self.plan.server);
        let one = self.post(1)?;
        let chained = self.pgbench(Chain::Kept)?;
        let two = self.post(2)?;
        let unchained = self.pgbench(Chain::Left)?;
        let (at, get) = ([self.nodes[0].address], std::slice::from_ref(&self.get));
        let got = self.generator.closed(&at, get, plan.connections, plan.orders * 5)?;
        let reads = server.pgbench(&self.database, &self.read, plan.connections, plan.orders * 5)?;
        let tails = [one.quantile(0.99), two.quantile(0.99)];
        self.rounds.add([one.rate, two.rate, chained, unchained, got.rate, reads], tails);
        Ok(())
    }

    /// A round of orders by pgbench: fewer, because one by one they take long enough.
    fn pgbench(&self, chain: Chain) -> anyhow::Result<f64> {
        let server = &self.plan.server;
        server.settle(&self.written_by_pgbench)?;
        server.pgbench(&self.written_by_pgbench, &self.orders[chain as usize], WRITERS, self.plan.orders / 4)
    }

    /// A round of orders, spread over so many nodes.
    fn post(&mut self, nodes: usize) -> anyhow::Result<Measured> {
        let at = self.nodes.iter().take(nodes).map(|node| node.address).collect();
        let place = Place { database: self.database.clone(), at, posts: self.posts.clone() };
        place.post(self.plan, &mut self.generator)
    }

    /// Grows the database, then writes there and into one that is small, in turns.
    pub fn grow(&mut self, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        let (plan, has) = (self.plan, self.orders()?);
        progress(&format!("growing from {has} to {} orders on PostgreSQL", plan.grown));
        let grown =
            Place { database: self.database.clone(), at: vec![self.nodes[0].address], posts: self.posts.clone() };
        if plan.grown > has {
            self.generator.closed(&grown.at, &grown.posts, plan.connections, plan.grown - has)?;
        }
        let has = self.orders()?;
        let database = plan.server.make("bench_small")?;
        let node = node(plan, &self.folder.join("small"), &database)?;
        let posts = fill(plan, &mut self.generator, &node)?.posts();
        let small = Place { database, at: vec![node.address], posts };
        let (mut figures, mut references) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            figures.push(grown.post(plan, &mut self.generator)?.rate);
            references.push(small.post(plan, &mut self.generator)?.rate);
        }
        let (what, against) =
            (format!("POST on PostgreSQL at {has} orders"), format!("another database, from {SMALL} orders"));
        rows.push(row(what, "/s", &figures, against, median(&references), Goal::AtLeast(0.7)));
        Ok(())
    }

    fn orders(&self) -> anyhow::Result<u64> {
        self.plan.server.ask(&self.database, "select count(*) from orders")?.parse().context("a number")
    }

    /// What `orderpark verify` is to look at.
    pub fn database(&self) -> &str {
        &self.database
    }
}

/// Where orders are placed.
struct Place {
    database: String,
    at: Vec<SocketAddr>,
    posts: Vec<Request>,
}

impl Place {
    /// A round of orders.
    fn post(&self, plan: &Plan, generator: &mut Generator) -> anyhow::Result<Measured> {
        plan.server.settle(&self.database)?;
        generator.closed(&self.at, &self.posts, plan.connections, plan.orders)
    }
}

fn node(plan: &Plan, data: &Path, database: &str) -> anyhow::Result<Program> {
    Program::orderpark_on(&plan.program, data, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), database)
}

/// A world, and orders in it.
fn fill(plan: &Plan, generator: &mut Generator, node: &Program) -> anyhow::Result<World> {
    let world = generator.wait(async {
        let mut world = World::make(node.address).await?;
        world.order_pairs(node.address).await?;
        anyhow::Ok(world)
    })?;
    generator.closed(&[node.address], &world.posts(), plan.connections, SMALL)?;
    Ok(world)
}

impl Rounds {
    fn add(&mut self, [one, two, chained, unchained, get, reads]: [f64; 6], [one_tail, two_tail]: [f64; 2]) {
        self.one.push(one);
        self.two.push(two);
        self.chained.push(chained);
        self.unchained.push(unchained);
        self.get.push(get);
        self.reads.push(reads);
        self.one_tail.push(one_tail);
        self.two_tail.push(two_tail);
    }

    fn rows(&self, lanes: u64) -> Vec<Row> {
        let half = lanes / 2;
        let post = format!("POST on PostgreSQL, {lanes} connections");
        let two = |what: &str| format!("{what} on PostgreSQL, two nodes, {half} each");
        let get = format!("GET /orders/{{ref}} on PostgreSQL, {lanes} connections");
        let order = |how: &str| format!("pgbench, {WRITERS} clients, one CTE an order{how}");
        let read = format!("pgbench, {lanes} clients, the same select");
        let (chained, unchained, reads) = (median(&self.chained), median(&self.unchained), median(&self.reads));
        let (one, one_tail) = (median(&self.one), median(&self.one_tail));
        let node = || "one node".to_owned();
        vec![
            row(post.clone(), "/s", &self.one, order(""), chained, Goal::AtLeast(2.0)),
            row(post, "/s", &self.one, order(", unchained"), unchained, Goal::AtLeast(2.0)),
            row(two("POST"), "/s", &self.two, node(), one, Goal::AtLeast(0.9)),
            row(two("POST p99"), "us", &self.two_tail, node(), one_tail, Goal::AtMost(2.0)),
            row(get, "/s", &self.get, read, reads, Goal::AtLeast(0.8)),
        ]
    }
}
