//! P-04: concurrent clients place, get, list and cancel; what they were answered must be explained by one order of events.
//!
//! [`record`] writes histories down, on the real program. [`checker`] judges them; it knows nothing of the program but
//! what an order is. [`planted`] plants bugs into recorded histories, all of which the checker has to find.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]

mod checker;
#[path = "../harness/mod.rs"]
mod harness;
mod planted;
mod record;

use checker::{Did, Op, check};
use harness::Deployment;
use harness::world::World;
use orderpark_testbed::Chance;

const HISTORIES: usize = 200;

#[test]
fn histories_are_linearizable_and_the_checker_finds_every_planted_bug() {
    let chance = Chance::seeded(41);
    let mut deployment = Deployment::start(&[]);
    let world = World::make(&deployment, HISTORIES);
    let mut histories = Vec::new();
    for number in 0..HISTORIES {
        let history = record::history(&deployment, &world, number, &chance);
        assert_eq!(check(&history), Ok(()), "history {number}: {history:#?}");
        histories.push(history);
    }
    tell(&histories);
    deployment.verify();
    assert_eq!(deployment.stop().0, Some(0));
    for (name, plant) in planted::BUGS {
        find(name, plant, &histories);
    }
}

fn tell(histories: &[Vec<Op>]) {
    let count = |of: fn(&Op) -> bool| histories.iter().flatten().filter(|op| of(op)).count();
    let concurrent = |history: &Vec<Op>| history.windows(2).filter(|two| two[1].call < two[0].back).count();
    println!(
        "{} histories, {} operations: {} placed, {} read, {} listed, {} cancelled; {} began before the one before ended; 0 violations",
        histories.len(),
        count(|_| true),
        count(|op| matches!(op.did, Did::Place { .. })),
        count(|op| matches!(op.did, Did::Get { .. })),
        count(|op| matches!(op.did, Did::List { .. })),
        count(|op| matches!(op.did, Did::Cancel { .. })),
        histories.iter().map(concurrent).sum::<usize>(),
    );
}

/// Plants a bug into every history that has a place for it.
fn find(name: &str, plant: fn(&mut [Op]) -> Option<()>, histories: &[Vec<Op>]) {
    let mut found = 0;
    for (number, history) in histories.iter().enumerate() {
        let mut history = history.clone();
        if plant(&mut history).is_some() {
            assert!(check(&history).is_err(), "the checker does not see: {name}, in history {number}");
            found += 1;
        }
    }
    assert!(found > 0, "no history has a place for: {name}");
    println!("found in {found} of {found} histories: {name}");
}
