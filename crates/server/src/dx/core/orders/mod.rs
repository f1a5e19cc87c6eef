//! `/orders`: the main job.

pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;

use crate::Problem;
use crate::dx::call::unexpected;
use orderpark_domain::{Order, Outcome};

fn order_of(outcome: Outcome) -> Result<Order, Problem> {
    match outcome {
        Outcome::Order(order) => Ok(*order),
        other => Err(unexpected(&other)),
    }
}
