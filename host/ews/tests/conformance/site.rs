//! A server on a free port, with a small tree that has one item of each kind.

use std::sync::Arc;
use std::time::Duration;

use riser_domain::{
    AccountRights, Clock as _, DigestAlgorithm, EwsItem, EwsItemId, EwsServer, EwsServerId, FakeClock,
    HistoryDefinition, HistoryItem, HistorySample, PointHandle, SetPointRule, Timestamp, Value, ValueKind,
    ValueState,
};
use riser_ews::testing::{MemoryAccounts, MemorySource};
use riser_ews::{EwsEndpoint, HttpLimits, Listener, ListenerOptions, TlsFiles, Traffic};

pub(crate) const REALM: &str = "Riser \"tests\"";
/// May read and write.
pub(crate) const BMS: (&str, &str) = ("bms", "p\u{e4}ss:w\"rd");
/// Has a name outside ASCII.
pub(crate) const CARETAKER: (&str, &str) = ("H\u{e4}usler", "only looks, too");
/// May read.
pub(crate) const VIEWER: (&str, &str) = ("viewer", "only looks");

/// The time of the fixed clock: 2026-11-24T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_ms(1_795_478_400_000);
/// Interval of the history's samples.
pub(crate) const SAMPLE_PERIOD: Duration = Duration::from_mins(15);

pub(crate) struct Site {
    pub(crate) source: Arc<MemorySource>,
    pub(crate) clock: Arc<FakeClock>,
    /// The history's handle.
    pub(crate) history: PointHandle,
    pub(crate) url: String,
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) http: reqwest::Client,
    listener: Arc<Listener>,
    endpoint: Arc<EwsEndpoint>,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn open_with(change: impl FnOnce(&mut EwsServer)) -> Self {
        Self::open_on(change, ListenerOptions::default()).await
    }

    /// With other deadlines and connection limits.
    pub(crate) async fn open_within(limits: HttpLimits) -> Self {
        Self::open_on(|_| {}, ListenerOptions { limits, ..ListenerOptions::default() }).await
    }

    /// Over HTTPS. Its client trusts the certificate of the site.
    pub(crate) async fn open_over_tls() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let tls = TlsFiles {
            certificate: directory.path().join("certificate.pem"),
            key: directory.path().join("key.pem"),
        };
        std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
        std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
        let options = ListenerOptions { tls: Some(tls), ..ListenerOptions::default() };
        let mut site = Self::open_on(|_| {}, options).await;
        site.address = site.address.replace("127.0.0.1", "localhost");
        site.url = format!("https://{}{}", site.address, site.path);
        let certificate = reqwest::Certificate::from_der(made.cert.der()).unwrap();
        site.http = reqwest::Client::builder().no_gzip().tls_certs_only([certificate]).build().unwrap();
        site
    }

    pub(crate) async fn open_on(change: impl FnOnce(&mut EwsServer), options: ListenerOptions) -> Self {
        // Another test of this process may have installed a provider; any works.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut server = EwsServer {
            id: EwsServerId(1),
            name: "Test site".to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            path: EwsServer::DEFAULT_PATH.to_owned(),
            realm: REALM.to_owned(),
            public_url: None,
            tls: None,
            page_size_items: 100,
            digest_order: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
        };
        change(&mut server);
        let listener = Arc::new(Listener::bind(&server.listen, options).await.unwrap());
        Self::serve(server, listener)
    }

    /// Another server at the same address.
    pub(crate) fn beside(&self, path: &str, realm: &str, digest_order: Vec<DigestAlgorithm>) -> Self {
        let server = EwsServer {
            id: EwsServerId(2),
            name: "Neighbour".to_owned(),
            listen: self.address.clone(),
            path: path.to_owned(),
            realm: realm.to_owned(),
            public_url: None,
            tls: None,
            page_size_items: 1,
            digest_order,
        };
        Self::serve(server, Arc::clone(&self.listener))
    }

    fn serve(server: EwsServer, listener: Arc<Listener>) -> Self {
        let clock = Arc::new(FakeClock::at(NOW));
        let source = Arc::new(MemorySource::new(&server.name, clock.clone()));
        let history = fill(&source);
        let accounts = [VIEWER, CARETAKER].into_iter().fold(
            MemoryAccounts::new(&server.realm).with(BMS.0, BMS.1, AccountRights::ReadWrite),
            |accounts, (name, password)| accounts.with(name, password, AccountRights::Read),
        );
        let path = server.path.clone();
        let address = listener.local_address().to_string();
        let endpoint = Arc::new(EwsEndpoint::new(
            server,
            source.clone(),
            Arc::new(accounts),
            clock.clone(),
            "Europe/Berlin".parse().unwrap(),
        ));
        listener.add(Arc::clone(&endpoint));
        let url = format!("http://{address}{path}");
        Self { source, clock, history, url, address, path, http: new_client(), listener, endpoint }
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.endpoint.traffic()
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A client without an open connection.
pub(crate) fn new_client() -> reqwest::Client {
    reqwest::Client::builder().no_gzip().build().unwrap()
}

/// `zone` has a value of each type, a history, and a folder; `empty` has no items.
fn fill(source: &MemorySource) -> PointHandle {
    source.add_folder("zone", "Zone <1> & \"more\"");
    source.add_folder("empty", "Empty");
    let range = SetPointRule { min: Some(0.0), max: Some(100.0), ..SetPointRule::default() };
    let modes = SetPointRule { options: vec!["auto".into(), "off".into()], ..SetPointRule::default() };
    let future = SetPointRule { future_only: true, ..SetPointRule::default() };
    let any = Some(SetPointRule::default());
    for (id, value, rule) in [
        ("reduction", Value::Double(10.0), Some(range)),
        ("second", Value::Double(1.5), any.clone()),
        ("enabled", Value::Boolean(true), any.clone()),
        ("count", Value::Integer(-3), any.clone()),
        ("total", Value::Long(9_007_199_254_740_993), any.clone()),
        ("text", Value::String("a <b> & \"c\" ]]>".into()), any.clone()),
        ("mode", Value::String("auto".into()), Some(modes)),
        ("until", Value::DateTime(NOW), Some(future)),
        ("lasts", Value::DurationMs(5_400_000), any),
        ("power", Value::Double(0.1 + 0.2), None),
    ] {
        source.add_value(id, "zone", value, rule);
    }
    let history = source.add(EwsItem::History(HistoryItem {
        id: EwsItemId::new("power.log"),
        parent: EwsItemId::new("zone"),
        value_item: Box::new(EwsItemId::new("power")),
        definition: HistoryDefinition {
            name: "Power".into(),
            description: "Each quarter of an hour".into(),
            kind: ValueKind::Double,
            unit: "kW".into(),
            published_by: "logs".into(),
        }
        .into(),
    }));
    source.record(history, samples(4));
    history
}

/// The last samples before now, oldest first; their values count from 0.
pub(crate) fn samples(count: u32) -> Vec<HistorySample> {
    (0..count)
        .map(|number| HistorySample {
            value: Value::Double(f64::from(number)),
            state: ValueState::Good,
            time: NOW.minus(SAMPLE_PERIOD * (count - number)),
        })
        .collect()
}
