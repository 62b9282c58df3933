//! EWS servers.

use riser_domain::{DigestAlgorithm, EwsServer, EwsServerId, EwsTls};
use sqlx::SqliteConnection;

use crate::{ConfigurationTransaction, StoreError, audit_words, stored_names};

const AN_EWS_SERVER: &str = "an EWS server";

impl ConfigurationTransaction {
    /// Adds a server and returns its id. Ignores the id in `server`.
    pub async fn add_ews_server(&mut self, server: &EwsServer) -> Result<EwsServerId, StoreError> {
        let digest_order = digest_text(server);
        let (certificate, key) = tls_files(server);
        let id = sqlx::query_scalar!(
            r#"INSERT INTO ews_servers (name, listen, path, realm, public_url, tls_certificate, tls_key,
                 page_size_items, digest_order)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id AS "id!: i64""#,
            server.name,
            server.listen,
            server.path,
            server.realm,
            server.public_url,
            certificate,
            key,
            server.page_size_items,
            digest_order
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::about(AN_EWS_SERVER))?;
        self.audit("add", "EWS server", &server.name, &audit_words::ews_server(server)).await?;
        Ok(EwsServerId(id))
    }

    /// Changes the server with the id in it.
    pub async fn update_ews_server(&mut self, server: &EwsServer) -> Result<(), StoreError> {
        let digest_order = digest_text(server);
        let (certificate, key) = tls_files(server);
        let old_name = stored_names::of_ews_server(&mut self.transaction, server.id)
            .await?
            .ok_or(StoreError::Gone(AN_EWS_SERVER))?;
        sqlx::query!(
            "UPDATE ews_servers SET name = ?, listen = ?, path = ?, realm = ?, public_url = ?,
                 tls_certificate = ?, tls_key = ?, page_size_items = ?, digest_order = ? WHERE id = ?",
            server.name,
            server.listen,
            server.path,
            server.realm,
            server.public_url,
            certificate,
            key,
            server.page_size_items,
            digest_order,
            server.id.0
        )
        .execute(&mut *self.transaction)
        .await
        .map_err(StoreError::about(AN_EWS_SERVER))?;
        let words = audit_words::ews_server(server);
        let detail = audit_words::with_old_name(&old_name, &server.name, &words);
        self.audit("update", "EWS server", &server.name, &detail).await
    }

    /// Removes a server with its accounts and items. Refused while a processor configuration uses it.
    pub async fn remove_ews_server(&mut self, id: EwsServerId) -> Result<(), StoreError> {
        let name = sqlx::query_scalar!("DELETE FROM ews_servers WHERE id = ? RETURNING name", id.0)
            .fetch_optional(&mut *self.transaction)
            .await
            .map_err(StoreError::about("the EWS server"))?
            .ok_or(StoreError::Gone(AN_EWS_SERVER))?;
        self.audit("remove", "EWS server", &name, "with its accounts and items").await
    }
}

pub(crate) async fn list(connection: &mut SqliteConnection) -> Result<Vec<EwsServer>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, name, listen, path, realm, public_url, tls_certificate, tls_key, page_size_items,
             digest_order
         FROM ews_servers ORDER BY name"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let digest_order: Vec<DigestAlgorithm> =
                row.digest_order.split(' ').filter_map(|text| text.parse().ok()).collect();
            if digest_order.is_empty() {
                return Err(StoreError::damaged("ews_servers", "digest_order", &row.id));
            }
            Ok(EwsServer {
                id: EwsServerId(row.id),
                name: row.name,
                listen: row.listen,
                path: row.path,
                realm: row.realm,
                public_url: row.public_url,
                tls: row
                    .tls_certificate
                    .zip(row.tls_key)
                    .map(|(certificate, key)| EwsTls { certificate, key }),
                page_size_items: u32::try_from(row.page_size_items)
                    .map_err(|_| StoreError::damaged("ews_servers", "page_size_items", &row.id))?,
                digest_order,
            })
        })
        .collect()
}

fn digest_text(server: &EwsServer) -> String {
    let tokens: Vec<&str> = server.digest_order.iter().map(|algorithm| algorithm.as_str()).collect();
    tokens.join(" ")
}

fn tls_files(server: &EwsServer) -> (Option<&str>, Option<&str>) {
    server.tls.as_ref().map(|tls| (tls.certificate.as_str(), tls.key.as_str())).unzip()
}
