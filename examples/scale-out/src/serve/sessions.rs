//! Sessions in Redis, so that any instance can answer any visitor: the cookie has only a signed name for what is kept there.

use async_trait::async_trait;
use redis::Cmd;
use time::Duration;
use tower_sessions::cookie::{Key, SameSite};
use tower_sessions::service::SignedCookie;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};
use tracing::warn;

use crate::redis::Redis;

const LIFETIME: Duration = Duration::hours(24);

pub(super) struct Rules {
    pub(super) key: Key,
    pub(super) https_only: bool,
}

pub(super) fn layer(redis: Redis, rules: &Rules) -> SessionManagerLayer<Sessions, SignedCookie> {
    SessionManagerLayer::new(Sessions { redis })
        .with_name("visitor")
        .with_expiry(Expiry::OnInactivity(LIFETIME))
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(rules.https_only)
        .with_signed(rules.key.clone())
}

/// One key a session, which Redis forgets by itself when the session expires.
#[derive(Clone)]
pub(super) struct Sessions {
    redis: Redis,
}

impl Sessions {
    async fn ask<T: redis::FromRedisValue>(&self, command: Cmd) -> Result<T> {
        self.redis.ask(command).await.map_err(|error| Error::Backend(error.to_string()))
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // `true` unless there is a session of that name.
        while !self.ask::<bool>(set(record)?.arg("NX").take()).await? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.ask(set(record)?).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let mut get = redis::cmd("GET");
        get.arg(key(id));
        let text: Option<String> = self.ask(get).await?;
        Ok(text.and_then(|text| read(&text)))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut delete = redis::cmd("DEL");
        delete.arg(key(id));
        self.ask(delete).await
    }
}

fn key(id: &Id) -> String {
    format!("session:{id}")
}

/// `None` for what cannot be read, as its visitor could not do anything about an error for as long as it is kept.
fn read(text: &str) -> Option<Record> {
    let record = serde_json::from_str(text);
    record.inspect_err(|error| warn!(%error, "a session cannot be read: its visitor begins anew")).ok()
}

fn set(record: &Record) -> Result<Cmd> {
    let text = serde_json::to_string(record).map_err(|error| Error::Encode(error.to_string()))?;
    let mut set = redis::cmd("SET");
    set.arg(key(&record.id)).arg(text).arg("EXAT").arg(record.expiry_date.unix_timestamp());
    Ok(set)
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}
