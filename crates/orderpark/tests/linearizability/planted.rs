//! Bugs, planted into a history that has none.
//!
//! Each makes an answer false in a way that no order of events explains: where it takes two operations, the second was called after
//! the first had returned. `None`: the history has no place for it.

use crate::checker::{Did, Op, Shown};

type Plant = fn(&mut [Op]) -> Option<()>;

pub const BUGS: [(&str, Plant); 13] = [
    ("a stale read after a cancellation", stale_read),
    ("an order that was acknowledged is not found", lost),
    ("two orders under one key", doubled),
    ("a cancelled order comes back", resurrected),
    ("a cancelled order is listed as open", open_again),
    ("a list without an order that was acknowledged", missing_in_list),
    ("a list with an order that nobody placed", made_up),
    ("a cancellation that is seen before it was asked for", future_cancellation),
    ("an order that is seen before it was asked for", future_order),
    ("an order that shows two contents", two_contents),
    ("an order that was seen and then vanishes", vanished),
    ("an order that was cancelled at two times", cancelled_twice),
    ("an order that is twice in one list", twice_in_list),
];

/// What was answered when this order was placed or cancelled.
fn placed(op: &Op) -> Option<&Shown> {
    match &op.did {
        Did::Place { answer, .. } => Some(answer),
        _ => None,
    }
}

fn cancelled(op: &Op) -> Option<&Shown> {
    match &op.did {
        Did::Cancel { answer, .. } => Some(answer),
        _ => None,
    }
}

/// What a read of this one order answered.
fn got<'o>(op: &'o mut Op, of: &Shown) -> Option<&'o mut Option<Shown>> {
    match &mut op.did {
        Did::Get { order, answer } if *order == of.order => Some(answer),
        _ => None,
    }
}

fn listed(op: &mut Op, cancelled_too: bool) -> Option<&mut Vec<Shown>> {
    match &mut op.did {
        Did::List { cancelled_too: too, answer } if *too == cancelled_too => Some(answer),
        _ => None,
    }
}

fn shows(op: &Op) -> &[Shown] {
    match &op.did {
        Did::Get { answer: Some(answer), .. } => std::slice::from_ref(answer),
        Did::List { answer, .. } => answer,
        _ => &[],
    }
}

fn active(order: &Shown) -> Shown {
    Shown { cancelled: None, ..order.clone() }
}

/// Tries a change of each operation that was called after another had returned, until one has a place for it.
fn plant(history: &mut [Op], change: impl Fn(&Op, &mut Op) -> Option<()>) -> Option<()> {
    (0..history.len()).find_map(|first| {
        let first = history[first].clone();
        history.iter_mut().filter(|second| first.back < second.call).find_map(|second| change(&first, second))
    })
}

/// The same, where the change is to the one that had returned.
fn plant_before(history: &mut [Op], change: impl Fn(&mut Op, &Op) -> Option<()>) -> Option<()> {
    (0..history.len()).find_map(|second| {
        let second = history[second].clone();
        history.iter_mut().filter(|first| first.back < second.call).find_map(|first| change(first, &second))
    })
}

fn stale_read(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| {
        let order = cancelled(first)?;
        *got(second, order)? = Some(active(order));
        Some(())
    })
}

fn lost(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| {
        *got(second, placed(first)?)? = None;
        Some(())
    })
}

fn doubled(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| match &mut second.did {
        Did::Place { answer, .. } if *answer == *placed(first)? => {
            answer.order.push('x');
            Some(())
        }
        _ => None,
    })
}

fn resurrected(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| {
        let order = shows(first).iter().find(|order| order.cancelled.is_some())?;
        let seen = match &mut second.did {
            Did::Get { answer: Some(answer), .. } => answer,
            Did::List { answer, .. } => answer.iter_mut().find(|seen| seen.order == order.order)?,
            _ => return None,
        };
        (seen.order == order.order).then(|| *seen = active(order))
    })
}

fn open_again(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| {
        let order = cancelled(first)?;
        listed(second, false)?.push(active(order));
        Some(())
    })
}

fn missing_in_list(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| {
        let order = placed(first)?.order.clone();
        let answer = listed(second, true)?;
        let at = answer.iter().position(|listed| listed.order == order)?;
        answer.remove(at);
        Some(())
    })
}

fn made_up(history: &mut [Op]) -> Option<()> {
    history.iter_mut().find_map(|op| {
        let answer = listed(op, false)?;
        answer.push(Shown { order: "x".into(), wish: 1_000_000, cancelled: None, rest: String::new() });
        Some(())
    })
}

fn future_cancellation(history: &mut [Op]) -> Option<()> {
    let mut first_cancels: Vec<(String, u64)> = Vec::new();
    for op in history.iter() {
        if let Some(order) = cancelled(op)
            && !first_cancels.iter().any(|(known, _)| *known == order.order)
        {
            first_cancels.push((order.order.clone(), op.call));
        }
    }
    plant_before(history, |first, second| {
        let order = cancelled(second)?;
        let is_first = first_cancels.contains(&(order.order.clone(), second.call));
        let seen = got(first, order).filter(|_| is_first)?;
        *seen = Some(order.clone());
        Some(())
    })
}

fn future_order(history: &mut [Op]) -> Option<()> {
    let calls = |history: &[Op], wish: u64| {
        history.iter().filter(|op| placed(op).is_some_and(|order| order.wish == wish)).map(|op| op.call).min()
    };
    let first_calls: Vec<Option<u64>> = (0..=history.len() as u64).map(|wish| calls(history, wish)).collect();
    plant_before(history, |first, second| {
        let order = placed(second)?;
        let is_first = first_calls[usize::try_from(order.wish).ok()?] == Some(second.call);
        let answer = listed(first, true).filter(|_| is_first)?;
        answer.push(order.clone());
        Some(())
    })
}

fn two_contents(history: &mut [Op]) -> Option<()> {
    history.iter_mut().find_map(|op| match &mut op.did {
        Did::Get { answer: Some(answer), .. } => {
            answer.rest.push('x');
            Some(())
        }
        _ => None,
    })
}

fn vanished(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| {
        let answer = listed(second, true)?;
        let at = answer.iter().position(|order| shows(first).iter().any(|seen| seen.order == order.order))?;
        answer.remove(at);
        Some(())
    })
}

fn cancelled_twice(history: &mut [Op]) -> Option<()> {
    plant(history, |first, second| match &mut second.did {
        Did::Cancel { answer, .. } if *answer == *cancelled(first)? => {
            answer.cancelled.as_mut()?.push('x');
            Some(())
        }
        _ => None,
    })
}

fn twice_in_list(history: &mut [Op]) -> Option<()> {
    history.iter_mut().find_map(|op| {
        let answer = listed(op, true)?;
        answer.push(answer.first()?.clone());
        Some(())
    })
}
