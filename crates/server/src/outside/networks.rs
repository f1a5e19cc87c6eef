//! Which addresses are public.
//!
//! Not public is all that stands in the registries of special-purpose addresses (IANA, RFC 6890 and what followed), also where they
//! call a block globally reachable: nobody has a receiver there, and an address that stands for another one (mapped, NAT64, 6to4,
//! Teredo) would carry a private one past the list. One more is in no registry and yet leads into a cloud's own network. Of IPv6 only `2000::/3` is public at all; nothing else has ever been given out. Addresses are
//! taken as they are written: `::ffff:10.0.0.1` is not in `10.0.0.0/8`, neither to be refused nor to be allowed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not public, with their lengths.
const SPECIAL_V4: [(Ipv4Addr, u8); 19] = [
    (Ipv4Addr::UNSPECIFIED, 8),            // this network (RFC 791)
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private (RFC 1918)
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared by carriers, CGNAT (RFC 6598)
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback (RFC 1122)
    (Ipv4Addr::new(168, 63, 129, 16), 32), // in no registry: each machine of Azure is told its secrets there
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link local (RFC 3927); clouds tell secrets there
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private (RFC 1918)
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments (RFC 6890)
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation (RFC 5737)
    (Ipv4Addr::new(192, 31, 196, 0), 24),  // AS112 (RFC 7535)
    (Ipv4Addr::new(192, 52, 193, 0), 24),  // AMT (RFC 7450)
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays (RFC 7526)
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private (RFC 1918)
    (Ipv4Addr::new(192, 175, 48, 0), 24),  // AS112 (RFC 7534)
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarking (RFC 2544)
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation (RFC 5737)
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation (RFC 5737)
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast (RFC 5771)
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, and broadcast (RFC 1112, 919)
];

/// The only IPv6 block that is public, as far as the next list does not say otherwise.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// IPv6 blocks within [`GLOBAL_V6`] that are not public, with their lengths.
const SPECIAL_V6: [(Ipv6Addr, u8); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo among them (RFC 2928, 4380)
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation (RFC 3849)
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4 (RFC 3056)
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112 (RFC 7534)
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation (RFC 9637)
];

/// Whether an address is one of a public receiver; see the module.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|block| holds_v4(*block, address)),
        IpAddr::V6(address) => {
            holds_v6(GLOBAL_V6, address) && !SPECIAL_V6.iter().any(|block| holds_v6(*block, address))
        }
    }
}

fn holds_v4((first, length): (Ipv4Addr, u8), address: Ipv4Addr) -> bool {
    (first.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(length)
}

fn holds_v6((first, length): (Ipv6Addr, u8), address: Ipv6Addr) -> bool {
    (first.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(length)
}

#[cfg(test)]
mod tests;
