//! A replica on a bad network: it keeps what it has not heard of, and sends it again.

use crate::harness::{Answer, Replica};
use axum::Router;
use haversack_core::protocol::{Line, Mutation, Op, Problem, Seq, SyncRequest, Verdict};
use haversack_core::schema::Schema;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// How long a round trip may take before the client gives it up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// No whole answer came, for this reason: the verdicts are unknown.
    Network(String),
    /// The endpoint said so.
    Problem(Box<Problem>),
}

impl Failure {
    fn text(&self) -> String {
        match self {
            Failure::Network(why) => why.clone(),
            Failure::Problem(problem) => format!("{}: {}", problem.code.as_str(), problem.detail),
        }
    }
}

/// Mutations, verdicts and keys of one replica, from its first day.
pub struct Client {
    pub replica: Replica,
    /// Not judged as far as is known, in order.
    pub pending: VecDeque<Mutation>,
    /// All of them, by number.
    pub sent: BTreeMap<Seq, Mutation>,
    pub verdicts: BTreeMap<Seq, Verdict>,
    /// Every key that was ever leased, and those that are left.
    pub leased: Vec<i64>,
    pub keys: VecDeque<i64>,
    /// What came instead of an answer, in order.
    pub failures: Vec<String>,
}

impl Client {
    pub fn new(schema: &Schema, user: &str) -> Self {
        // It speaks to sockets: the router is never asked.
        Self {
            replica: Replica::new(Router::new(), schema, user),
            pending: VecDeque::new(),
            sent: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            leased: Vec::new(),
            keys: VecDeque::new(),
            failures: Vec::new(),
        }
    }

    /// Puts a mutation into the queue.
    pub fn write(&mut self, ops: Vec<Op>) {
        let mutation = self.replica.mutation(ops);
        self.sent.insert(mutation.seq, mutation.clone());
        self.pending.push_back(mutation);
    }

    /// Pushes the first mutations of the queue, and pulls.
    pub async fn sync(&mut self, to: SocketAddr, batch: usize) -> Result<(), Failure> {
        let mutations = self.pending.iter().take(batch).cloned().collect();
        let mut request = self.replica.request(mutations);
        if self.keys.len() < 4 {
            request.leases.insert("events", 8);
        }
        match send(to, &self.replica.token, &request).await {
            Ok(answer) => {
                self.take(&answer);
                Ok(())
            }
            Err(failure) => {
                self.failures.push(failure.text());
                Err(failure)
            }
        }
    }

    /// Pulls alone.
    pub async fn pull(&mut self, to: SocketAddr) -> Result<Answer, Failure> {
        let request = self.replica.request(Vec::new());
        let answer = send(to, &self.replica.token, &request).await?;
        self.take(&answer);
        Ok(answer)
    }

    /// Asks for verdicts that are known, and says whether they are what they were.
    pub async fn ask_again(&mut self, to: SocketAddr) -> Result<(), Failure> {
        let all: Vec<Mutation> = self.sent.values().cloned().collect();
        for batch in all.chunks(100) {
            let request = self.replica.request(batch.to_vec());
            let answer = send(to, &self.replica.token, &request).await?;
            assert_eq!(answer.head.verdicts.len(), batch.len());
            self.take(&answer);
        }
        Ok(())
    }

    fn take(&mut self, answer: &Answer) {
        for verdict in &answer.head.verdicts {
            let before = self.verdicts.entry(verdict.seq).or_insert(verdict.clone());
            assert_eq!(before, verdict, "a verdict is what it was");
            self.pending.retain(|m| m.seq != verdict.seq);
        }
        if let Some(ranges) = answer.head.leases.get("events") {
            for (first, last) in ranges {
                self.leased.extend(*first..=*last);
                self.keys.extend(*first..=*last);
            }
        }
        self.replica.take(answer);
    }
}

/// One request on a connection of its own.
pub async fn send(to: SocketAddr, token: &str, request: &SyncRequest) -> Result<Answer, Failure> {
    send_for(to, token, request, PATIENCE).await
}

/// The same for who waits so long.
pub async fn send_for(
    to: SocketAddr,
    token: &str,
    request: &SyncRequest,
    patience: Duration,
) -> Result<Answer, Failure> {
    let body = serde_json::to_string(request).unwrap();
    let authorization = format!("Bearer {token}");
    let posted = tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(patience))
            .http_status_as_error(false)
            .max_idle_connections(0)
            .build()
            .into();
        let mut response = agent
            .post(format!("http://{to}/v1/sync"))
            .header("authorization", &authorization)
            .header("content-type", "application/json")
            .send(body)?;
        let text = response.body_mut().read_to_string()?;
        Ok((response.status().as_u16(), text))
    });
    let posted: Result<(u16, String), ureq::Error> = posted.await.unwrap();
    let (status, text) = posted.map_err(|e| Failure::Network(e.to_string()))?;
    if status != 200 {
        let problem: Problem = serde_json::from_str(&text)
            .unwrap_or_else(|e| panic!("{status} is no problem: {text}: {e}"));
        return Err(Failure::Problem(Box::new(problem)));
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        // An answer that was cut may end in the middle of a line.
        lines.push(
            serde_json::from_str(line).map_err(|e| Failure::Network(format!("{line}: {e}")))?,
        );
    }
    match (lines.first(), lines.last()) {
        (Some(Line::Head(_)), Some(Line::End { .. })) => {}
        (_, last) => return Err(Failure::Network(format!("it ends in {last:?}"))),
    }
    match lines.remove(0) {
        Line::Head(head) => Ok(Answer { head, lines, text }),
        other => panic!("{other:?}"),
    }
}
