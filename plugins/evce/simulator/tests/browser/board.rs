use std::path::Path;

use evce_simulator::{Fixture, Options, Simulator, Speed, WallClock};
use fantoccini::Client;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::chromium::{Driver, click, find};

fn simulator(options: Options) -> Simulator {
    // Fails only when another test of this process installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wall_clock = WallClock::Fixed { unix_ms: 1_739_352_615_000 };
    Simulator::start(Options { wall_clock, ..options }).unwrap()
}

/// Keeps a picture for a person if `EVCE_SIMULATOR_SCREENSHOTS` names a directory.
async fn keep_screenshot(page: &Client, name: &str) {
    if let Some(directory) = std::env::var_os("EVCE_SIMULATOR_SCREENSHOTS") {
        let picture = page.screenshot().await.unwrap();
        std::fs::write(Path::new(&directory).join(format!("{name}.png")), picture).unwrap();
    }
}

async fn state(simulator: &Simulator) -> Value {
    let client = reqwest::Client::builder().build().unwrap();
    let response = client.get(format!("{}/_sim/state", simulator.control_url)).send().await.unwrap();
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_plugs_in_a_car_breaks_the_link_and_clears_a_fault() {
    let (driver, simulator) = (Driver::start(), simulator(Options::default()));
    let page = driver.open(&simulator.control_url, &["--window-size=1280,1400"]).await;
    let station = "//li[@id='station-1']";
    find(&page, &format!("{station}//span[text()='1: available']")).await;
    click(&page, &format!("{station}//button[text()='Plug in']")).await;
    find(&page, "//p[@id='message'][contains(.,'Car plugged in at connector 1 of station 1')]").await;
    click(&page, "//button[text()='+1 min']").await;
    find(&page, &format!("{station}//span[text()='1: charging']")).await;
    find(&page, "//dd[@id='transactions'][text()='1']").await;
    keep_screenshot(&page, "one-car").await;

    click(&page, &format!("{station}//button[text()='Break link']")).await;
    find(&page, &format!("{station}//span[text()='no link']")).await;
    assert_eq!(state(&simulator).await["stations"][0]["connected"], false);
    click(&page, &format!("{station}//button[text()='Restore link']")).await;
    find(&page, &format!("{station}//span[text()='linked']")).await;

    click(&page, &format!("{station}//button[text()='Fault']")).await;
    find(&page, &format!("{station}//span[contains(text(),'faulted (GroundFailure)')]")).await;
    click(&page, &format!("{station}//button[text()='Clear fault']")).await;
    find(&page, &format!("{station}//span[text()='1: available']")).await;
    assert_eq!(driver.console_errors(&page).await, [""; 0]);
    page.close().await.unwrap();
}

#[tokio::test]
async fn the_keyboard_alone_reduces_a_zone_and_adds_a_fault() {
    let (driver, simulator) =
        (Driver::start(), simulator(Options { fixture: Fixture::F2, ..Options::default() }));
    let page = driver.open(&simulator.control_url, &["--window-size=1280,1400"]).await;
    let press = async |key: Key| {
        let key = char::from(key);
        let keys = KeyActions::new("keyboard".to_owned());
        let keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        page.perform_actions(keys).await.unwrap();
    };
    // From the field of the first zone's reduction to its button.
    page.execute("document.querySelector('#zone-1 input').focus()", Vec::new()).await.unwrap();
    press(Key::Tab).await;
    press(Key::Enter).await;
    find(&page, "//li[@id='zone-1']//p[contains(.,'Reduced by 25 % until')]").await;
    assert_eq!(state(&simulator).await["zones"][0]["reduction"]["percent"], 25.0);
    // A refresh must not take the focus away.
    click(&page, "//button[text()='+1 min']").await;
    let focused = "return document.activeElement.textContent";
    assert_eq!(page.execute(focused, Vec::new()).await.unwrap(), json!("+1 min"));

    page.execute("document.getElementById('fault-kind').focus()", Vec::new()).await.unwrap();
    press(Key::Down).await;
    find(&page, "//label[starts-with(@data-for,'latency')][not(@hidden)]").await;
    press(Key::Tab).await;
    // Enter in a field sends the form.
    press(Key::Enter).await;
    find(&page, "//ul[@id='faults']//strong[text()='Delay']").await;
    click(&page, "//button[text()='End all faults']").await;
    click(&page, "//summary[text()='Rules of load management']").await;
    click(&page, "//select[@data-rule='zone_power']/option[@value='three_phase']").await;
    click(&page, "//button[text()='Set rules']").await;
    find(&page, "//li[@id='zone-1']//p[contains(.,'(82 kW in the API)')]").await;
    click(&page, "//button[text()='Set version']").await;
    find(&page, "//p[@id='message'][text()='API version changed']").await;
    keep_screenshot(&page, "controller").await;
    find(&page, "//ul[@id='faults'][not(*)]").await;
    assert_eq!(driver.console_errors(&page).await, [""; 0]);
    page.close().await.unwrap();
}

#[tokio::test]
async fn a_moving_site_is_shown_zone_by_zone_in_light_dark_and_narrow() {
    let (driver, simulator) = (
        Driver::start(),
        simulator(Options { fixture: Fixture::F2, speed: Speed::PAUSED, ..Options::default() }),
    );
    let long = json!({ "kind": "rename_zone", "zone": 2, "name": "W".repeat(200) }).to_string();
    let client = reqwest::Client::builder().build().unwrap();
    client.post(format!("{}/_sim/event", simulator.control_url)).body(long).send().await.unwrap();
    for (name, extra) in [
        ("light", ["--window-size=1400,1800", "--lang=en"]),
        ("dark", ["--window-size=1400,1800", "--blink-settings=preferredColorScheme=0"]),
        ("narrow", ["--window-size=500,1800", "--lang=en"]),
    ] {
        let page = driver.open(&simulator.control_url, &extra).await;
        for _ in 0..5 {
            click(&page, "//button[text()='+15 min']").await;
            find(&page, "//p[@id='message'][contains(.,'+15 min')]").await;
        }
        let widths = "return [document.documentElement.scrollWidth, window.innerWidth]";
        let widths: [u64; 2] =
            serde_json::from_value(page.execute(widths, Vec::new()).await.unwrap()).unwrap();
        assert!(widths[0] <= widths[1], "{name}: the page is {} wide in {}", widths[0], widths[1]);
        keep_screenshot(&page, name).await;
        click(&page, "//li[@id='zone-3']//button[text()='Show stations']").await;
        find(&page, "//ul[@id='stations'][count(li)=5]").await;
        assert_eq!(driver.console_errors(&page).await, [""; 0]);
        page.close().await.unwrap();
    }
}
