//! The end of a target that is gone, or does nothing but fail: auto-disable.

use super::Worker;
use crate::delivery::line::GivenUp;
use crate::outside::address;
use orderpark_domain::endpoint::{DisableEndpoint, DisabledWhy};
use orderpark_domain::{Command, Intent, Outcome as Decided};
use orderpark_store::deliveries::Target;
use orderpark_store::{CommitError, ReadError};

impl Worker {
    /// Has the endpoint disabled as it was tried; if it was changed since, it has a new chance.
    pub(super) async fn give_up(&mut self, why: GivenUp) -> Result<(), ReadError> {
        let Target::Endpoint(endpoint) = self.target else { return Ok(()) };
        let why = match why {
            GivenUp::Gone => DisabledWhy::Gone,
            GivenUp::Failing => DisabledWhy::Failing,
        };
        let command = DisableEndpoint { endpoint, revision: self.tried_revision, why };
        let intent =
            Intent::system(Command::DisableEndpoint(command), "an endpoint answered that it is gone, or only fails");
        match self.ground.app.store.commit(intent).await {
            Ok(committed) => {
                let Decided::Endpoint(disabled) = committed.outcome else { return Ok(()) };
                if disabled.is_active() {
                    self.line.resume();
                } else if self.told_disabled != disabled.revision {
                    self.told_disabled = disabled.revision;
                    let host = address::host(&disabled.url);
                    let (owner, why) = (disabled.owner, why.as_str());
                    tracing::warn!(%endpoint, %owner, host, why, "a webhook endpoint was disabled");
                }
            }
            // It is deleted.
            Err(CommitError::Refused(_)) => {}
            Err(error) => return Err(ReadError::Unavailable(error.to_string())),
        }
        self.known.forget().await;
        Ok(())
    }
}
