//! The table `[quotas]`: the quotas of parties for which none are set.

use anyhow::ensure;
use orderpark_domain::{Quota, QuotaDefaults};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quotas {
    requests_per_second: Option<u32>,
    vendor_requests_per_second: Option<u32>,
    open_orders: Option<u32>,
    vendor_open_orders: Option<u32>,
    users: Option<u32>,
    endpoints: Option<u32>,
    streams: Option<u32>,
    vendor_streams: Option<u32>,
}

impl Quotas {
    /// The defaults. `older_streams`: what an older key says of streams.
    pub(super) fn defaults(&self, older_streams: Option<u32>) -> anyhow::Result<QuotaDefaults> {
        let mut defaults = QuotaDefaults::default();
        let streams = self.streams.or(older_streams);
        let of_parties = [
            ("requests_per_second", self.requests_per_second, Quota::RequestsPerSecond),
            ("open_orders", self.open_orders, Quota::OpenOrders),
            ("users", self.users, Quota::Users),
            ("endpoints", self.endpoints, Quota::Endpoints),
            ("streams", streams, Quota::Streams),
        ];
        let of_vendors = [
            ("vendor_requests_per_second", self.vendor_requests_per_second, Quota::RequestsPerSecond),
            ("vendor_open_orders", self.vendor_open_orders, Quota::OpenOrders),
            ("users", self.users, Quota::Users),
            ("endpoints", self.endpoints, Quota::Endpoints),
            ("vendor_streams", self.vendor_streams, Quota::Streams),
        ];
        for (quotas, keys) in [(&mut defaults.party, of_parties), (&mut defaults.vendor, of_vendors)] {
            for (key, value, quota) in keys {
                let range = quota.range();
                let fits = value.is_none_or(|value| range.contains(&value));
                ensure!(fits, "quotas.{key}: it must be between {} and {}", range.start(), range.end());
                *quotas = quotas.with(quota, value.or(quotas.get(quota)));
            }
        }
        Ok(defaults)
    }
}
