//! Lets connections in, and carries out what the test orders.

use super::carry::{Weather, cut};
use super::relay::{relay, reset};
use super::watch::Watch;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a test wants.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    Cut,
    BlackHole(bool),
    Delay(Duration),
}

struct Door {
    upstream: SocketAddr,
    watch: Arc<Watch>,
    weather: watch::Sender<Weather>,
    relays: JoinSet<()>,
}

/// Works until nobody can give orders any more.
pub async fn serve(
    listener: std::net::TcpListener,
    upstream: SocketAddr,
    watch: Arc<Watch>,
    mut orders: UnboundedReceiver<(Order, Sender<()>)>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    let weather = watch::Sender::new(Weather::default());
    let mut door = Door { upstream, watch, weather, relays: JoinSet::new() };
    loop {
        tokio::select! {
            biased;
            Some(_) = door.relays.join_next() => {}
            Ok((client, _)) = listener.accept() => door.let_in(client),
            order = orders.recv() => match order {
                None => return door.cut().await,
                Some((order, done)) => {
                    door.carry_out(order).await;
                    let _ = done.send(());
                }
            },
        }
    }
}

impl Door {
    /// Nobody is refused by closing the listener: who connects at that very moment might never be told.
    fn let_in(&mut self, client: TcpStream) {
        if self.watch.refuses() {
            return reset(client);
        }
        self.watch.count(|traffic| traffic.connections += 1);
        let weather = self.weather.subscribe();
        // From now on, though the relay may begin only after the cut.
        let cut = cut(weather.clone());
        self.relays.spawn(relay(client, self.upstream, Arc::clone(&self.watch), weather, cut));
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Cut => self.cut().await,
            Order::BlackHole(black_hole) => self.weather.send_modify(|weather| weather.black_hole = black_hole),
            Order::Delay(delay) => self.weather.send_modify(|weather| weather.delay = delay),
        }
    }

    async fn cut(&mut self) {
        self.weather.send_modify(|weather| weather.cuts += 1);
        while self.relays.join_next().await.is_some() {}
    }
}
