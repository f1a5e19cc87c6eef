//! A background task of this node, which is aborted when its handle is dropped.

use tokio::task::JoinHandle;

/// The task at work.
pub struct Background(JoinHandle<()>);

impl Background {
    /// Starts a task.
    pub(crate) fn start(work: impl Future<Output = ()> + Send + 'static) -> Background {
        Background(tokio::spawn(work))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}
