use std::fmt;

/// The location of a sealed secret. It opens only there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretContext {
    table: &'static str,
    row: i64,
    column: String,
}

impl SecretContext {
    /// `column` is a column or the key of a setting.
    pub fn new(table: &'static str, row: i64, column: &str) -> Self {
        Self { table, row, column: column.to_owned() }
    }

    /// Returns the data authenticated with the secret. Each part follows its length, so two contexts never have
    /// the same bytes.
    pub(crate) fn associated_data(&self, instance: &str, kid: &str, format: u8) -> Vec<u8> {
        let row = self.row.to_be_bytes();
        let parts: [&[u8]; 6] = [
            instance.as_bytes(),
            self.table.as_bytes(),
            &row,
            self.column.as_bytes(),
            kid.as_bytes(),
            &[format],
        ];
        let mut data = Vec::with_capacity(128);
        for part in parts {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

impl fmt::Display for SecretContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}, row {}", self.column, self.table, self.row)
    }
}
