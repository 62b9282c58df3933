//! Accepts set points one after another in the folder named by its argument, and writes the number of each to
//! standard output once the store has acknowledged it. The durability test kills it.

use std::io::Write as _;
use std::path::Path;

use riser_domain::{Author, Clock, EwsItemId, EwsServerId, PointHandle, Timestamp, Value};
use riser_store::{NewWish, Store};

#[derive(Debug)]
struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("say which folder to use")?;
    let (store, _) = Store::open(Path::new(&folder), &StandingClock).await?;
    let mut acknowledged = std::io::stdout().lock();
    for number in 0_u32.. {
        let wish = NewWish {
            point: PointHandle(number % 7),
            item: EwsItemId::new("point"),
            ews_server: EwsServerId(1),
            value: Value::Long(i64::from(number)),
            expires_at: Timestamp::EPOCH,
            is_held: false,
        };
        let accepted = store.accept_wishes(&[wish], &Author::System, Timestamp::EPOCH).await?;
        for wish in accepted {
            writeln!(acknowledged, "{}", wish.id.0)?;
        }
        acknowledged.flush()?;
    }
    Ok(())
}
