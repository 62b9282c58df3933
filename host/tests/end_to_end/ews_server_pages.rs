//! An EWS server edited in real Chromium, and read by a BMS with the account that the page shows.

use fantoccini::{Client, Locator};
use serde_json::json;

use crate::browser::{Driver, click, follow, sign_in, text_at, text_until};
use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD};
use crate::running_host::client_of;
use crate::site::EWS_SERVER;

async fn type_into(page: &Client, name: &str, text: &str) {
    let field = page.find(Locator::Css(&format!("input[name={name}]"))).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

async fn open_tab(page: &Client, name: &str) {
    click(page, &format!("//nav[@class='tabs']/a[.='{name}']")).await;
    text_until(page, "//nav[@class='tabs']/a[@aria-current]", name).await;
}

async fn press(page: &Client, button: &str) {
    click(page, &format!("//main//button[normalize-space()='{button}']")).await;
}

#[tokio::test]
async fn a_bms_reads_with_the_path_and_the_account_of_the_page_and_appears_there() {
    let installation = Installation::new(&[]);
    installation.apply(ConfigurationFile::new().ews_server(EWS_SERVER).text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let driver = Driver::start();
    let page = driver.open().await;
    sign_in(&page, &host.portal_url, ADMIN_PASSWORD).await;
    follow(&page, "EWS servers").await;
    text_until(&page, "//h1", "EWS servers").await;
    click(&page, &format!("//table//a[.='{EWS_SERVER}']")).await;
    text_until(&page, "//h1", EWS_SERVER).await;
    open_tab(&page, "Settings").await;
    type_into(&page, "path", "no slash").await;
    press(&page, "Save").await;
    text_until(&page, "//p[@id='f-path-error']", "the path of the service").await;
    type_into(&page, "path", "/north").await;
    press(&page, "Save").await;
    text_until(&page, "//main", "Saved and in use.").await;

    open_tab(&page, "Accounts").await;
    type_into(&page, "name", "ebo-north").await;
    press(&page, "Add account").await;
    text_until(&page, "//main", "The password of ebo-north is shown only now.").await;
    let password = text_at(&page, "//*[contains(@class, 'note')]//*[contains(@class, 'copy')]//code").await;
    open_tab(&page, "EWS server").await;
    text_until(&page, "//main", "No client has logged in since Riser started.").await;
    text_until(&page, "//dl", "/north").await;
    // A reload would remove this mark.
    page.execute("window.notReloaded = true", Vec::new()).await.unwrap();

    let before = host.ews_url(EWS_SERVER);
    let url = before.replace(&before[before.find("/EVCE").unwrap()..], "/north");
    let bms = client_of(&url, "ebo-north", &password);
    bms.container("").await.unwrap();
    client_of(&url, "ebo-north", "not the password").information().await.unwrap_err();
    text_until(&page, "//tbody[@id='clients']", "127.0.0.1").await;
    text_until(&page, "//tbody[@id='clients']", "ebo-north").await;
    text_until(&page, "//tbody[@id='requests']", "GetContainerItems").await;
    text_until(&page, "//tbody[@id='requests']", "Login refused").await;
    assert_eq!(page.execute("return window.notReloaded", Vec::new()).await.unwrap(), json!(true));

    follow(&page, "Status").await;
    text_until(&page, "//h1", "Status").await;
    open_tab(&page, "EWS server requests").await;
    text_until(&page, "//tbody[@id='requests']", EWS_SERVER).await;
    open_tab(&page, "Active endpoints").await;
    text_until(&page, "//tbody[@id='endpoints']", "Portal").await;
    text_until(&page, "//tbody[@id='endpoints']", "/north").await;
    open_tab(&page, "Configuration requests").await;
    text_until(&page, "//tbody[@id='configuration-requests']", "Add EWS account ebo-north").await;
    assert_eq!(driver.console_errors(&page).await, [""; 0]);
    page.close().await.unwrap();
}
