//! Being asked to end by the system.

use tokio_util::sync::CancellationToken;

/// Cancels `stop` when the system asks the process to end.
pub(crate) async fn watch(stop: CancellationToken) {
    #[cfg(unix)]
    {
        use futures::future::select_all;
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
        let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
        if signals.is_empty() {
            return;
        }
        select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
        tracing::info!("asked to end by a signal");
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    stop.cancel();
}
