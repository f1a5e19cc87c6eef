//! What deliveries cost those who order, and how many there are a second.
//!
//! The receiver is a thread of this program that takes whatever comes and counts it; it shares the cores with the server.

use crate::http::Request;
use crate::load::Generator;
use crate::plan::{Plan, ROUNDS};
use crate::program::Program;
use crate::report::{Goal, Row, median, progress, row};
use crate::world::{Api, Login, World};
use anyhow::{Context, ensure};
use axum::Router;
use axum::http::StatusCode;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Endpoints that deliveries are counted at.
const FEW: usize = 4;
/// An order of the world has one item, and so two events.
const EVENTS_OF_ORDER: u64 = 2;
/// Deliveries go on within this, or the measurement has failed.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Someone who is told.
struct Receiver {
    address: SocketAddr,
    heard: Arc<AtomicU64>,
}

/// Whose endpoints they are.
#[derive(Clone, Copy)]
enum Whose {
    /// Hears of everything.
    Operator,
    /// Hears of nobody's orders but its own, of which there are none.
    AnotherVendor,
}

/// A program with endpoints, ready to take orders.
struct Told {
    program: Program,
    posts: Vec<Request>,
}

/// Orders beside endpoints that they do not concern, and beside those that hear of each; and deliveries a second.
pub fn rows(plan: &Plan, folder: &Path, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    progress("deliveries");
    let mut generator = Generator::new()?;
    let receiver = Receiver::listen()?;
    let none = Told::start(plan, &generator, &folder.join("none"), &receiver, 0, Whose::Operator)?;
    let idle = Told::start(plan, &generator, &folder.join("idle"), &receiver, plan.endpoints, Whose::AnotherVendor)?;
    let (mut without, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(none.post(&mut generator, plan, plan.orders)?);
        beside.push(idle.post(&mut generator, plan, plan.orders)?);
    }
    drop(idle);
    let few = Told::start(plan, &generator, &folder.join("few"), &receiver, FEW, Whose::Operator)?;
    let mut delivered = Vec::new();
    for _ in 0..ROUNDS {
        delivered.push(few.deliveries(&mut generator, plan, &receiver)?);
    }
    drop(few);
    let all = Told::start(plan, &generator, &folder.join("all"), &receiver, plan.endpoints, Whose::Operator)?;
    let (mut busy, mut free) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        busy.push(all.post(&mut generator, plan, plan.orders / 4)?);
    }
    drop(all);
    for _ in 0..ROUNDS {
        free.push(none.post(&mut generator, plan, plan.orders / 4)?);
    }
    let post = |what: &str| format!("POST /orders beside {} endpoints {what}", plan.endpoints);
    let against = || "beside none".to_owned();
    rows.push(row(post("that it does not concern"), "/s", &beside, against(), median(&without), Goal::AtLeast(0.9)));
    rows.push(row(post("that hear of each"), "/s", &busy, against(), median(&free), Goal::AtLeast(0.1)));
    let what = format!("deliveries, signed and settled, to {FEW} endpoints");
    rows.push(row(what, "/s", &delivered, "POST /orders beside none".to_owned(), median(&without), Goal::AtLeast(0.2)));
    Ok(())
}

impl Receiver {
    /// Listens until the program ends.
    fn listen() -> anyhow::Result<Receiver> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let (address, heard) = (listener.local_addr()?, Arc::new(AtomicU64::new(0)));
        let counted = heard.clone();
        let router = Router::new().fallback(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            StatusCode::NO_CONTENT
        });
        thread::spawn(move || runtime.block_on(async move { axum::serve(listener, router).await }));
        Ok(Receiver { address, heard })
    }

    fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }
}

impl Told {
    /// A program with a world and so many endpoints.
    fn start(
        plan: &Plan,
        generator: &Generator,
        data: &Path,
        receiver: &Receiver,
        endpoints: usize,
        whose: Whose,
    ) -> anyhow::Result<Told> {
        let program = Program::orderpark(&plan.program, data)?;
        let world = generator.wait(World::make(program.address))?;
        generator.wait(async {
            let owner = match whose {
                Whose::Operator => Login::default(),
                Whose::AnotherVendor => World::named(program.address, &Login::default(), "-other").await?.login,
            };
            let mut api = Api::open(program.address, &owner).await?;
            for number in 0..endpoints {
                let body = json!({"url": format!("http://{}/{number}", receiver.address)});
                api.post("/core/latest/api/webhookEndpoints", &body).await.context("an endpoint")?;
            }
            anyhow::Ok(())
        })?;
        Ok(Told { program, posts: world.posts() })
    }

    /// Orders a second.
    fn post(&self, generator: &mut Generator, plan: &Plan, count: u64) -> anyhow::Result<f64> {
        Ok(generator.closed(&[self.program.address], &self.posts, plan.connections, count)?.rate)
    }

    /// Deliveries a second, from the first order of many until the last is delivered.
    fn deliveries(&self, generator: &mut Generator, plan: &Plan, receiver: &Receiver) -> anyhow::Result<f64> {
        let orders = plan.orders / 4;
        let (before, begin) = (receiver.heard(), Instant::now());
        self.post(generator, plan, orders)?;
        let all = orders * EVENTS_OF_ORDER * FEW as u64;
        let (mut heard, mut moved) = (receiver.heard(), Instant::now());
        while heard < before + all {
            thread::sleep(LOOK_EVERY);
            if receiver.heard() > heard {
                (heard, moved) = (receiver.heard(), Instant::now());
            }
            ensure!(moved.elapsed() < SILENCE_MAX, "{} of {all} deliveries, and then none", heard - before);
        }
        #[allow(clippy::cast_precision_loss)]
        Ok(all as f64 / begin.elapsed().as_secs_f64())
    }
}
