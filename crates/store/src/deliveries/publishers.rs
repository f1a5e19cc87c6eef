//! Publishers are targets of their own: whoever claims what there is must not get one, because not every node has what it
//! takes, nor is told to. So each is claimed by its name.

use super::leases::{CLAIM, micros};
use super::targets::of_target;
use super::{Claim, Node, Publisher, Target};
use crate::query::Query;
use crate::{ReadError, Store};

impl Store {
    /// Takes a publisher that no node has, or whose lease is over, for so long. `None`: somebody has it, or it has not begun.
    pub async fn claim_publisher(
        &self,
        publisher: Publisher,
        node: Node,
        lease_ms: u64,
    ) -> Result<Option<Claim>, ReadError> {
        let target = Target::Publisher(publisher);
        let mut free = Query::new(self.dialect(), "select ref from delivery_targets where active = 1 and");
        self.while_free(of_target(&mut free, target), lease_ms);
        if self.get(free, |row| crate::row::number(row, 0)).await?.is_none() {
            return Ok(None);
        }
        let mut query = Query::new(self.dialect(), "update delivery_targets set epoch = epoch + 1");
        query.bind(", node = ?", node.value()).text(", leased_until = ");
        self.bind_lease_time(&mut query, micros(lease_ms)).text(" where active = 1 and");
        self.while_free(of_target(&mut query, target), lease_ms).text(" returning ").text(CLAIM);
        let claims = self.claims(query, node).await?;
        Ok(claims.into_iter().find(|claim| claim.lease.target == target))
    }
}
