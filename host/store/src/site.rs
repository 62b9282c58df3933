//! The site of this installation.

use std::fmt::Write as _;

use sqlx::SqliteConnection;

use crate::{ConfigurationTransaction, StoreError};

/// The site of this installation. Without a name or a time zone, that of the machine applies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    pub name: Option<String>,
    /// IANA name, such as `Europe/Paris`.
    pub time_zone: Option<String>,
}

impl ConfigurationTransaction {
    /// Sets name and time zone.
    pub async fn update_site(&mut self, site: &Site) -> Result<(), StoreError> {
        sqlx::query!("UPDATE instance SET site_name = ?, site_time_zone = ?", site.name, site.time_zone)
            .execute(&mut *self.transaction)
            .await?;
        let mut detail = match &site.time_zone {
            Some(zone) => format!("time zone {zone}"),
            None => "time zone of the machine".to_owned(),
        };
        if site.name.is_none() {
            let _infallible = write!(detail, ", name of the machine");
        }
        self.audit("update", "site", site.name.as_deref().unwrap_or_default(), &detail).await
    }
}

pub(crate) async fn load(connection: &mut SqliteConnection) -> Result<Site, StoreError> {
    let row = sqlx::query!("SELECT site_name, site_time_zone FROM instance").fetch_one(connection).await?;
    Ok(Site { name: row.site_name, time_zone: row.site_time_zone })
}
