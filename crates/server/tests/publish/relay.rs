//! A way to a broker that can be cut: bytes are passed on both ways, until all connections are dropped at once, or each of
//! them ends by itself in the middle of something.

use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Ends with the test.
pub struct Relay {
    address: SocketAddr,
    cuts: watch::Sender<u64>,
    door: JoinHandle<()>,
}

impl Relay {
    /// Stands in front of a port of this machine.
    pub async fn to(port: u16) -> Relay {
        Relay::ending(port, None).await
    }

    /// The same; each connection ends when so many bytes were sent to the broker.
    pub async fn that_ends_after(port: u16, bytes: u64) -> Relay {
        Relay::ending(port, Some(bytes)).await
    }

    async fn ending(port: u16, after: Option<u64>) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let cuts = watch::Sender::new(0);
        let watched = cuts.clone();
        let door = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut cut = watched.subscribe();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
                    let carried = async {
                        match after {
                            None => drop(copy_bidirectional(&mut near, &mut far).await),
                            Some(bytes) => so_many(bytes, &mut near, &mut far).await,
                        }
                    };
                    tokio::select! {
                        () = carried => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Relay { address, cuts, door }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Drops every connection, with whatever is under way on it.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.door.abort();
    }
}

/// Passes so many bytes on, and whatever is answered meanwhile.
async fn so_many(bytes: u64, near: &mut TcpStream, far: &mut TcpStream) {
    let ((near_read, mut near_write), (mut far_read, mut far_write)) = (near.split(), far.split());
    let mut bounded = near_read.take(bytes);
    tokio::select! {
        _ = async {
            copy(&mut bounded, &mut far_write).await?;
            // The broker has time to answer some of it.
            far_write.flush().await
        } => {}
        _ = copy(&mut far_read, &mut near_write) => {}
    }
}
