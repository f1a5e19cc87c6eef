//! The attacks: everything that one vendor can do at once, for each thing that parties share.

use super::stage::Stage;
use super::{Attack, Size};
use crate::http::{Connection, Request};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout_at};

/// The pause before a connection that broke is made again.
const PAUSE: Duration = Duration::from_millis(20);
/// The receive buffer of a reader that reads nothing, in bytes.
const ROOM: u32 = 4096;
/// The form that strangers send: as long as any body may be.
const FORM_BYTES: usize = 250_000;

/// The behaviour of one connection of an attack.
#[derive(Clone)]
enum Move {
    /// Asks again as soon as it is answered.
    Ask(Request),
    /// Sends this, reads nothing, and stays.
    Hold(Vec<u8>),
}

/// Attacks until then.
pub(super) async fn make(stage: &Stage, attack: Attack, size: Size, until: Instant) -> anyhow::Result<()> {
    let moves = moves(stage, attack);
    let mut connections = JoinSet::new();
    for number in 0..size.connections {
        let (own, address) = (moves[number % moves.len()].clone(), stage.node(number / moves.len()));
        connections.spawn(async move {
            // What becomes of an attack is for the server to decide.
            let _ = timeout_at(until.into(), own.repeat(address)).await;
        });
    }
    while let Some(ended) = connections.join_next().await {
        ended?;
    }
    Ok(())
}

fn moves(stage: &Stage, attack: Attack) -> Vec<Move> {
    let attacker = &stage.attacker;
    let ask = |method: &str, path: &str| Move::Ask(attacker.request(method, path, None));
    let send = |method: &str, path: &str, body: &Value| Move::Ask(attacker.request(method, path, Some(body)));
    let order = |offer: &str| send("POST", "/orders", &attacker.order(offer));
    let hold = |path: &str| Move::Hold(attacker.request("GET", path, None).as_sent());
    let each = |action: &str, body: &Value| {
        let endpoint = |endpoint: &String| send("POST", &format!("/webhookEndpoints/{endpoint}/{action}"), body);
        stage.endpoints.iter().map(endpoint).collect()
    };
    match attack {
        Attack::Orders => vec![order(&attacker.offer)],
        Attack::Decisions => decisions(stage),
        Attack::Requests => vec![
            ask("GET", &format!("/orders/{}", stage.attackers_order)),
            ask("GET", "/orders/00000000-0000-0000-0000-000000000000"),
            Move::Ask(Request::new("GET", "/core/latest/api/orders", &["Authorization: Bearer none".into()], "")),
        ],
        Attack::Lists => vec![ask("GET", "/orders?state=ALL"), ask("GET", "/subscriptions")],
        Attack::EventPages => vec![ask("GET", "/events?limit=1000")],
        Attack::Streams => vec![hold("/events/stream")],
        Attack::EndpointTests => each("test", &json!({})),
        Attack::Questions => vec![order(&attacker.asked), order(&stage.large_asked)],
        Attack::LargeOrders | Attack::Deliveries => vec![order(&stage.large)],
        Attack::Replays => each("replay", &json!({"after": "0"})),
        Attack::SlowReaders => vec![hold("/orders?state=ALL"), hold("/orders?limit=200"), hold("/events?limit=1000")],
        Attack::Connections => {
            vec![Move::Hold(Vec::new()), Move::Hold(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())]
        }
        Attack::Strangers => strangers(),
        Attack::Closing => {
            let path = format!("/subscribers/{}", attacker.subscriber_ref);
            vec![ask("DELETE", &path), ask("DELETE", &format!("{path}?force=true"))]
        }
    }
}

/// Commands that are refused, change nothing, or ask whether there is any.
fn decisions(stage: &Stage) -> Vec<Move> {
    let attacker = &stage.attacker;
    let ask = |method: &str, path: &str, body: Option<&Value>| Move::Ask(attacker.request(method, path, body));
    let url = json!({"url": stage.receiver.url("at-once")});
    vec![
        ask("DELETE", "/users/999999999", None),
        ask("DELETE", &format!("/subscribers/{}", attacker.subscriber_ref), None),
        ask("PUT", &format!("/subscribers/{}", attacker.subscriber_ref), Some(&json!({"organization": "Example"}))),
        ask("POST", "/webhookEndpoints", Some(&url)),
        ask("POST", "/orders?dryRun=true", Some(&attacker.order(&stage.large))),
    ]
}

/// Without a token: wrong secrets, and forms that are never sent whole.
fn strangers() -> Vec<Move> {
    let path = "/admin/latest/api/oauth/token";
    let kind = "Content-Type: application/x-www-form-urlencoded".to_owned();
    let wrong = "grant_type=client_credentials&client_id=nobody@example.org&client_secret=wrong";
    let mut large = Request::new("POST", path, std::slice::from_ref(&kind), &"a".repeat(FORM_BYTES)).as_sent();
    large.truncate(large.len() - 1);
    vec![Move::Ask(Request::new("POST", path, &[kind], wrong)), Move::Hold(large)]
}

impl Move {
    async fn repeat(self, address: SocketAddr) {
        loop {
            match &self {
                Move::Ask(request) => ask(address, request).await.unwrap_or_default(),
                Move::Hold(bytes) => hold(address, bytes).await.unwrap_or_default(),
            }
            sleep(PAUSE).await;
        }
    }
}

/// Asks until the connection breaks.
async fn ask(address: SocketAddr, request: &Request) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let mut request = request.clone();
    loop {
        let answer = connection.exchange(request.numbered(0)).await?;
        if connection.closes(answer) {
            return Ok(());
        }
    }
}

/// Stays until the server closes.
async fn hold(address: SocketAddr, bytes: &[u8]) -> anyhow::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(ROOM)?;
    let mut stream: TcpStream = socket.connect(address).await?;
    stream.write_all(bytes).await?;
    loop {
        sleep(Duration::from_secs(1)).await;
        if stream.try_write(&[]).is_err() || stream.take_error()?.is_some() {
            return Ok(());
        }
    }
}
