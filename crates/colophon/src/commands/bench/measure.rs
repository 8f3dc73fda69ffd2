//! Closed-loop load and what is reported of it.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

/// One client: it asks, waits for the answer, and asks again.
pub trait Client: Send + 'static {
    /// What it is given to ask.
    type Request: Send + 'static;

    /// Asks once; an answer other than the wanted one is an error.
    fn ask(&mut self, request: Self::Request) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// How long everything took, and each request.
#[derive(Debug, Default)]
pub struct Measured {
    /// From the first request to the last answer.
    pub took: Duration,
    latencies: Vec<Duration>,
}

impl Measured {
    /// From latencies that were measured one after the other.
    pub fn sequential(latencies: Vec<Duration>) -> Self {
        Self {
            took: latencies.iter().sum(),
            latencies,
        }
    }

    /// Takes another part of the same measurement in.
    pub fn add(&mut self, part: Self) {
        self.took += part.took;
        self.latencies.extend(part.latencies);
    }

    /// Requests answered.
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// Requests a second.
    pub fn per_second(&self) -> f64 {
        self.count() as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency that `share` (0 to 1) of the requests did not exceed, in milliseconds.
    fn quantiles<const N: usize>(&mut self, shares: [f64; N]) -> [f64; N] {
        self.latencies.sort_unstable();
        let last = self.latencies.len().saturating_sub(1);
        shares.map(|share| {
            let at = (last as f64 * share).round() as usize;
            self.latencies
                .get(at)
                .map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
        })
    }
}

/// Lets every client work off its part of `requests`, all clients at once.
pub async fn closed_loop<C: Client>(
    clients: Vec<C>,
    requests: Vec<C::Request>,
) -> anyhow::Result<(Measured, Vec<C>)> {
    let share = requests.len().div_ceil(clients.len().max(1));
    let mut requests = requests.into_iter();
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for mut client in clients {
        let requests: Vec<_> = requests.by_ref().take(share).collect();
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(requests.len());
            for request in requests {
                let asked = Instant::now();
                client.ask(request).await?;
                latencies.push(asked.elapsed());
            }
            anyhow::Ok((latencies, client))
        });
    }
    let mut measured = Measured::default();
    let mut clients = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (latencies, client) = done??;
        measured.latencies.extend(latencies);
        clients.push(client);
    }
    measured.took = started.elapsed();
    Ok((measured, clients))
}

/// Computes one item for each number, on every core.
pub fn in_parallel<T: Send>(
    numbers: std::ops::Range<u64>,
    make: impl Fn(u64) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let next = Mutex::new(numbers);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let take = || next.lock().ok().and_then(|mut numbers| numbers.next());
    let made: Vec<anyhow::Result<Vec<T>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| std::iter::from_fn(&take).map(&make).collect()))
            .collect();
        let panicked = |_| Err(anyhow::anyhow!("a thread panicked"));
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(panicked))
            .collect()
    });
    let mut all = Vec::new();
    for part in made {
        all.extend(part?);
    }
    Ok(all)
}

/// What one flow showed.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which flow.
    pub flow: &'static str,
    /// Which variant of it, such as the engine.
    pub variant: String,
    /// Requests answered.
    pub requests: usize,
    /// Clients at once.
    pub clients: usize,
    /// Requests a second.
    pub per_second: f64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// The latency that 99 of 100 requests did not exceed, in milliseconds.
    pub p99_ms: f64,
    /// The longest, in milliseconds.
    pub max_ms: f64,
    /// What else is worth knowing.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}

impl Report {
    /// A report of a measurement.
    pub fn new(
        flow: &'static str,
        variant: impl Into<String>,
        clients: usize,
        mut measured: Measured,
    ) -> Self {
        let [p50_ms, p99_ms, max_ms] = measured.quantiles([0.5, 0.99, 1.0]);
        Self {
            flow,
            variant: variant.into(),
            requests: measured.count(),
            clients,
            per_second: measured.per_second(),
            p50_ms,
            p99_ms,
            max_ms,
            more: serde_json::Map::new(),
        }
    }

    /// Adds a figure.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<11}{:<12}{:>9.0}/s   p50 {:>8.3} ms   p99 {:>8.3} ms   max {:>8.3} ms   {} requests, {} clients",
            self.flow,
            self.variant,
            self.per_second,
            self.p50_ms,
            self.p99_ms,
            self.max_ms,
            self.requests,
            self.clients
        )?;
        for (name, value) in self.more.iter().filter(|(_, value)| !value.is_null()) {
            let name = name.replace('_', " ");
            match value.as_f64() {
                Some(number) if number.fract() != 0.0 => write!(f, "\n  {name}: {number:.3}")?,
                _ => match value.as_str() {
                    Some(text) => write!(f, "\n  {name}: {text}")?,
                    None => write!(f, "\n  {name}: {value}")?,
                },
            }
        }
        Ok(())
    }
}
