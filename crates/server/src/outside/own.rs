//! This machine's own addresses and descriptors, as the system tells of them.
//!
//! The system lets a socket be bound to the machine's own addresses only. That is asked anew each
//! time: it costs microseconds, knows every interface and every local route, and is never out of
//! date.

use rustix::io::Errno;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The machine whose addresses are meant: tests have one of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Own {
    /// This machine's.
    System,
    #[cfg(test)]
    These(&'static [IpAddr]),
}

/// Addresses that no machine has (RFC 5737, RFC 3849): where they can be bound, everything can.
const NOBODYS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1))];

impl Own {
    /// Whether an address is one of them; also where that cannot be told.
    pub(super) fn holds(self, address: IpAddr) -> bool {
        match self {
            Own::System => {
                let nobodys = NOBODYS[usize::from(address.is_ipv6())];
                !is_foreign(&bind(address)) && (bind(nobodys).is_err() || is_its_own_source(address))
            }
            #[cfg(test)]
            Own::These(addresses) => addresses.contains(&address),
        }
    }
}

fn bind(address: IpAddr) -> io::Result<UdpSocket> {
    UdpSocket::bind(SocketAddr::new(address, 0))
}

/// The system says that it does not have the address, or none of its family.
fn is_foreign(bound: &io::Result<UdpSocket>) -> bool {
    let errno = bound.as_ref().err().and_then(Errno::from_io_error);
    matches!(errno, Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

/// With `ip_nonlocal_bind`, the route tells: what is sent to an own address comes from it. (No
/// packet is sent.)
fn is_its_own_source(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let source = bind(any).and_then(|socket| {
        socket.connect(SocketAddr::new(address, 9))?;
        socket.local_addr()
    });
    source.map_or_else(|error| is_ours(&error), |source| source.ip() == address)
}

/// Whether an error is one of this machine: no descriptors, no memory for sockets, no ports.
pub(super) fn is_ours(error: &io::Error) -> bool {
    let ours = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL];
    Errno::from_io_error(error).is_some_and(|errno| ours.contains(&errno))
}

/// Whether no descriptor is left: resolvers do not tell, and say that there is no such name.
pub(super) fn is_out_of_descriptors() -> bool {
    bind(Ipv4Addr::LOCALHOST.into()).is_err_and(|error| is_ours(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_knows_its_own_addresses() {
        for own in ["127.0.0.1", "127.9.9.9", "0.0.0.0"] {
            assert!(Own::System.holds(own.parse().unwrap()), "{own}");
        }
        for foreign in ["192.31.196.9", "8.8.8.8", "2606:4700::1111"] {
            assert!(!Own::System.holds(foreign.parse().unwrap()), "{foreign}");
        }
        assert!(!is_out_of_descriptors());
    }

    #[test]
    fn errors_of_this_machine_are_told_from_those_of_receivers() {
        for (errno, ours) in [
            (Errno::MFILE, true),
            (Errno::NFILE, true),
            (Errno::ADDRNOTAVAIL, true),
            (Errno::CONNREFUSED, false),
            (Errno::HOSTUNREACH, false),
        ] {
            assert_eq!(is_ours(&errno.into()), ours, "{errno}");
        }
    }
}
