//! An EWS server with a handful of items, for the tests beside this file.

use std::sync::Arc;

use riser_domain::{AccountRights, DigestAlgorithm, EwsServer, EwsServerId, SetPointRule, Value, ValueState};
use riser_ews::client::{ClientOptions, EwsClient};
use riser_ews::testing::{MemoryAccounts, MemorySource};
use riser_ews::{EwsEndpoint, Listener, ListenerOptions};
use riser_runtime::SystemClock;

pub(super) struct ServerInMemory {
    pub(super) source: Arc<MemorySource>,
    url: String,
    _listener: Listener,
}

impl ServerInMemory {
    pub(super) async fn start() -> Self {
        let server = EwsServer {
            id: EwsServerId(1),
            name: "Test".to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            path: EwsServer::DEFAULT_PATH.to_owned(),
            realm: "Riser".to_owned(),
            public_url: None,
            tls: None,
            page_size_items: EwsServer::DEFAULT_PAGE_SIZE_ITEMS,
            digest_order: vec![DigestAlgorithm::Sha256],
        };
        let source = Arc::new(MemorySource::new(&server.name, Arc::new(SystemClock)));
        source.add_folder("zone", "Zone 1");
        source.add_folder("empty", "Empty");
        let range = SetPointRule { min: Some(0.0), max: Some(100.0), ..SetPointRule::default() };
        source.add_value("reduction", "zone", Value::Double(10.0), Some(range));
        source.add_value("power", "zone", Value::Double(3.5), None);
        let accounts = MemoryAccounts::new(&server.realm).with("bms", "s3cret", AccountRights::ReadWrite);
        let listener = Listener::bind(&server.listen, ListenerOptions::default()).await.unwrap();
        let url = format!("http://{}{}", listener.local_address(), server.path);
        let items = source.clone();
        let clock = Arc::new(SystemClock);
        listener.add(Arc::new(EwsEndpoint::new(
            server,
            items,
            Arc::new(accounts),
            clock,
            riser_calendar::Zone::utc(),
        )));
        Self { source, url, _listener: listener }
    }

    pub(super) fn client(&self) -> EwsClient {
        EwsClient::new(ClientOptions {
            url: self.url.parse().unwrap(),
            user_name: "bms".to_owned(),
            password: "s3cret".into(),
            time_limit: ClientOptions::TIME_LIMIT,
        })
        .unwrap()
    }

    /// Returns whether a value has this text and state.
    pub(super) async fn shows(&self, id: &str, text: &str, state: ValueState) -> bool {
        let response = self.client().values(&[id]).await.unwrap();
        response.values.iter().any(|value| value.text == text && value.state == state)
    }
}
