//! Items in the browser: search by keyboard, the watch list, and an item as the BMS sees it.

use fantoccini::{Client, Locator};
use riser_domain::ValueState;
use serde_json::json;

use crate::bms::{id_of, read_until, walk_until_there, write};
use crate::browser::{Driver, follow, sign_in, text_until};
use crate::portal::{ADMIN, ADMIN_PASSWORD};
use crate::site::{Processors, Site};

const REDUCTION: &str = "EVCE Zones/Z1/ZoneReduction";

/// Clicks on a control of the drawer, which each new value replaces.
async fn click(page: &Client, id: &str) {
    page.wait().for_element(Locator::Id(id)).await.unwrap();
    page.execute("document.getElementById(arguments[0]).click()", vec![json!(id)]).await.unwrap();
}

#[tokio::test]
async fn an_item_is_found_by_keyboard_pinned_and_shown_as_the_bms_gets_it() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, bms) = site.start();
    let tree = walk_until_there(&bms, REDUCTION).await;
    let reduction = id_of(&tree, REDUCTION);
    read_until(&bms, reduction, "10", ValueState::Good).await;

    let driver = Driver::start();
    let page = driver.open().await;
    sign_in(&page, &host.portal_url, ADMIN_PASSWORD).await;
    text_until(&page, "//section[contains(., 'Power, last 24 hours')]", "SiteOverallActivePowerTotal").await;
    follow(&page, "Items").await;
    text_until(&page, "//h1", "Items").await;
    page.find(Locator::Css("body")).await.unwrap().send_keys("/").await.unwrap();
    let focused = page.execute("return document.activeElement.id", Vec::new()).await.unwrap();
    assert_eq!(focused, json!("item-search"));
    page.active_element().await.unwrap().send_keys("z1 zonereduction\u{e007}").await.unwrap();
    text_until(&page, "//h1", "Search").await;
    let row = "//tr[contains(., 'ZoneReduction') and not(contains(., 'ZoneReductionType')) \
               and not(contains(., 'ZoneReductionDescription'))]";
    text_until(&page, row, "10 %").await;
    // The results follow the words without a new page.
    page.execute("window.notReloaded = true", Vec::new()).await.unwrap();
    page.find(Locator::Id("item-search")).await.unwrap().send_keys(" nowhere").await.unwrap();
    text_until(&page, "//section[@id='found']", "No item fits").await;
    assert_eq!(page.execute("return window.notReloaded", Vec::new()).await.unwrap(), json!(true));

    page.goto(&format!("{}/items/search?q=z1+zonereduction", host.portal_url)).await.unwrap();
    follow(&page, "ZoneReduction").await;
    click(&page, "pin").await;
    text_until(&page, "//button[@id='pin']", "Unpin").await;
    follow(&page, "Watch list").await;
    text_until(&page, "//h1", "Watch list").await;
    text_until(&page, row, "10 %").await;
    page.execute("window.notReloaded = true", Vec::new()).await.unwrap();
    write(&bms, reduction, "55").await;
    text_until(&page, row, "55 %").await;
    assert_eq!(page.execute("return window.notReloaded", Vec::new()).await.unwrap(), json!(true));

    follow(&page, "ZoneReduction").await;
    click(&page, "as-bms").await;
    text_until(&page, "//h2[@id='GetValues-h']", "GetValues").await;
    let element = format!("<Id>{reduction}</Id>");
    text_until(&page, "//pre[@aria-label='Response of GetValues']", &element).await;
    text_until(&page, "//pre[@aria-label='Response of GetValues']", "<Value>55</Value>").await;
    let errors = driver.console_errors(&page).await;
    assert!(errors.is_empty(), "{errors:#?}");
    page.close().await.unwrap();
}
