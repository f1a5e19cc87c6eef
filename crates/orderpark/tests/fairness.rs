//! No party can hurt another: the table of `bench/fair`, short, on the real program.
//!
//! One vendor attacks each thing that parties share; another vendor's work must go on: never
//! refused, and not much slower. Machines that run tests are busy, so the bound here is loose; it
//! is far below what any of these attacks did before there were limits (docs/decisions).

use orderpark_bench::fair::{self, Attack, Figure, Size, Work};
use orderpark_bench::program::{Program, hand_on_keys};
use orderpark_testbed::Engine;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_orderpark");
const SIZE: Size = Size { connections: 60, measure: Duration::from_secs(1), orders: 300 };
/// How much longer the work of another party may take.
const TIMES_MAX: f64 = 3.0;
/// A time that is always short enough, in milliseconds: the attack keeps a debug build busy on the
/// same cores.
const ALWAYS_FINE: f64 = 1_000.0;
/// The same of a webhook, which is told after everything that was decided before.
const WEBHOOK_ALWAYS_FINE: f64 = 3_000.0;

#[test]
fn on_sqlite_one_party_hurts_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::orderpark(Path::new(PROGRAM), &folder.path().join("data")).expect("a program");
    attack(&[program]);
}

#[test]
fn on_postgresql_one_party_hurts_no_other() {
    nodes(1);
}

#[test]
fn on_two_nodes_one_party_hurts_no_other() {
    nodes(2);
}

fn nodes(count: usize) {
    let (folder, database) = (tempfile::tempdir().expect("a folder"), Engine::Postgres.blank());
    let data = |number: usize| folder.path().join(format!("data-{number}"));
    let listen = "127.0.0.1:0".parse().expect("an address");
    let mut nodes = Vec::new();
    for number in 0..count {
        if number > 0 {
            hand_on_keys(&data(0), &data(number)).expect("the same keys");
        }
        let node = Program::orderpark_on(Path::new(PROGRAM), &data(number), listen, &database.url());
        nodes.push(node.expect("a node"));
    }
    attack(&nodes);
}

fn attack(nodes: &[Program]) {
    let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
    let figures = fair::run(&addresses, Attack::ALL, SIZE, |_| ()).expect("the table");
    let hurt: Vec<String> = figures.iter().filter_map(hurt).collect();
    assert!(hurt.is_empty(), "{hurt:#?}");
    assert!(figures.iter().all(|figure| figure.alone.refused.is_empty() && !figure.alone.micros.is_empty()));
}

/// The page is compared with the server's own table by another test.
#[test]
fn what_parties_share_has_an_attack_each() {
    let page = include_str!("../../../docs/reference/limits.md");
    let listed: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let attacked: BTreeSet<&str> = Attack::ALL.iter().flat_map(|attack| attack.on()).copied().collect();
    assert_eq!(listed, attacked);
}

fn hurt(figure: &Figure) -> Option<String> {
    let [alone, beside] = [&figure.alone, &figure.beside].map(|seen| seen.quantile(0.9));
    let always_fine = if figure.work == Work::Webhook { WEBHOOK_ALWAYS_FINE } else { ALWAYS_FINE };
    let is_fine = figure.beside.refused.is_empty() && beside <= (TIMES_MAX * alone).max(always_fine);
    (!is_fine).then(|| {
        let (attack, work, refused) = (figure.attack.id(), figure.work, &figure.beside.refused);
        format!("{attack}: {work}: p90 {alone:.1} -> {beside:.1} ms, refused {refused:?}")
    })
}
