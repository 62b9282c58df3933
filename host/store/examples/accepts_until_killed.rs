//! Accepts set point writes one after another in the directory named by its argument. Prints the id of each write
//! once the store has acknowledged it. The durability test kills this program.

use std::io::Write as _;
use std::path::Path;

use riser_domain::{Actor, Clock, EwsItemId, EwsServerId, PointHandle, Timestamp, Uptime, Value};
use riser_store::{NewWrite, Store};

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn uptime(&self) -> Uptime {
        Uptime::START
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("name a data directory")?;
    let (store, _) = Store::open(Path::new(&directory), &FixedClock).await?;
    let mut acknowledged = std::io::stdout().lock();
    for number in 0_u32.. {
        let write = NewWrite {
            point: PointHandle(number % 7),
            item: EwsItemId::new("point"),
            ews_server: EwsServerId(1),
            value: Value::Long(i64::from(number)),
            expires_at: Timestamp::EPOCH,
        };
        let accepted = store.accept_writes(&[write], &Actor::System, Timestamp::EPOCH).await?;
        for write in accepted {
            writeln!(acknowledged, "{}", write.id.0)?;
        }
        acknowledged.flush()?;
    }
    Ok(())
}
