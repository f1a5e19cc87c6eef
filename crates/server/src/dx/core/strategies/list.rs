//! `GET /processingStrategies[?processingStrategyId=]`.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Scope, Strategy, StrategyRef};
use orderpark_store::{ReadError, Rows, Slice, StrategyFilter};

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let filter = StrategyFilter { id: call.query.name("processingStrategyId")? };
    list::answer(&call, Strategies(filter), page::by_index(&call.query)?).await
}

struct Strategies(StrategyFilter);

impl Listing for Strategies {
    type Row = Strategy;
    type Ref = StrategyRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<StrategyRef>) -> Result<Rows<Strategy>, ReadError> {
        app.store.page_strategies(scope, &self.0, slice).await
    }

    fn ref_of(row: &Strategy) -> StrategyRef {
        row.strategy
    }

    fn write(_: &Scope, row: &Strategy, text: &mut Vec<u8>) {
        answer::write_json(&wire::Strategy::of(row), text);
    }
}
