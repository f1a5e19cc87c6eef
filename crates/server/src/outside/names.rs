//! Name resolution with the SSRF guard: what names lead to, and whether that is somewhere we go.
//!
//! The resolver is injected, so that a test can be one that lies. The system's answers are waited for in threads of their own: the
//! library of the system knows no other way, and a thread of the runtime's pool would hold up the end of the process for as long as a
//! name server is silent.

mod turns;

use super::policy::{Gate, Standing};
use super::seen::Seen;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use reqwest::dns::{Addrs, Name, Resolve};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;
use turns::Turns;

/// The answer of a resolver, when it comes.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves names.
pub trait Names: Send + Sync + 'static {
    /// All addresses of a host.
    fn resolve(&self, host: &str) -> Resolving;
}

/// What one question has come to; shared by all who ask for the same name meanwhile.
type Asked = BoxFuture<'static, Result<Vec<IpAddr>, io::ErrorKind>>;

/// The system's resolver. Connections to the same name that begin while it is being asked for share one answer; nothing is
/// remembered after that.
pub struct SystemNames {
    ask: fn(&str) -> io::Result<Vec<IpAddr>>,
    turns: Arc<Turns>,
    asked: Mutex<HashMap<String, WeakShared<Asked>>>,
}

impl Default for SystemNames {
    fn default() -> SystemNames {
        SystemNames::asking(|host| Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }
}

impl SystemNames {
    fn asking(ask: fn(&str) -> io::Result<Vec<IpAddr>>) -> SystemNames {
        SystemNames { ask, turns: Arc::default(), asked: Mutex::default() }
    }

    /// The question that is under way, or a new one.
    fn question(&self, host: &str) -> Shared<Asked> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = asked.get(host).and_then(WeakShared::upgrade) {
            return under_way;
        }
        let question = in_a_thread(self.ask, host.to_owned(), Arc::clone(&self.turns)).boxed().shared();
        asked.retain(|_, question| question.upgrade().is_some());
        asked.extend(question.downgrade().map(|weak| (host.to_owned(), weak)));
        question
    }
}

impl Names for SystemNames {
    fn resolve(&self, host: &str) -> Resolving {
        let question = self.question(host);
        Box::pin(async move { question.await.map_err(io::Error::from) })
    }
}

async fn in_a_thread(
    ask: fn(&str) -> io::Result<Vec<IpAddr>>,
    host: String,
    turns: Arc<Turns>,
) -> Result<Vec<IpAddr>, io::ErrorKind> {
    let turn = turns.take(&host).await.map_err(|_| io::ErrorKind::Other)?;
    let (answer, answered) = oneshot::channel();
    let thread = std::thread::Builder::new().name("lookup".to_owned()).spawn(move || {
        // Given back when the system has answered, not when nobody waits for it any more.
        let _turn = turn;
        let began = Instant::now();
        let found = ask(&host);
        turns.answered(&host, began.elapsed(), Instant::now());
        let _ = answer.send(found);
    });
    thread.map_err(|error| error.kind())?;
    answered.await.map_err(|_| io::ErrorKind::Other)?.map_err(|error| error.kind())
}

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Astray {
    /// It has no address, or nobody said which.
    #[error("the name could not be resolved")]
    Unresolved,
    /// One of its addresses is closed.
    #[error("an address of the name is not public")]
    NotPublic,
}

/// The SSRF guard between the client and the resolver: only names that lead to open networks with
/// all their addresses have addresses. The connection goes to an address of that very answer, which
/// prevents DNS rebinding.
#[derive(Clone)]
pub(super) struct Vetted {
    pub(super) names: Arc<dyn Names>,
    pub(super) seen: Arc<Seen>,
    pub(super) gate: Gate,
}

impl Vetted {
    async fn look_up(self, host: String) -> Result<Addrs, Astray> {
        let found = self.names.resolve(&host).await.map_err(|error| {
            tracing::debug!(host, %error, "a receiver's name could not be resolved");
            Astray::Unresolved
        })?;
        let mut seen = BTreeSet::new();
        let addresses: Vec<_> = found.into_iter().filter(|address| seen.insert(*address)).collect();
        if addresses.is_empty() {
            return Err(Astray::Unresolved);
        }
        if self.gate.judge_all(&addresses) == Standing::Closed {
            tracing::info!(host, ?addresses, "the name of a receiver has an address that is not public");
            return Err(Astray::NotPublic);
        }
        self.seen.resolved(&host, &addresses);
        // Port 0 stands for that of the request.
        Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))))
    }
}

impl Resolve for Vetted {
    fn resolve(&self, name: Name) -> reqwest::dns::Resolving {
        let looking = self.clone().look_up(name.as_str().to_owned());
        Box::pin(async move { Ok(looking.await?) })
    }
}

#[cfg(test)]
mod tests;
