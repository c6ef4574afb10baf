//! Open-loop load: requests leave at fixed times, whether or not earlier ones have been answered.
//!
//! A closed loop of clients waits for a slow server and so spares it. Users do not: they come at their own pace. What a
//! request took counts from when it should have left, so that a stall is felt by all that fall into it.
//!
//! The way of a request: the `metronome` names the time -> `ask` sends it and reads the answer -> `Summary::record`.

use std::collections::BTreeMap;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::RETRY_AFTER;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Of each time three digits are kept, and what is longer counts as this.
const DIGITS: u8 = 3;
const LONGEST: Duration = Duration::from_secs(3_600);
const TIMED_OUT: &str = "timed out";

/// What to send.
#[derive(Clone, Debug)]
pub struct Plan {
    pub uri: Uri,
    pub method: Method,
    /// Requests in a second.
    pub rate: u32,
    pub duration: Duration,
    /// After which a request is given up, from its sending.
    pub timeout: Duration,
    /// Protects the machine that sends: a request that would be one more is dropped, and counted.
    pub in_flight: usize,
}

/// What became of the requests. Each is in one of `dropped`, `statuses` and `errors`.
#[derive(Debug)]
pub struct Summary {
    /// For how long requests were sent.
    pub duration: Duration,
    /// Not sent, as too many were in flight.
    pub dropped: u64,
    pub statuses: BTreeMap<u16, u64>,
    /// Those with 503 that do not say when to come again.
    pub without_retry_after: u64,
    /// Requests without an answer, by the reason.
    pub errors: BTreeMap<String, u64>,
    /// Microseconds to a 200, from when the request should have left.
    pub served: Histogram<u64>,
    /// The same to a 503.
    pub rejected: Histogram<u64>,
}

type HttpClient = Client<HttpConnector, Empty<Bytes>>;

/// The end of one request.
struct Answer {
    status: StatusCode,
    has_retry_after: bool,
    after: Duration,
}

/// Sends what is planned and waits for the last answer.
pub async fn open_loop(plan: Plan) -> Summary {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut summary = Summary::new(plan.duration);
    let mut requests = JoinSet::new();
    let mut beats = metronome(plan.rate, plan.duration);
    while let Some(due) = beats.recv().await {
        while let Some(end) = requests.try_join_next() {
            summary.record(end.expect("a request does not panic"));
        }
        if requests.len() < plan.in_flight {
            requests.spawn(ask(client.clone(), plan.clone(), due));
        } else {
            summary.dropped += 1;
        }
    }
    while let Some(end) = requests.join_next().await {
        summary.record(end.expect("a request does not panic"));
    }
    summary
}

/// The times to send at, each when it has come. A thread of its own: the runtime's timer counts in milliseconds.
fn metronome(rate: u32, duration: Duration) -> UnboundedReceiver<Instant> {
    let (sender, beats) = unbounded_channel();
    let number = (duration.as_secs_f64() * f64::from(rate)).round().max(1.0) as u64;
    thread::spawn(move || {
        let begin = Instant::now();
        for beat in 0..number {
            let due = begin + Duration::from_secs_f64(beat as f64 / f64::from(rate));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.send(due).is_err() {
                return;
            }
        }
    });
    beats
}

async fn ask(client: HttpClient, plan: Plan, due: Instant) -> Result<Answer, String> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = plan.method;
    *request.uri_mut() = plan.uri;
    let exchange = async {
        let response = client.request(request).await.map_err(|error| cause(&error))?;
        let (head, body) = response.into_parts();
        body.collect().await.map_err(|error| cause(&error))?;
        Ok(Answer {
            status: head.status,
            has_retry_after: head.headers.contains_key(RETRY_AFTER),
            after: due.elapsed(),
        })
    };
    timeout(plan.timeout, exchange).await.unwrap_or_else(|_| Err(TIMED_OUT.to_owned()))
}

/// What is at the bottom of an error: the others say only that there is one.
fn cause(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}

impl Summary {
    fn new(duration: Duration) -> Self {
        let microseconds = LONGEST.as_micros() as u64;
        let times = || Histogram::new_with_max(microseconds, DIGITS).expect("an hour is within what it can count");
        Self {
            duration,
            dropped: 0,
            statuses: BTreeMap::new(),
            without_retry_after: 0,
            errors: BTreeMap::new(),
            served: times(),
            rejected: times(),
        }
    }

    fn record(&mut self, end: Result<Answer, String>) {
        let answer = match end {
            Ok(answer) => answer,
            Err(reason) => {
                *self.errors.entry(reason).or_default() += 1;
                return;
            }
        };
        *self.statuses.entry(answer.status.as_u16()).or_default() += 1;
        let microseconds = answer.after.as_micros() as u64;
        match answer.status {
            StatusCode::OK => self.served.saturating_record(microseconds),
            StatusCode::SERVICE_UNAVAILABLE => {
                self.rejected.saturating_record(microseconds);
                self.without_retry_after += u64::from(!answer.has_retry_after);
            }
            _ => {}
        }
    }

    /// How many were answered so.
    pub fn with_status(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or_default()
    }

    /// How many were sent and not answered.
    pub fn unanswered(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Requests served, for each second of sending.
    pub fn goodput(&self) -> f64 {
        self.with_status(StatusCode::OK.as_u16()) as f64 / self.duration.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    const SLOWNESS: Duration = Duration::from_millis(50);

    /// Its address. Each connection has one answer, late.
    fn slow_server(head: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                thread::spawn(move || {
                    let _ = connection.read(&mut [0; 1_024]);
                    thread::sleep(SLOWNESS);
                    write!(connection, "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                });
            }
        });
        format!("http://{address}/")
    }

    async fn run(url: &str, in_flight: usize) -> Summary {
        let uri = url.parse().expect("an address");
        let [duration, timeout] = [Duration::from_millis(100), Duration::from_secs(5)];
        open_loop(Plan { uri, method: Method::GET, rate: 200, duration, timeout, in_flight }).await
    }

    #[tokio::test]
    async fn a_slow_server_is_not_waited_for() {
        let summary = run(&slow_server("200 OK"), 100).await;
        assert_eq!((summary.with_status(200), summary.dropped, summary.unanswered()), (20, 0, 0));
        assert!(summary.served.min() >= SLOWNESS.as_micros() as u64 * 99 / 100, "{} µs", summary.served.min());
        assert_eq!(summary.goodput(), 200.0);
    }

    #[tokio::test]
    async fn more_than_may_be_in_flight_is_dropped() {
        let summary = run(&slow_server("200 OK"), 1).await;
        assert!(summary.dropped > 0);
        assert_eq!(summary.dropped + summary.with_status(200), 20);
    }

    #[tokio::test]
    async fn rejections_are_counted_apart() {
        let summary = run(&slow_server("503 Service Unavailable"), 100).await;
        assert_eq!((summary.with_status(503), summary.without_retry_after), (20, 20));
        assert_eq!((summary.rejected.len(), summary.served.len()), (20, 0));
        let polite = run(&slow_server("503 Service Unavailable\r\nRetry-After: 1"), 100).await;
        assert_eq!((polite.with_status(503), polite.without_retry_after), (20, 0));
    }

    #[tokio::test]
    async fn nobody_there_is_said() {
        let summary = run("http://127.0.0.1:1/", 100).await;
        assert_eq!((summary.unanswered(), summary.statuses.len()), (20, 0));
        let reasons: Vec<_> = summary.errors.keys().collect();
        assert!(reasons[0].contains("refused"), "{reasons:?}");
    }
}
