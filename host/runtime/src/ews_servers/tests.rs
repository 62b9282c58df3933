use std::net::{SocketAddr, TcpListener};

use riser_calendar::MachineZoneSource;
use riser_domain::EwsServer;
use riser_secrets::{KeyCreation, RootKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::changes::Changes;
use crate::store_failures::StoreFailures;
use crate::testing::{Fixture, fixture};

/// The EWS servers of a fixture.
struct Host {
    fixture: Fixture,
    servers: EwsServers,
}

async fn host() -> Host {
    let fixture = fixture().await;
    let directory = tempfile::tempdir().unwrap();
    let root = RootKey::obtain(&directory.path().join("data"), None, KeyCreation::Allowed).unwrap();
    let problems = Arc::new(Problems::new(fixture.clock.clone(), Changes::new()));
    let servers = EwsServers::new(EwsParts {
        clock: fixture.clock.clone(),
        machine_zone: MachineZone {
            zone: Zone::utc(),
            source: MachineZoneSource::Environment,
            problem: None,
        },
        configurations: Arc::clone(&fixture.set_points.configurations),
        keyring: Arc::new(Keyring::unlock(fixture.store.instance_id(), root, &[])),
        problems: Arc::clone(&problems),
        items: Arc::new(ItemParts {
            store: fixture.store.clone(),
            failures: StoreFailures::new(problems),
            items: Arc::clone(&fixture.items),
            set_points: Arc::clone(&fixture.set_points),
            instance: fixture.store.instance_id().to_owned(),
        }),
    })
    .unwrap();
    Host { fixture, servers }
}

impl Host {
    /// Aligns the servers with a configuration of these, each with a name and an address.
    async fn align(&self, servers: &[(&str, SocketAddr)]) -> Vec<Problem> {
        let configurations = &self.fixture.set_points.configurations;
        let mut configuration = Configuration::clone(&configurations.now());
        let first = configuration.ews_servers[0].clone();
        configuration.version += 1;
        configuration.ews_servers = (1..)
            .zip(servers)
            .map(|(id, (name, listen))| EwsServer {
                id: EwsServerId(id),
                name: (*name).to_owned(),
                listen: listen.to_string(),
                realm: (*name).to_owned(),
                ..first.clone()
            })
            .collect();
        configurations.replace(Arc::new(configuration));
        self.servers.align().await
    }

    fn status(&self, name: &str) -> EwsServerStatus {
        let configuration = self.fixture.set_points.configurations.now();
        let server = configuration.ews_servers.iter().find(|server| server.name == name).unwrap();
        self.servers.status(server, 0)
    }
}

/// Requests something on a connection that stays open. Returns the response.
async fn request_on(connection: &mut TcpStream) -> String {
    let request = format!("GET {} HTTP/1.1\r\nHost: riser\r\n\r\n", EwsServer::DEFAULT_PATH);
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = vec![0; 4_096];
    let length = connection.read(&mut response).await.unwrap();
    String::from_utf8_lossy(&response[..length]).into_owned()
}

/// Returns the name of the server at an address: it is the realm.
async fn name_at(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let response = request_on(&mut connection).await;
    let (_, realm) = response.split_once("realm=\"").unwrap_or_else(|| panic!("{response:?}"));
    realm.split('"').next().unwrap().to_owned()
}

/// Returns free addresses.
fn free<const N: usize>() -> [SocketAddr; N] {
    let open = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    open.map(|listener| listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_server_that_lost_its_place_while_it_waits_to_move_is_down_and_takes_it_back() {
    let host = host().await;
    let [bms, other] = free();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let unusable = taken.local_addr().unwrap();
    assert!(host.align(&[("BMS", bms), ("Other", other)]).await.is_empty());

    let problems = host.align(&[("BMS", unusable), ("Other", bms)]).await;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.effect.contains(&format!("EWS server Other took its place at {bms}")), "{problem:?}");
    assert_eq!(name_at(bms).await, "Other");
    let status = host.status("BMS");
    assert_eq!(status.state, LinkState::Down);
    assert!(status.sentence.contains("EWS server Other has its place"), "{}", status.sentence);
    // The next attempt finds the same.
    assert_eq!(host.servers.align().await, problems);

    assert!(host.align(&[("BMS", bms), ("Other", other)]).await.is_empty());
    assert_eq!((name_at(bms).await, name_at(other).await), ("BMS".to_owned(), "Other".to_owned()));
    assert_ne!(host.status("BMS").state, LinkState::Down);
    assert!(host.servers.parts.problems.list().is_empty());
}

#[tokio::test]
async fn servers_exchange_their_addresses() {
    let host = host().await;
    let [north, south] = free();
    assert!(host.align(&[("North", north), ("South", south)]).await.is_empty());
    assert!(host.align(&[("North", south), ("South", north)]).await.is_empty());
    assert_eq!((name_at(south).await, name_at(north).await), ("North".to_owned(), "South".to_owned()));
}

#[tokio::test]
async fn a_server_that_cannot_take_its_port_to_all_addresses_is_not_stopped_by_every_attempt() {
    let host = host().await;
    let other_program = TcpListener::bind("127.0.0.2:0").unwrap();
    let port = other_program.local_addr().unwrap().port();
    let (before, all) = (SocketAddr::from(([127, 0, 0, 1], port)), SocketAddr::from(([0, 0, 0, 0], port)));
    assert!(host.align(&[("BMS", before)]).await.is_empty());
    let problems = host.align(&[("BMS", all)]).await;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(problem.effect, format!("it is still served at {before}"));
    assert!(problem.remedy.contains(&format!("end the program that uses port {port}")), "{problem:?}");

    let mut connection = TcpStream::connect(before).await.unwrap();
    assert!(request_on(&mut connection).await.contains("realm=\"BMS\""));
    assert_eq!(host.servers.align().await, problems);
    assert!(request_on(&mut connection).await.contains("realm=\"BMS\""), "the connection was closed");

    // A change of the configuration tries again.
    drop(other_program);
    assert_eq!(host.servers.align().await, problems);
    assert!(host.align(&[("BMS", all)]).await.is_empty());
    assert_eq!(name_at(before).await, "BMS");
}

#[tokio::test]
async fn a_problem_tells_who_has_the_address() {
    let host = host().await;
    let [bms] = free();
    let all = SocketAddr::from(([0, 0, 0, 0], bms.port()));
    let problems = host.align(&[("BMS", bms), ("Other", all)]).await;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.remedy.starts_with("the EWS server BMS of this Riser uses the port"), "{problem:?}");

    // An address for documentation, of no machine.
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 1));
    let problems = host.align(&[("BMS", bms), ("Other", elsewhere)]).await;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.remedy.starts_with("192.0.2.1:1 is not an address of this machine"), "{problem:?}");
}

#[tokio::test]
async fn an_address_is_tried_before_a_server_is_configured_to_use_it() {
    let host = host().await;
    let [bms] = free();
    assert!(host.align(&[("BMS", bms)]).await.is_empty());
    let obstacle = async |server: Option<i64>, listen: SocketAddr| {
        host.servers.address_obstacle(server.map(EwsServerId), &listen.to_string()).await
    };
    let all = SocketAddr::from(([0, 0, 0, 0], bms.port()));
    assert_eq!(obstacle(None, bms).await, None, "servers can share an address");
    assert_eq!(obstacle(Some(1), all).await, None, "it takes its port along");
    let taken = obstacle(None, all).await.unwrap();
    assert!(taken.contains("the EWS server BMS of this Riser uses the port"), "{taken}");
    let other_program = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = obstacle(Some(1), other_program.local_addr().unwrap()).await.unwrap();
    assert!(taken.contains("cannot be listened on") && taken.contains("end the program"), "{taken}");
    // An address for documentation, of no machine.
    let elsewhere = obstacle(None, SocketAddr::from(([192, 0, 2, 1], 1))).await.unwrap();
    assert!(elsewhere.contains("192.0.2.1:1 is not an address of this machine"), "{elsewhere}");
    assert_eq!(host.servers.address_obstacle(None, "no address").await, None);
    assert_eq!(host.servers.open_connections(EwsServerId(1)), Some(0));
}
