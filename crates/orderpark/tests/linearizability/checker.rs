//! Whether a history is linearizable, order by order.
//!
//! Each operation takes effect at one instant between its call and its return. For one order there are three states:
//! nothing, there, gone; an operation either moves the order from one to the next, or says what it saw. So the search has
//! little to try: what changes nothing, and is true now, may always be put next; only for what changes the state is there
//! a choice, and it changes twice at most.

use std::collections::{BTreeMap, BTreeSet};

/// An order as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its ref.
    pub order: String,
    /// Which wish of the clients it fulfils.
    pub wish: u64,
    /// When it was cancelled.
    pub cancelled: Option<String>,
    /// Everything else that it says, which never changes.
    pub rest: String,
}

/// An operation with its answer.
#[derive(Clone, Debug)]
pub enum Did {
    Place { wish: u64, answer: Shown },
    Cancel { order: String, answer: Shown },
    Get { order: String, answer: Option<Shown> },
    List { cancelled_too: bool, answer: Vec<Shown> },
}

/// An operation between two ticks of one clock.
#[derive(Clone, Debug)]
pub struct Op {
    pub call: u64,
    pub back: u64,
    pub did: Did,
}

/// What an operation was for one order.
#[derive(Clone, Copy)]
enum Step<'h> {
    Place(&'h Shown),
    Cancel(&'h Shown),
    See(Option<&'h Shown>),
    SeeOpen(Option<&'h Shown>),
}

struct Timed<'h> {
    call: u64,
    back: u64,
    step: Step<'h>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State<'h> {
    Nothing,
    There(&'h Shown),
    Gone { placed: &'h Shown, cancelled: &'h Shown },
}

/// Whether one order of events explains the history; if not, why.
pub fn check(history: &[Op]) -> Result<(), String> {
    let wishes: BTreeSet<u64> = history.iter().filter_map(Op::wish).collect();
    let refs: BTreeMap<&str, u64> = history.iter().filter_map(Op::names).collect();
    history.iter().try_for_each(|op| op.is_sound(&wishes))?;
    for wish in wishes {
        let steps: Vec<Timed<'_>> = history.iter().filter_map(|op| op.of(wish, &refs)).collect();
        let mut open: Vec<&Timed<'_>> = steps.iter().collect();
        if !explains(&mut open, State::Nothing) {
            return Err(format!("no order of events explains what was seen of wish {wish}"));
        }
    }
    Ok(())
}

impl Op {
    fn wish(&self) -> Option<u64> {
        match &self.did {
            Did::Place { wish, .. } => Some(*wish),
            _ => None,
        }
    }

    /// The ref that a wish was given.
    fn names(&self) -> Option<(&str, u64)> {
        match &self.did {
            Did::Place { wish, answer } => Some((&answer.order, *wish)),
            _ => None,
        }
    }

    /// What is wrong by itself: an answer about something else, an order that nobody wished, one that is there twice.
    fn is_sound(&self, wishes: &BTreeSet<u64>) -> Result<(), String> {
        match &self.did {
            Did::Place { wish, answer } if answer.wish != *wish => {
                Err(format!("wish {wish} was answered by {answer:?}"))
            }
            Did::Cancel { order, answer } | Did::Get { order, answer: Some(answer) } if answer.order != *order => {
                Err(format!("{order} was answered by {answer:?}"))
            }
            Did::List { answer, .. } => {
                let mut seen = BTreeSet::new();
                let wrong = answer.iter().find(|order| !wishes.contains(&order.wish) || !seen.insert(order.wish));
                wrong.map_or(Ok(()), |order| Err(format!("wished by nobody, or listed twice: {order:?}")))
            }
            _ => Ok(()),
        }
    }

    /// What this operation was for the order that fulfils `wish`.
    fn of<'h>(&'h self, wish: u64, refs: &BTreeMap<&str, u64>) -> Option<Timed<'h>> {
        let is_of = |order: &str| refs.get(order) == Some(&wish);
        let step = match &self.did {
            Did::Place { wish: placed, answer } => (*placed == wish).then_some(Step::Place(answer)),
            Did::Cancel { order, answer } => is_of(order).then_some(Step::Cancel(answer)),
            Did::Get { order, answer } => is_of(order).then_some(Step::See(answer.as_ref())),
            Did::List { cancelled_too, answer } => {
                let seen = answer.iter().find(|order| order.wish == wish);
                Some(if *cancelled_too { Step::See(seen) } else { Step::SeeOpen(seen) })
            }
        };
        step.map(|step| Timed { call: self.call, back: self.back, step })
    }
}

/// Whether the open steps can follow one another from this state.
fn explains<'h>(open: &mut Vec<&Timed<'h>>, state: State<'h>) -> bool {
    // Whoever was called after another returned cannot be next.
    while let Some(horizon) = open.iter().map(|timed| timed.back).min() {
        let changes_nothing = |timed: &&Timed<'h>| timed.call < horizon && timed.step.after(state) == Some(state);
        if let Some(at) = open.iter().position(changes_nothing) {
            open.swap_remove(at);
            continue;
        }
        return (0..open.len()).filter(|at| open[*at].call < horizon).any(|at| {
            open[at].step.after(state).is_some_and(|after| {
                let mut rest = open.clone();
                rest.swap_remove(at);
                explains(&mut rest, after)
            })
        });
    }
    true
}

impl<'h> Step<'h> {
    /// The state after this step; none: it is not possible here.
    fn after(self, state: State<'h>) -> Option<State<'h>> {
        match (self, state) {
            (Step::Place(answer), _) if answer.cancelled.is_some() => None,
            (Step::Place(answer), State::Nothing) => Some(State::There(answer)),
            // The same wish under the same key: the first answer again.
            (Step::Place(answer), State::There(placed) | State::Gone { placed, .. }) => {
                (answer == placed).then_some(state)
            }
            (Step::Cancel(answer), State::There(placed)) => {
                answer.ends(placed).then_some(State::Gone { placed, cancelled: answer })
            }
            (Step::Cancel(answer), State::Gone { cancelled, .. }) => (answer == cancelled).then_some(state),
            (Step::Cancel(_), State::Nothing) => None,
            (Step::See(seen), _) => (seen == state.shown(true)).then_some(state),
            (Step::SeeOpen(seen), _) => (seen == state.shown(false)).then_some(state),
        }
    }
}

impl<'h> State<'h> {
    fn shown(self, cancelled_too: bool) -> Option<&'h Shown> {
        match self {
            State::Nothing => None,
            State::There(order) => Some(order),
            State::Gone { cancelled, .. } => Some(cancelled).filter(|_| cancelled_too),
        }
    }
}

impl Shown {
    /// Whether this is `placed`, cancelled.
    fn ends(&self, placed: &Shown) -> bool {
        self.cancelled.is_some() && *placed == Shown { cancelled: None, ..self.clone() }
    }
}

#[test]
fn what_overlaps_may_be_seen_before_or_after_and_what_does_not_may_not() {
    let order = Shown { order: "r".into(), wish: 1, cancelled: None, rest: String::new() };
    let gone = Shown { cancelled: Some("now".into()), ..order.clone() };
    let get = |call, back, answer: &Shown| Op {
        call,
        back,
        did: Did::Get { order: "r".into(), answer: Some(answer.clone()) },
    };
    let place = Op { call: 0, back: 1, did: Did::Place { wish: 1, answer: order.clone() } };
    let cancel = Op { call: 10, back: 20, did: Did::Cancel { order: "r".into(), answer: gone.clone() } };
    let check = |reads: [Op; 2]| check(&[vec![place.clone(), cancel.clone()], reads.to_vec()].concat());
    assert!(check([get(11, 12, &order), get(13, 14, &gone)]).is_ok(), "the cancellation was in between");
    assert!(check([get(11, 14, &gone), get(13, 16, &order)]).is_ok(), "these two overlap");
    assert!(check([get(11, 12, &gone), get(13, 14, &order)]).is_err(), "backwards");
    assert!(check([get(2, 9, &gone), get(21, 22, &gone)]).is_err(), "before it was asked for");
    assert!(check([get(2, 11, &gone), get(21, 22, &order)]).is_err(), "after it was answered");
}
