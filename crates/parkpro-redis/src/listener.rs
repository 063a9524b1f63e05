//! Hears the bell of the other instances.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{
    Client, RedisResult, Value,
    aio::{PubSubSink, PubSubStream},
};
use futures_util::StreamExt;
use parkpro_domain::{
    lot::{LotId, Version},
    ports::Bell,
};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::settings::Limits;

/// The first wait before the subscription is tried again; each next one is twice as long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Subscribes to the channel on a connection of its own, again and again.
pub(crate) struct Listener {
    client: Client,
    channel: String,
    limits: Limits,
    to: Arc<dyn Bell>,
}

impl Listener {
    pub(crate) fn new(client: Client, channel: String, limits: Limits, to: Arc<dyn Bell>) -> Self {
        Self { client, channel, limits, to }
    }

    /// Never ends.
    pub(crate) async fn listen(self) {
        let (mut pause, mut known) = (SHORTEST_PAUSE, false);
        loop {
            let why = match timeout(self.limits.connect, self.subscribe()).await {
                Ok(Ok((sink, stream))) => {
                    tracing::info!("listening to the bell in Redis");
                    (pause, known) = (SHORTEST_PAUSE, false);
                    self.hear(sink, stream).await.to_owned()
                }
                Ok(Err(error)) => error.to_string(),
                Err(late) => late.to_string(),
            };
            if !known {
                tracing::warn!(why, "the bell in Redis is not heard; trying again until it is");
                known = true;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn subscribe(&self) -> RedisResult<(PubSubSink, PubSubStream)> {
        let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
        sink.subscribe(&self.channel).await?;
        Ok((sink, stream))
    }

    /// Rings for every message until the connection ends or gives no sign of life; says which.
    async fn hear(&self, mut sink: PubSubSink, mut stream: PubSubStream) -> &'static str {
        let mut heartbeat = interval(self.limits.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(message) => self.ring(message.get_payload_bytes()),
                    None => return "the connection ended",
                },
                _ = heartbeat.tick() => {
                    let answer = timeout(self.limits.heartbeat, sink.ping::<Value>()).await;
                    if !matches!(answer, Ok(Ok(_alive))) {
                        return "no sign of life";
                    }
                }
            }
        }
    }

    fn ring(&self, message: &[u8]) {
        if let Some((lot, version)) = read(message) {
            self.to.ring(&lot, version);
        }
    }
}

/// Reads `main 42`; nothing if somebody else wrote into the channel.
fn read(message: &[u8]) -> Option<(LotId, Version)> {
    let (lot, version) = std::str::from_utf8(message).ok()?.split_once(' ')?;
    Some((LotId::parse(lot).ok()?, Version(version.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_lot_and_its_version() {
        assert_eq!(read(b"main 42"), Some((LotId::parse("main").unwrap(), Version(42))));
        for other in ["", "main", "main ", "main x", "Main 42", "main 42 ", "main 1.5", " 42"] {
            assert_eq!(read(other.as_bytes()), None, "{other:?}");
        }
        assert_eq!(read(b"main \xff"), None);
    }
}
