//! Server information and version rules (cases E28 to E33).

use riser_ews::NAMESPACE;

use crate::contract_check::Node;
use crate::exchange::Message;
use crate::site::Site;

const SERVED: [&str; 6] =
    ["GetWebServiceInformation", "GetContainerItems", "GetItems", "GetValues", "SetValues", "GetHistory"];

fn operations(content: &Node) -> String {
    content.texts("GetWebServiceInformationSupportedOperations/Operation").join(" ")
}

#[tokio::test]
async fn e31_each_version_gets_the_operations_it_knows() {
    let site = Site::open().await;
    for (attribute, expected_version, knows_systems) in [
        ("version=\"1.2\"", Some("1.2"), true),
        ("version=\"2\"", Some("1.2"), true),
        ("version=\"1.1\"", Some("1.1"), false),
        ("version=\"1.0\"", Some("1.0"), false),
        ("version=\"junk\"", Some("1.0"), false),
        ("", None, false),
    ] {
        let response = site.ask(&format!("<GetWebServiceInformationRequest {attribute}/>")).await;
        let content = &response.content;
        assert_eq!(operations(content), SERVED.join(" "), "{attribute}");
        assert_eq!(content.attributes.get("version").map(String::as_str), expected_version, "{attribute}");
        assert_eq!(content.all("SystemInfo").len(), usize::from(knows_systems), "{attribute}");
        assert_eq!(content.text("GetWebServiceInformationVersion/MajorVersion"), "1");
        assert_eq!(content.text("GetWebServiceInformationVersion/MinorVersion"), "2");
        assert_eq!(content.text("GetWebServiceInformationVersion/UsedNameSpace"), NAMESPACE);
    }
}

#[tokio::test]
async fn e28_and_e33_an_unsupported_operation_is_refused_and_not_announced() {
    let site = Site::open().await;
    let others = [
        "GetAlarmEventsRequest",
        "GetUpdatedAlarmEventsRequest",
        "AcknowledgeAlarmEventsRequest",
        "GetAlarmEventTypesRequest",
        "GetAlarmHistoryRequest",
        "GetEnumsRequest",
        "GetHierarchicalInformationRequest",
        "GetHistoricalDataAggregationRequest",
        "GetSystemEventsRequest",
        "GetSystemEventTypesRequest",
        "ForceValuesRequest",
        "UnforceValuesRequest",
        "Subscribe",
        "Unsubscribe",
        "Renew",
        "GetNotificationRequest",
    ];
    for (element, version) in others.into_iter().flat_map(|name| [(name, ""), (name, "1.1"), (name, "1.2")]) {
        let attribute = if version.is_empty() { String::new() } else { format!(" version=\"{version}\"") };
        let response = site.ask(&format!("<{element}{attribute}/>")).await;
        let outcome = (response.status, response.fault());
        assert_eq!(outcome, (500, Some("OPERATION_NOT_SUPPORTED")), "{element} {version}");
        assert_eq!(response.content.all("Detail/Fault_Operation_Not_Supported").len(), 1, "{element}");
    }
    let foreign = site.ask("<RespondAlarmEventsRequest version=\"1.2\"/>").await;
    assert_eq!(foreign.fault(), Some("OPERATION_NOT_SUPPORTED"));
}

#[tokio::test]
async fn the_system_version_has_numbers_only() {
    let site = Site::open().await;
    let content = site.ask("<GetWebServiceInformationRequest version=\"1.2\"/>").await.content;
    let version = content.text("SystemInfo/Version");
    assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    assert_eq!(content.text("SystemInfo/Name"), "Test site");
    let viewer = Message::of("<GetWebServiceInformationRequest/>").by(crate::site::VIEWER);
    assert_eq!(site.exchange(viewer).await.status, 200);
}
