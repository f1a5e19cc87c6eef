//! Random sequences of commands by random callers in random worlds, against a model written from domain.md.
//!
//! The deployment under test is the one of the harness, which decides every intent twice: so these sequences also prove
//! that `needs` names every row. A failure prints the shortest world and sequence that proptest finds.

#[path = "../harness/mod.rs"]
mod harness;
mod model;
mod steps;
mod subject;

use model::Model;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use steps::Step;
use subject::Subject;

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        steps::world().prop_map(Model::of).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        steps::step(model.orders.len()).boxed()
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.take(step);
        model
    }
}

struct TheDomain;

impl StateMachineTest for TheDomain {
    type SystemUnderTest = Subject;
    type Reference = Reference;

    fn init_test(model: &Model) -> Subject {
        Subject::of(model)
    }

    fn apply(mut subject: Subject, model: &Model, step: Step) -> Subject {
        let answer = subject.take(&step);
        assert_eq!(answer, model.expected, "{step:?}");
        subject.check(model);
        subject
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 2_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_domain_does_what_the_model_says(sequential 1..60 => TheDomain);
}
