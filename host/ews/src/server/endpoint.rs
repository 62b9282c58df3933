use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use riser_calendar::Zone;
use riser_domain::{Clock, ClockReading, EwsServer};

use super::content_type::SoapContentType;
use super::statistics::{EndpointStatistics, RequestCounter};
use super::traffic::{Caller, Outcome, RequestFacts, Traffic, TrafficLog};
use crate::authenticator::{DigestAuthenticator, Login};
use crate::contract::{FaultName, OperationName};
use crate::envelope::SoapRequest;
use crate::fault::{Fault, content_type_with};
use crate::more_data_ref::MoreDataRefs;
use crate::nonces::Nonces;
use crate::operations::get_container_items::ContainerListings;
use crate::operations::{Operation, OperationContext};
use crate::plan_cache::PlanCache;
use crate::source::{AccountSource, EwsAccount, ItemSource};
use crate::xml::{Document, XmlError, decode};

/// Most characters of client input in a log line.
const LOGGED_CHARACTERS: usize = 64;

/// One EWS server: its items, accounts and state between requests. A `Listener` serves it.
pub struct EwsEndpoint {
    server: EwsServer,
    zone: Zone,
    items: Arc<dyn ItemSource>,
    authenticator: DigestAuthenticator,
    kept: Arc<Kept>,
}

/// The parts of an endpoint that survive a change of its settings.
struct Kept {
    clock: Arc<dyn Clock>,
    nonces: Arc<Nonces>,
    more_data: MoreDataRefs,
    listings: ContainerListings,
    plans: PlanCache,
    counter: RequestCounter,
    traffic: TrafficLog,
}

/// An HTTP response with a SOAP body.
#[derive(Debug)]
pub(super) struct SoapResponse {
    pub(super) status: StatusCode,
    pub(super) content_type: String,
    pub(super) envelope: String,
}

/// A request body and the related headers.
#[derive(Clone, Debug)]
pub(super) struct SoapMessage<'a> {
    pub(super) body: Bytes,
    pub(super) content_type: SoapContentType<'a>,
    /// The header `SOAPAction` of older clients.
    pub(super) soap_action: Option<&'a str>,
}

impl EwsEndpoint {
    /// Creates an EWS server over these items and accounts. `zone` applies to dates and times without an
    /// offset.
    pub fn new(
        server: EwsServer,
        items: Arc<dyn ItemSource>,
        accounts: Arc<dyn AccountSource>,
        clock: Arc<dyn Clock>,
        zone: Zone,
    ) -> Self {
        let kept = Kept {
            clock,
            nonces: Arc::new(Nonces::new()),
            more_data: MoreDataRefs::new(),
            listings: ContainerListings::default(),
            plans: PlanCache::default(),
            counter: RequestCounter::default(),
            traffic: TrafficLog::default(),
        };
        Self::with_kept(server, items, accounts, zone, Arc::new(kept))
    }

    /// Returns an endpoint with other settings, items or accounts. Clients stay logged in and can read the
    /// remaining pages of their listings.
    #[must_use]
    pub fn changed(
        &self,
        server: EwsServer,
        items: Arc<dyn ItemSource>,
        accounts: Arc<dyn AccountSource>,
        zone: Zone,
    ) -> Self {
        Self::with_kept(server, items, accounts, zone, Arc::clone(&self.kept))
    }

    fn with_kept(
        server: EwsServer,
        items: Arc<dyn ItemSource>,
        accounts: Arc<dyn AccountSource>,
        zone: Zone,
        kept: Arc<Kept>,
    ) -> Self {
        let authenticator = DigestAuthenticator::new(
            server.realm.clone(),
            server.digest_order.clone(),
            accounts,
            Arc::clone(&kept.clock),
            Arc::clone(&kept.nonces),
        );
        Self { server, zone, items, authenticator, kept }
    }

    pub fn server(&self) -> &EwsServer {
        &self.server
    }

    /// Returns the zone of dates and times without an offset.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns the request counts so far.
    pub fn statistics(&self) -> EndpointStatistics {
        self.kept.counter.snapshot(&*self.kept.clock)
    }

    /// Returns the latest requests, the clients, and the requests per minute.
    pub fn traffic(&self) -> Traffic {
        self.kept.traffic.snapshot(&*self.kept.clock)
    }

    pub(super) fn read_clock(&self) -> ClockReading {
        self.kept.clock.read()
    }

    /// Records a finished request of a logged-in client.
    pub(super) fn record(&self, caller: Caller<'_>, facts: RequestFacts) {
        self.kept.traffic.record(caller, facts, self.kept.clock.uptime());
    }

    /// Logs a client in, or returns the challenges for it.
    pub(super) fn log_in(
        &self,
        authorization: Option<&str>,
        method: &str,
        target: &str,
        (client, now): (IpAddr, ClockReading),
    ) -> Result<EwsAccount, Vec<String>> {
        match self.authenticator.check(authorization, method, target) {
            Login::Accepted(account) => {
                self.kept.counter.count(&account, client, now);
                Ok(account)
            }
            Login::Stale => Err(self.authenticator.challenges(true)),
            Login::Refused { user_name: None } => Err(self.authenticator.challenges(false)),
            Login::Refused { user_name: Some(user_name) } => {
                self.kept.traffic.record_refused_login(&user_name, client, now);
                self.log_refusal(&user_name, client);
                Err(self.authenticator.challenges(false))
            }
        }
    }

    /// A BMS with a wrong password polls without end. The first refusal and every tenfold count are logged, so
    /// that the log does not fill up.
    fn log_refusal(&self, user_name: &str, client: IpAddr) {
        let count = self.kept.counter.count_refused();
        if count == 10_u64.pow(count.ilog10()) {
            let user_name: String = user_name.chars().take(LOGGED_CHARACTERS).collect();
            tracing::warn!(
                ews_server.name = self.server.name,
                client.address = %client,
                account.name = ?user_name,
                login.refused = count,
                "rejected a login: wrong name, password, realm or algorithm"
            );
        }
    }

    /// Processes a SOAP message of a logged-in client. Returns the response, and the facts to record.
    pub(super) async fn respond(
        &self,
        message: SoapMessage<'_>,
        account: &EwsAccount,
        disk_deadline: Duration,
    ) -> (SoapResponse, RequestFacts) {
        let mut facts = RequestFacts { operation: None, items: 0, outcome: Outcome::Ok };
        let response = match self.try_respond(message, account, disk_deadline, &mut facts).await {
            Ok((operation, envelope)) => SoapResponse {
                status: StatusCode::OK,
                content_type: content_type_with(&operation.response_action()),
                envelope,
            },
            Err(fault) => {
                facts.outcome = Outcome::Fault(fault);
                SoapResponse {
                    status: fault.status(),
                    content_type: fault.content_type(),
                    envelope: fault.envelope(),
                }
            }
        };
        (response, facts)
    }

    async fn try_respond(
        &self,
        message: SoapMessage<'_>,
        account: &EwsAccount,
        disk_deadline: Duration,
        facts: &mut RequestFacts,
    ) -> Result<(OperationName, String), Fault> {
        let may_be_kept = message.content_type.may_be_utf8();
        let tree = self.items.tree();
        if may_be_kept && let Some(kept) = self.kept.plans.find(&message.body, tree.version()) {
            facts.operation = Some(OperationName::GetValues);
            facts.items = kept.plan.item_count();
            message.check_action(OperationName::GetValues)?;
            return Ok((OperationName::GetValues, kept.plan.respond(&*self.items)));
        }
        let text = decode(&message.body, message.content_type.charset).map_err(unreadable)?;
        // UTF-16 would contradict a header that says UTF-8.
        let may_be_kept = may_be_kept && matches!(text, Cow::Borrowed(_));
        let document = Document::read(&text).map_err(unreadable)?;
        let request = SoapRequest::read(&document)?;
        let name = request.operation;
        facts.operation = Some(name);
        message.check_action(name)?;
        let fault = |fault| Fault::of(name, fault);
        let operation = Operation::read(&request).map_err(fault)?;
        facts.items = operation.item_count();
        if let Operation::GetValues(operation) = operation {
            let plan = operation.plan(&*tree);
            let response = plan.respond(&*self.items);
            if may_be_kept {
                self.kept.plans.keep(&message.body, tree.version(), plan);
            }
            return Ok((name, response));
        }
        let refused_items = AtomicUsize::new(0);
        let context = OperationContext {
            server: &self.server,
            items: &self.items,
            account,
            clock: &*self.kept.clock,
            zone: &self.zone,
            more_data: &self.kept.more_data,
            listings: &self.kept.listings,
            disk_deadline,
            refused_items: &refused_items,
        };
        let response = operation.respond(context).await.map_err(fault)?;
        let refused = refused_items.load(Ordering::Relaxed);
        if refused > 0 {
            facts.outcome = Outcome::RefusedItems(refused);
        }
        Ok((name, response))
    }
}

impl SoapMessage<'_> {
    /// The body decides the operation. Clients invent actions, so only the action of another operation is a
    /// contradiction.
    fn check_action(&self, operation: OperationName) -> Result<(), Fault> {
        let header = self.soap_action.map(|action| action.trim().trim_matches('"'));
        let names_another = [self.content_type.action, header]
            .into_iter()
            .flatten()
            .filter_map(OperationName::of_request_action)
            .any(|named| named != operation);
        if names_another { Err(Fault::of(operation, FaultName::InvalidRequest)) } else { Ok(()) }
    }
}

fn unreadable(error: XmlError) -> Fault {
    tracing::debug!(%error, "a request could not be read");
    Fault::Unreadable
}

impl std::fmt::Debug for EwsEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EwsEndpoint").field("server", &self.server).finish_non_exhaustive()
    }
}
